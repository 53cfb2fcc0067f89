//! Catalog events as the Jellyfin sockets tell them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::broadcast::Receiver;

use crate::accounts::{Accounts, Change, Viewer};
use crate::catalog::Catalog;
use crate::catalog::events::CatalogEvent;
use crate::catalog::scope::Scope;
use crate::catalog::snapshot::{Item, ItemIx, Snapshot};
use crate::hear;
use crate::model::PublicId;
use crate::rest::{self, SocketEvent};
use crate::wire::LibraryUpdate;

/// Changes of the library are gathered for so long, as Jellyfin does (there it is 30 s).
const GATHER: Duration = Duration::from_secs(5);
/// More than this in one message helps no client.
const MOST: usize = 500;
/// So many are looked at for each viewer, who may see few of them.
const LOOKED_AT: usize = 20_000;

/// Events of one viewer: their own marks, and what changed among what they see.
pub fn sockets(catalog: Catalog, accounts: Accounts) -> rest::Events {
    Arc::new(move |viewer| {
        let listener = Listener {
            events: catalog.events().listen(),
            changes: accounts.changes(),
            catalog: catalog.clone(),
            accounts: accounts.clone(),
            viewer: viewer.clone(),
            before: None,
        };
        futures::stream::unfold(listener, |mut listener| async move {
            let event = listener.next().await?;
            Some((event, listener))
        })
        .boxed()
    })
}

/// One socket's ear.
struct Listener {
    events: Receiver<CatalogEvent>,
    changes: Receiver<Change>,
    catalog: Catalog,
    accounts: Accounts,
    viewer: Arc<Viewer>,
    /// What the viewer saw until now: nothing else can have gone from them.
    before: Option<Scope>,
}

impl Listener {
    /// None: the session is over, and nothing more is told.
    async fn next(&mut self) -> Option<SocketEvent> {
        if self.before.is_none() {
            self.before = Some(self.scope().await?);
        }
        loop {
            let event = tokio::select! {
                event = hear::next(&mut self.events) => event,
                change = hear::next_or_missed(&mut self.changes) => {
                    let own = Change::User(self.viewer.user_id);
                    if matches!(change, None | Some(Change::Everything)) || change == Some(own) {
                        // Perhaps it was this session that ended.
                        self.scope().await?;
                    }
                    continue;
                }
            };
            match event {
                CatalogEvent::UserData { user, items } if user == self.viewer.user_id => {
                    return Some(SocketEvent::Watched(items));
                }
                CatalogEvent::Library {
                    added,
                    updated,
                    removed,
                } => {
                    let now = self.scope().await?;
                    let before = self.before.replace(now.clone())?;
                    let update = LibraryUpdate {
                        items_added: visible(&now, &added),
                        items_updated: visible(&now, &updated),
                        items_removed: visible(&before, &removed),
                        ..LibraryUpdate::default()
                    };
                    let told = [
                        &update.items_added,
                        &update.items_updated,
                        &update.items_removed,
                    ];
                    if told.iter().any(|ids| !ids.is_empty()) {
                        return Some(SocketEvent::Library(update));
                    }
                }
                CatalogEvent::UserData { .. } => {}
            }
        }
    }

    /// What the viewer may see now: links may have come and gone since the socket was opened, and the
    /// session may have ended.
    async fn scope(&mut self) -> Option<Scope> {
        let session = self.viewer.session.id;
        match self.accounts.viewer_of_session(session).await {
            Ok(viewer) => self.viewer = Arc::new(viewer?),
            Err(error) => tracing::warn!(%error, "a socket's user could not be read: {error}"),
        }
        self.catalog.scope(&self.viewer).await.ok()
    }
}

fn visible(scope: &Scope, ids: &[PublicId]) -> Vec<String> {
    let seen = ids.iter().filter(|id| scope.find(**id, None).is_some());
    seen.take(MOST).map(PublicId::to_string).collect()
}

/// Compares snapshots, a while apart, and tells what came, changed and went.
pub async fn tell_library_changes(catalog: Catalog) {
    let mut changes = catalog.changes();
    let mut before = catalog.snapshot();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(GATHER).await;
        changes.mark_unchanged();
        let now = catalog.snapshot();
        let event = told(&before, &now);
        before = now;
        if let Some(event) = event {
            catalog.events().tell(event);
        }
    }
}

fn told(before: &Snapshot, now: &Snapshot) -> Option<CatalogEvent> {
    let delta = now.since(before);
    let places = delta.as_ref().map(|delta| &*delta.items);
    let (before, now) = (seen(before, places), seen(now, places));
    let without = |all: &HashMap<PublicId, i64>, other: &HashMap<PublicId, i64>| {
        newest(all.iter().filter(|(id, _)| !other.contains_key(*id)))
    };
    let (added, removed) = (without(&now, &before), without(&before, &now));
    let changed = now
        .iter()
        .filter(|(id, at)| before.get(*id).is_some_and(|before| before != *at));
    let updated = newest(changed);
    let is_any = !(added.is_empty() && updated.is_empty() && removed.is_empty());
    is_any.then_some(CatalogEvent::Library {
        added,
        updated,
        removed,
    })
}

/// Those that changed last come first, and the others where there is room.
fn newest<'a>(found: impl Iterator<Item = (&'a PublicId, &'a i64)>) -> Arc<[PublicId]> {
    let mut found: Vec<_> = found.map(|(id, at)| (Reverse(*at), *id)).collect();
    found.sort_unstable();
    let ids = found.into_iter().map(|(_, id)| id);
    ids.take(LOOKED_AT).collect()
}

/// Every item with when it last changed; of some places only where they are given.
fn seen(snapshot: &Snapshot, places: Option<&[ItemIx]>) -> HashMap<PublicId, i64> {
    let seen = |item: &Item| {
        let changed = item
            .copies
            .iter()
            .map(|copy| snapshot.copy(*copy).changed_at());
        (item.id, changed.max().unwrap_or(0))
    };
    match places {
        Some(places) => {
            let items = places.iter().filter_map(|at| snapshot.items.get(*at));
            items.map(seen).collect()
        }
        None => snapshot.items.iter().map(seen).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_than_anybody_is_told_of_the_newest_are_kept() {
        let all: HashMap<PublicId, i64> = (0..LOOKED_AT as i64 + 3)
            .map(|at| (PublicId::random(), at))
            .collect();
        let told = newest(all.iter());
        assert_eq!(told.len(), LOOKED_AT);
        assert!(told.is_sorted_by_key(|id| Reverse(all[id])));
        assert_eq!(all[&told[0]], LOOKED_AT as i64 + 2);
    }
}
