//! Takes in what servers tell of a user's items: what other clients did there, a first link's history.

use std::collections::HashMap;

use super::UserItem;
use super::courier::row_of;
use super::outgoing::{self, Recipients};
use super::three_way::{self, Registers, Told};
use crate::accounts::Link;
use crate::catalog::events::CatalogEvent;
use crate::catalog::{Catalog, CatalogError};
use crate::db::outbox::{self, LinkItemRow, NewOutboxRow};
use crate::model::{PublicId, UpstreamId};

/// One item as a server told it to one link.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub upstream_id: UpstreamId,
    pub told: Told,
}

impl Catalog {
    /// Merges what one link's server told into what its user watched, and tells the user's other
    /// servers. `links`: all links of the user. A shared account's state stays out of it.
    ///
    /// # Errors
    /// When the database fails; nothing is taken in then.
    pub async fn take_in(
        &self,
        user: PublicId,
        links: &[Link],
        link: &Link,
        seen: &[Seen],
    ) -> Result<(), CatalogError> {
        if link.shared {
            return Ok(());
        }
        let _editing = self.edit_user_items(user).await;
        let known = self.user_items(user).await?;
        let (snapshot, access) = (self.snapshot(), self.store().access());
        let Some(server) = snapshot.server_position(link.server_id) else {
            return Ok(());
        };
        let agreed: HashMap<String, Told> = outbox::agreed(self.db(), link.id)
            .await?
            .into_iter()
            .map(|row: LinkItemRow| (row.upstream_id.clone(), row.into()))
            .collect();
        let base = |id: UpstreamId| agreed.get(&id.to_string());
        let resets = seen
            .iter()
            .filter(|item| three_way::is_reset(base(item.upstream_id), &item.told))
            .count();
        let held = agreed
            .values()
            .filter(|told| three_way::is_reset(Some(told), &Told::default()))
            .count();
        let restored = three_way::looks_restored(resets, held);
        if restored {
            tracing::warn!(
                link = link.id,
                resets,
                "the server lost what was watched there; it is filled again"
            );
        }

        let now = self.clock().millis();
        let mut changed: HashMap<PublicId, UserItem> = HashMap::new();
        let (mut rows, mut agreed_rows, mut outgoing) = (Vec::new(), Vec::new(), Vec::new());
        for item in seen {
            let Some(copy_ix) = snapshot.copy_by_upstream(server, item.upstream_id) else {
                continue;
            };
            let (copy, ix) = (snapshot.copy(copy_ix), snapshot.item_of(copy_ix));
            let found = snapshot.item(ix);
            if found.kind.is_folder() && !item.told.favorite && base(item.upstream_id).is_none() {
                continue;
            }
            let ours = changed
                .get(&found.id)
                .or_else(|| known.get(found.id))
                .cloned();
            let reset = restored && three_way::is_reset(base(item.upstream_id), &item.told);
            let outcome = three_way::merge(
                ours.as_ref(),
                ours.as_ref().map_or(0, |state| state.position_on(copy)),
                if reset { None } else { base(item.upstream_id) },
                &item.told,
                now,
                copy.light.run_time_ticks,
            );
            let before = ours.clone().unwrap_or_default();
            if let Some(state) = &outcome.ours {
                let registers = differing(&before, state);
                let except = Some((link.id, copy_ix));
                let to = Recipients {
                    snapshot: &snapshot,
                    access: &access,
                    links,
                    except,
                };
                outgoing.extend(outgoing::rows(&to, ix, state, registers, now));
                changed.insert(found.id, state.clone());
            }
            if outcome.tell.any()
                && let Some(state) = outcome.ours.as_ref().or(ours.as_ref())
            {
                let own = std::slice::from_ref(link);
                let back = Recipients {
                    snapshot: &snapshot,
                    access: &access,
                    links: own,
                    except: None,
                };
                outgoing.extend(outgoing::rows(&back, ix, state, outcome.tell, now));
            }
            // What is still to be told is agreed only once it is.
            let settled = settled(base(item.upstream_id), &item.told, outcome.tell);
            if base(item.upstream_id) != Some(&settled)
                && (settled != Told::default() || base(item.upstream_id).is_some())
            {
                agreed_rows.push(row_of(
                    link.id,
                    &item.upstream_id.to_string(),
                    &settled,
                    now,
                ));
            }
        }
        if changed.is_empty() && outgoing.is_empty() && agreed_rows.is_empty() {
            return Ok(());
        }
        rows.extend(
            changed
                .iter()
                .map(|(item, state)| state.to_row(user, *item)),
        );
        let outgoing: Vec<NewOutboxRow> = outgoing;
        outbox::save(self.db(), &rows, &outgoing, &agreed_rows).await?;
        let items: Vec<PublicId> = changed.keys().copied().collect();
        for (item, state) in changed {
            self.put_user_item(user, item, state);
        }
        self.call_courier();
        if !items.is_empty() {
            self.events().tell(CatalogEvent::UserData { user, items });
        }
        Ok(())
    }
}

fn differing(before: &UserItem, after: &UserItem) -> Registers {
    Registers {
        play: before.play_changed_at != after.play_changed_at || before.played != after.played,
        favorite: before.is_favorite != after.is_favorite,
        likes: before.likes != after.likes,
    }
}

/// What the server told, but for registers that it is about to be told.
fn settled(agreed: Option<&Told>, seen: &Told, tell: Registers) -> Told {
    let base = agreed.cloned().unwrap_or_default();
    let mut settled = seen.clone();
    if tell.play {
        settled.played = base.played;
        settled.play_count = base.play_count;
        settled.position_ticks = base.position_ticks;
        settled.last_played_at = base.last_played_at;
    }
    if tell.favorite {
        settled.favorite = base.favorite;
    }
    if tell.likes {
        settled.likes = base.likes;
    }
    settled
}
