//! Catalog events as the Jellyfin sockets tell them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use crate::catalog::Catalog;
use crate::catalog::events::CatalogEvent;
use crate::catalog::snapshot::Snapshot;
use crate::model::PublicId;
use crate::rest::{self, SocketEvent};
use crate::wire::LibraryUpdate;

/// Changes of the library are gathered for so long, as Jellyfin does (there it is 30 s).
const GATHER: Duration = Duration::from_secs(5);
/// More than this in one message helps no client.
const MOST: usize = 500;

/// Events of one viewer: their own marks, and what changed among what they see.
pub fn sockets(catalog: Catalog) -> rest::Events {
    Arc::new(move |viewer| {
        let (catalog, viewer) = (catalog.clone(), viewer.clone());
        let events = BroadcastStream::new(catalog.events().listen());
        events
            .filter_map(move |event| {
                let (catalog, viewer) = (catalog.clone(), viewer.clone());
                async move {
                    match event.ok()? {
                        CatalogEvent::UserData { user, items } => {
                            (user == viewer.user_id).then_some(SocketEvent::Watched(items))
                        }
                        CatalogEvent::Library {
                            added,
                            updated,
                            removed,
                        } => {
                            let scope = catalog.scope(&viewer).await.ok()?;
                            let text =
                                |ids: Vec<PublicId>| ids.iter().map(PublicId::to_string).collect();
                            let seen = |ids: Vec<PublicId>| -> Vec<String> {
                                text(
                                    ids.into_iter()
                                        .filter(|id| scope.find(*id, None).is_some())
                                        .collect(),
                                )
                            };
                            let update = LibraryUpdate {
                                items_added: seen(added),
                                items_updated: seen(updated),
                                // What is gone was perhaps never theirs; ids tell nothing.
                                items_removed: text(removed),
                                ..LibraryUpdate::default()
                            };
                            Some(SocketEvent::Library(update))
                        }
                    }
                }
            })
            .boxed()
    })
}

/// Compares snapshots, a while apart, and tells what came, changed and went.
pub async fn tell_library_changes(catalog: Catalog) {
    let mut changes = catalog.changes();
    let mut before = seen(&catalog.snapshot());
    while changes.changed().await.is_ok() {
        tokio::time::sleep(GATHER).await;
        changes.mark_unchanged();
        let now = seen(&catalog.snapshot());
        let ids = |list: Vec<PublicId>| list.into_iter().take(MOST).collect::<Vec<_>>();
        let added = now
            .keys()
            .filter(|id| !before.contains_key(*id))
            .copied()
            .collect();
        let removed = before
            .keys()
            .filter(|id| !now.contains_key(*id))
            .copied()
            .collect();
        let updated = now
            .iter()
            .filter(|(id, at)| before.get(*id).is_some_and(|before| before != *at))
            .map(|(id, _)| *id)
            .collect();
        let (added, updated, removed) = (ids(added), ids(updated), ids(removed));
        before = now;
        if !(added.is_empty() && updated.is_empty() && removed.is_empty()) {
            catalog.events().tell(CatalogEvent::Library {
                added,
                updated,
                removed,
            });
        }
    }
}

/// Every item with when it last changed.
fn seen(snapshot: &Snapshot) -> HashMap<PublicId, i64> {
    let changed = |copies: &[u32]| {
        copies
            .iter()
            .map(|copy| snapshot.copy(*copy).changed_at)
            .max()
    };
    snapshot
        .items
        .iter()
        .map(|item| (item.id, changed(&item.copies).unwrap_or(0)))
        .collect()
}
