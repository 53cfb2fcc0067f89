//! Where a query looks: a library, a folder, a series, a name … or everywhere.

use std::collections::HashSet;

use super::list::{List, Listed};
use crate::catalog::CatalogError;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::{ItemIx, LibraryRef, Snapshot};
use crate::model::{ItemFilter, ItemKind, NameKind, PublicId};

/// The entries to filter, and the order that the place itself suggests.
pub struct Place {
    pub listed: Listed,
    pub order: NaturalOrder,
    /// Where it is all of a library (or everything): which.
    pub library: Option<Option<LibraryRef>>,
}

impl Place {
    fn own(entries: Vec<ItemEntry>, order: NaturalOrder) -> Self {
        Self {
            listed: Listed::Own(entries.into()),
            order,
            library: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NaturalOrder {
    SortName,
    /// Season and episode, disc and track.
    Number,
    /// As given: ids, box sets, playlists.
    AsGiven,
}

pub fn of(scope: &Scope, filter: &ItemFilter) -> Result<Place, CatalogError> {
    if !filter.ids.is_empty() {
        let entries = filter
            .ids
            .iter()
            .filter_map(|id| match scope.find(*id, None) {
                Some(Entry::Item(entry)) => Some(entry),
                _ => None,
            });
        return Ok(Place::own(entries.collect(), NaturalOrder::AsGiven));
    }
    if let Some(series) = filter.series_id.or(filter.season_id) {
        return episodes(scope, series, filter);
    }
    let Some(parent) = filter.parent_id else {
        return Ok(
            match filter.recursive || filter.search.is_some() || !filter.kinds.is_empty() {
                true => everywhere(scope, None),
                false => top_level(scope, None),
            },
        );
    };
    match scope.find(parent, None) {
        Some(Entry::Root) => Ok(everywhere(scope, None)),
        Some(Entry::Library(library)) if filter.recursive || !filter.kinds.is_empty() => {
            Ok(everywhere(scope, Some(library)))
        }
        Some(Entry::Library(library)) => Ok(top_level(scope, Some(library))),
        Some(Entry::Item(entry)) => Ok(within(scope, &entry, filter.recursive)),
        Some(Entry::Name(name)) => Ok(carrying(scope, name)),
        None => Err(CatalogError::UnknownParent(parent)),
    }
}

fn everywhere(scope: &Scope, library: Option<LibraryRef>) -> Place {
    Place {
        listed: Listed::Shared(scope.projection.members(library)),
        order: NaturalOrder::SortName,
        library: Some(library),
    }
}

/// What lies directly in a library: items whose parent is no item that the viewer sees. The folder on
/// the server's disk is not shown: what lies in it lies in the library.
fn top_level(scope: &Scope, library: Option<LibraryRef>) -> Place {
    let all = scope.projection.members(library);
    let snapshot = scope.snapshot();
    let entries = all
        .iter()
        .filter(|entry| !is_location(snapshot, entry.item))
        .filter(|entry| {
            let parent = snapshot.item(entry.item).family.parent();
            !parent.is_some_and(|parent| {
                scope.projection.sees_item(parent) && !is_location(snapshot, parent)
            })
        })
        .collect();
    Place::own(entries, NaturalOrder::SortName)
}

/// Whether it is a folder that a server's library is made of, and not one inside of it.
pub fn is_location(snapshot: &Snapshot, item: ItemIx) -> bool {
    let item = snapshot.item(item);
    item.kind == ItemKind::Folder && item.family.parent().is_none()
}

fn within(scope: &Scope, entry: &ItemEntry, recursive: bool) -> Place {
    let item = scope.snapshot().item(entry.item);
    if item.kind.has_members() {
        let members = item
            .members
            .iter()
            .filter_map(|member| scope.projection.entry(*member, None));
        return Place::own(members.collect(), NaturalOrder::AsGiven);
    }
    let order = match item.kind {
        ItemKind::Series | ItemKind::Season | ItemKind::MusicAlbum => NaturalOrder::Number,
        _ => NaturalOrder::SortName,
    };
    let mut found = Vec::new();
    collect(scope, entry.item, recursive, &mut found);
    if item.kind == ItemKind::MusicArtist {
        by_artist(
            scope,
            scope.snapshot().copy(entry.lead).light.name(),
            &mut found,
        );
    }
    let entries = found
        .into_iter()
        .filter_map(|item| scope.projection.entry(item, None))
        .collect();
    Place::own(entries, order)
}

/// The items below one, at any depth if asked: each before what it holds.
pub fn collect(scope: &Scope, item: ItemIx, recursive: bool, found: &mut Vec<ItemIx>) {
    let mut seen: HashSet<ItemIx> = found.iter().copied().collect();
    let held = |item| scope.children(item).into_iter().rev();
    let mut next: Vec<ItemIx> = held(item).collect();
    while let Some(child) = next.pop() {
        if !seen.insert(child) {
            continue;
        }
        found.push(child);
        if recursive {
            next.extend(held(child));
        }
    }
}

/// Albums and tracks by an artist who has no folder of their own.
fn by_artist(scope: &Scope, artist: &str, found: &mut Vec<ItemIx>) {
    for entry in scope.projection.members(None).iter() {
        let light = &scope.snapshot().copy(entry.lead).light;
        let theirs = light.album_artists().any(|name| name.name == artist);
        if light.kind == ItemKind::MusicAlbum && theirs && !found.contains(&entry.item) {
            found.push(entry.item);
        }
    }
}

fn carrying(scope: &Scope, name: NameRef) -> Place {
    let all = scope.projection.members(None);
    let entries = all
        .iter()
        .filter(|entry| super::filter::carries(scope, entry, name));
    Place::own(entries.collect(), NaturalOrder::SortName)
}

/// Episodes of a series (all, of one season by id or by number) or of a season.
fn episodes(scope: &Scope, series: PublicId, filter: &ItemFilter) -> Result<Place, CatalogError> {
    let unknown = || CatalogError::UnknownItem(filter.season_id.unwrap_or(series));
    let within = filter.season_id.unwrap_or(series);
    let Some(Entry::Item(entry)) = scope.find(within, None) else {
        return Err(unknown());
    };
    let mut found = Vec::new();
    collect(scope, entry.item, true, &mut found);
    let entries = found
        .into_iter()
        .filter_map(|item| scope.projection.entry(item, None))
        .filter(|entry| {
            let number = scope
                .snapshot()
                .copy(entry.lead)
                .light
                .parent_index_number();
            filter
                .season_number
                .is_none_or(|season| number == Some(season))
        })
        .collect();
    Ok(Place::own(entries, NaturalOrder::Number))
}

/// The entry with this id, with the one before and the one after it.
pub fn adjacent(scope: &Scope, list: &List, id: PublicId) -> Vec<ItemEntry> {
    let Some(Entry::Item(wanted)) = scope.find(id, None) else {
        return Vec::new();
    };
    let entries: Vec<ItemEntry> = list.items().collect();
    let found = entries.iter().position(|entry| entry.item == wanted.item);
    match found {
        Some(at) => entries[at.saturating_sub(1)..(at + 2).min(entries.len())].to_vec(),
        None => Vec::new(),
    }
}

/// Which names a filter's ids and texts stand for.
pub fn name_of(scope: &Scope, id: PublicId, kinds: &[NameKind]) -> Option<NameRef> {
    scope
        .projection
        .names()
        .find(id)
        .filter(|name| kinds.contains(&name.kind))
}
