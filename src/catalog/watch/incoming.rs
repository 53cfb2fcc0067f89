//! Takes in what servers tell of a user's items: what other clients did there, a first link's history.

use std::collections::{HashMap, HashSet};

use super::UserItem;
use super::courier::row_of;
use super::outgoing::{self, Recipients};
use super::three_way::{self, Registers, Told};
use crate::accounts::Link;
use crate::catalog::events::CatalogEvent;
use crate::catalog::snapshot::ItemIx;
use crate::catalog::{Catalog, CatalogError};
use crate::db::outbox::{self, LinkItemRow, NewOutboxRow};
use crate::model::{PublicId, UpstreamId};

/// One item as a server told it to one link.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub upstream_id: UpstreamId,
    /// Milliseconds since 1970: what was agreed since is newer.
    pub asked_at: i64,
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
        let agreed: HashMap<String, (Told, i64)> = outbox::agreed(self.db(), link.id)
            .await?
            .into_iter()
            .map(|row: LinkItemRow| {
                let at = row.agreed_at;
                (row.upstream_id.clone(), (row.into(), at))
            })
            .collect();
        let base = |id: UpstreamId| agreed.get(&id.to_string()).map(|(told, _)| told);
        let is_stale = |item: &Seen| {
            let agreed = agreed.get(&item.upstream_id.to_string());
            agreed.is_some_and(|(_, at)| *at >= item.asked_at)
        };
        let work = |id: UpstreamId| {
            let item = snapshot.item_of(snapshot.copy_by_upstream(server, id)?);
            let found = snapshot.item(item);
            Some(
                found
                    .family
                    .series()
                    .or(found.family.album())
                    .unwrap_or(item),
            )
        };
        // It went from its server after that was agreed, and came back.
        let came_back = |id: UpstreamId| {
            let copy = snapshot.copy_by_upstream(server, id);
            let seen = copy.map(|copy| snapshot.copy(copy).first_seen_at());
            let agreed = agreed.get(&id.to_string()).map(|(_, at)| *at);
            agreed.zip(seen).is_some_and(|(agreed, seen)| agreed < seen)
        };
        let resets: HashSet<ItemIx> = seen
            .iter()
            .filter(|item| !is_stale(item))
            .filter(|item| three_way::is_reset(base(item.upstream_id), &item.told))
            .filter(|item| !came_back(item.upstream_id))
            .filter_map(|item| work(item.upstream_id))
            .collect();
        let held: HashSet<ItemIx> = agreed
            .iter()
            .filter(|(_, (told, _))| three_way::is_reset(Some(told), &Told::default()))
            .filter_map(|(id, _)| work(id.parse().ok()?))
            .collect();
        let (link_id, resets) = (link.id, resets.len());
        let restored = three_way::looks_restored(resets, held.len());
        if restored {
            tracing::warn!(
                link_id,
                resets,
                "a server lost what was watched; it is filled again"
            );
        }

        let now = self.clock().millis();
        let mut changed: HashMap<PublicId, UserItem> = HashMap::new();
        let (mut rows, mut agreed_rows, mut outgoing) = (Vec::new(), Vec::new(), Vec::new());
        for item in seen.iter().filter(|item| !is_stale(item)) {
            let Some(copy_ix) = snapshot.copy_by_upstream(server, item.upstream_id) else {
                continue;
            };
            let (copy, ix) = (snapshot.copy(copy_ix), snapshot.item_of(copy_ix));
            let found = snapshot.item(ix);
            let told = match found.kind.is_folder() {
                true => item.told.without_play(),
                false => item.told.clone(),
            };
            let ours = changed
                .get(&found.id)
                .or_else(|| known.get(found.id))
                .cloned();
            // A restored server is met as if for the first time; so is a copy whose item was parted from
            // the one under which it was known, and one that went from its server and came back.
            let anew = restored || ours.is_none() || came_back(item.upstream_id);
            let base = base(item.upstream_id);
            let outcome = three_way::merge(
                ours.as_ref(),
                base.filter(|_| !anew),
                &told,
                now,
                copy.light.run_time_ticks(),
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
            let settled = settled(base, &told, outcome.tell);
            if base != Some(&settled) && (settled != Told::default() || base.is_some()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_no_telling_is_agreed() {
        let agreed = Told {
            played: true,
            play_count: 2,
            position_ticks: 5,
            last_played_at: Some(9),
            favorite: true,
            likes: Some(true),
        };
        let seen = Told::default();
        let tell = |play, favorite, likes| Registers {
            play,
            favorite,
            likes,
        };
        assert_eq!(settled(Some(&agreed), &seen, Registers::default()), seen);
        assert_eq!(
            settled(Some(&agreed), &seen, tell(true, true, true)),
            agreed
        );
        let likes = settled(Some(&agreed), &seen, tell(false, false, true));
        assert_eq!(
            (likes.likes, likes.favorite, likes.played),
            (Some(true), false, false)
        );
        assert_eq!(
            settled(None, &agreed, tell(true, false, false)).without_play(),
            agreed.without_play()
        );
    }
}
