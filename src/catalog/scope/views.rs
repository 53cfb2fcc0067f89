//! The libraries that a viewer can open.

use crate::catalog::snapshot::{LibraryRef, Snapshot};
use crate::model::{ItemKind, PublicId};

use super::projection::Projection;

/// A library as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub id: PublicId,
    pub library: LibraryRef,
    pub name: String,
    pub collection_type: Option<String>,
}

/// By name: the merged libraries, the source libraries that are in none, collections, playlists.
pub(super) fn of(projection: &Projection, owner: Option<PublicId>) -> Vec<View> {
    let snapshot = &projection.snapshot;
    let mut views = Vec::new();
    for (at, library) in snapshot.merged_libraries.iter().enumerate() {
        let own = library.owner.is_some() && library.owner == owner;
        let reached = library
            .sources
            .iter()
            .any(|source| projection.access.libraries.contains(source.library));
        if (library.is_global && reached) || own {
            views.push(View {
                id: library.id,
                library: LibraryRef::Merged(at as u32),
                name: library.name.clone(),
                collection_type: Some(library.collection_type.clone()),
            });
        }
    }
    views.extend(lone_sources(projection));
    let kinds = || {
        projection
            .access
            .copies()
            .map(|copy| snapshot.copy(copy).light.kind)
    };
    for (kind, id, library, name, collection_type) in [
        (
            ItemKind::BoxSet,
            projection.ids.fixed("collections"),
            LibraryRef::Collections,
            "Collections",
            "boxsets",
        ),
        (
            ItemKind::Playlist,
            projection.ids.fixed("playlists"),
            LibraryRef::Playlists,
            "Playlists",
            "playlists",
        ),
    ] {
        if kinds().any(|found| found == kind) {
            views.push(View {
                id,
                library,
                name: name.to_owned(),
                collection_type: Some(collection_type.to_owned()),
            });
        }
    }
    views.sort_by_cached_key(|view| (view.name.to_lowercase(), view.id));
    views
}

fn lone_sources(projection: &Projection) -> Vec<View> {
    let snapshot = &projection.snapshot;
    let lone: Vec<u32> = projection
        .access
        .libraries
        .iter()
        .filter(|at| {
            let library = &snapshot.source_libraries[*at as usize];
            let kept_apart = matches!(
                library.collection_type.as_deref(),
                Some("boxsets" | "playlists")
            );
            !kept_apart && !is_merged(snapshot, *at)
        })
        .collect();
    let taken = |name: &str| {
        let sources = lone
            .iter()
            .filter(|at| snapshot.source_libraries[**at as usize].name == name);
        let merged = snapshot
            .merged_libraries
            .iter()
            .filter(|library| library.name == name);
        sources.count() + merged.count() > 1
    };
    lone.iter()
        .map(|at| {
            let library = &snapshot.source_libraries[*at as usize];
            let name = if taken(&library.name) {
                format!(
                    "{} · {}",
                    library.name, snapshot.servers[library.server as usize].name
                )
            } else {
                library.name.clone()
            };
            View {
                id: library.id,
                library: LibraryRef::Source(*at),
                name,
                collection_type: library.collection_type.clone(),
            }
        })
        .collect()
}

/// Whether a global merged library holds the source library.
fn is_merged(snapshot: &Snapshot, library: u32) -> bool {
    snapshot
        .merged_libraries
        .iter()
        .filter(|merged| merged.is_global)
        .any(|merged| {
            merged
                .sources
                .iter()
                .any(|source| source.library == library)
        })
}

/// The viewer's own order (`OrderedViews`) first, the rest by name; what they hide is left out.
pub(super) fn ordered(views: &[View], settings: &serde_json::Value) -> Vec<View> {
    let ids = |key: &str| -> Vec<PublicId> {
        let list = settings.get(key).and_then(|list| list.as_array());
        list.into_iter()
            .flatten()
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect()
    };
    let (order, hidden) = (ids("OrderedViews"), ids("MyMediaExcludes"));
    let mut views: Vec<View> = views
        .iter()
        .filter(|view| !hidden.contains(&view.id))
        .cloned()
        .collect();
    views.sort_by_key(|view| {
        order
            .iter()
            .position(|id| *id == view.id)
            .unwrap_or(usize::MAX)
    });
    views
}
