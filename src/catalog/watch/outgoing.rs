//! What servers must be told: the registers of an item, for every copy of it that a link of the user
//! sees. Shared accounts are told nothing.

use serde_json::json;

use super::three_way::Registers;
use super::{UserItem, time_text};
use crate::accounts::Link;
use crate::catalog::snapshot::{CopyIx, ItemIx, Snapshot};
use crate::catalog::store::Access;
use crate::db::outbox::NewOutboxRow;

/// Whom to tell, as of one moment.
pub struct Recipients<'a> {
    pub snapshot: &'a Snapshot,
    pub access: &'a Access,
    pub links: &'a [Link],
    /// The link and copy that told it: they are not told again.
    pub except: Option<(i64, CopyIx)>,
}

/// The rows that tell the registers of an item. `now`: milliseconds since 1970.
pub fn rows(
    to: &Recipients<'_>,
    item: ItemIx,
    state: &UserItem,
    registers: Registers,
    now: i64,
) -> Vec<NewOutboxRow> {
    let Recipients {
        snapshot,
        access,
        links,
        except,
    } = *to;
    let found = snapshot.item(item);
    let mut rows = Vec::new();
    for (ix, copy) in found.copies.iter().map(|ix| (*ix, snapshot.copy(*ix))) {
        let server_id = snapshot.server_of(copy).id;
        for link in links
            .iter()
            .filter(|link| link.server_id == server_id && !link.shared)
        {
            let sees = access
                .links
                .get(&link.id)
                .is_some_and(|access| access.copies.contains(copy.row() as u32));
            if !sees || except == Some((link.id, ix)) {
                continue;
            }
            let mut tell = |register: &str, state: serde_json::Value| {
                rows.push(NewOutboxRow {
                    link_id: link.id,
                    upstream_id: copy.upstream_id().to_string(),
                    item_id: found.id.to_string(),
                    register: register.to_owned(),
                    state: state.to_string(),
                    attempts: 0,
                    next_attempt_at: now,
                    last_error: None,
                    created_at: now,
                });
            };
            if registers.play {
                let mut play = json!({
                    "Played": state.played,
                    "PlayCount": state.play_count,
                    "LastPlayedDate": state.last_played_at.and_then(time_text),
                });
                // A cut of another length keeps its own, also one that is not known here.
                if let Some(position) = state.position_on(copy.light.run_time_ticks()) {
                    play["PlaybackPositionTicks"] = json!(position);
                }
                tell("play", play);
            }
            if registers.favorite {
                tell("favorite", json!({ "IsFavorite": state.is_favorite }));
            }
            if registers.likes {
                tell("likes", json!({ "Likes": state.likes }));
            }
        }
    }
    rows
}
