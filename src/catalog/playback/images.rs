//! Whose picture is served. A tag names the copy that it was told of; without one it is the picture
//! that a list shows. Pictures are open to whoever has the id and the tag, which cannot be guessed.

use crate::accounts::PublicIds;
use crate::catalog::scope::{Entry, Scope};
use crate::catalog::snapshot::{Copy, LibraryRef, Snapshot, Target};
use crate::model::{PublicId, UpstreamId};

/// A picture on its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageChoice {
    pub server_id: i64,
    pub item: UpstreamId,
    pub tag: String,
}

/// Finds the picture of an id. With a scope, only what its viewer sees.
pub fn image(
    snapshot: &Snapshot,
    ids: &PublicIds,
    scope: Option<&Scope>,
    id: PublicId,
    kind: &str,
    index: usize,
    tag: Option<&str>,
) -> Option<ImageChoice> {
    match scope.and_then(|scope| scope.find(id, None)) {
        Some(Entry::Library(library)) => return of_library(snapshot, scope, library, tag),
        Some(Entry::Name(name)) => {
            let image = scope?.projection.names().entry(name).image.clone()?;
            let (known, server, item) = image;
            return Some(ImageChoice {
                server_id: snapshot.servers[server as usize].id,
                item,
                tag: known,
            });
        }
        _ => {}
    }
    let of_copy = |copy: &Copy| {
        let known = copy_tag(copy, kind, index)?;
        tag.is_none_or(|tag| tag == known).then(|| ImageChoice {
            server_id: snapshot.server_of(copy).id,
            item: copy.upstream_id(),
            tag: known,
        })
    };
    let sees = |copy: &u32| scope.is_none_or(|scope| scope.projection.sees(*copy));
    let item = match snapshot.target(id) {
        Some(Target::Item(item)) => item,
        Some(Target::Copy(copy)) => {
            let own = sees(&copy).then(|| of_copy(snapshot.copy(copy))).flatten();
            if own.is_some() {
                return own;
            }
            snapshot.item_of(copy)
        }
        Some(Target::Library(library)) => return of_library(snapshot, scope, library, tag),
        None => {
            let shelves = [
                ("collections", LibraryRef::Collections),
                ("playlists", LibraryRef::Playlists),
            ];
            // A viewer's names are among the entries; for who is unknown: `name_pictures`.
            let (_, library) = shelves.iter().find(|(name, _)| ids.fixed(name) == id)?;
            return of_library(snapshot, scope, *library, tag);
        }
    };
    let lead = scope
        .and_then(|scope| scope.projection.entry(item, None))
        .map(|entry| entry.lead);
    let held = &snapshot.item(item).copies;
    let poster = snapshot
        .chosen_poster(held)
        .filter(|_| kind.eq_ignore_ascii_case("Primary"));
    let copies = poster
        .into_iter()
        .chain(lead)
        .chain(snapshot.item(item).copies.iter().copied());
    copies
        .filter(sees)
        .find_map(|copy| of_copy(snapshot.copy(copy)))
}

fn copy_tag(copy: &Copy, kind: &str, index: usize) -> Option<String> {
    let light = &copy.light;
    if kind.eq_ignore_ascii_case("Backdrop") {
        return light.backdrop_image_tags().nth(index).map(String::from);
    }
    let mut tags = light.image_tags();
    let found = tags.find(|(known, _)| known.eq_ignore_ascii_case(kind));
    found.map(|(_, tag)| tag.into())
}

fn of_library(
    snapshot: &Snapshot,
    scope: Option<&Scope>,
    library: LibraryRef,
    tag: Option<&str>,
) -> Option<ImageChoice> {
    let seen = |at: &u32| scope.is_none_or(|scope| scope.projection.access.libraries.contains(*at));
    let behind: Vec<u32> = match library {
        LibraryRef::Merged(at) => {
            let mut sources = snapshot.merged_libraries[at as usize].sources.clone();
            sources.sort_by_key(|source| -i64::from(source.priority));
            sources.into_iter().map(|source| source.library).collect()
        }
        LibraryRef::Source(at) => vec![at],
        LibraryRef::Collections | LibraryRef::Playlists => {
            let kind = if library == LibraryRef::Playlists {
                "playlists"
            } else {
                "boxsets"
            };
            let all = snapshot.source_libraries.iter().enumerate();
            all.filter(|(_, library)| library.collection_type.as_deref() == Some(kind))
                .map(|(at, _)| at as u32)
                .collect()
        }
    };
    behind.into_iter().filter(seen).find_map(|at| {
        let library = &snapshot.source_libraries[at as usize];
        let known = library
            .body
            .as_ref()?
            .get("ImageTags")?
            .get("Primary")?
            .as_str()?;
        tag.is_none_or(|tag| tag == known).then(|| ImageChoice {
            server_id: snapshot.servers[library.server as usize].id,
            item: library.library_id,
            tag: known.to_owned(),
        })
    })
}
