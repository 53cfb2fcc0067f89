//! Makes a snapshot: copies in one order, grouped by `merge`, ids from what is remembered, families linked.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::family;
use super::ledger::Ledger;
use super::rare::Rare;
use super::relatives::Relatives;
use super::{
    ByCopy, Copy, CopyIx, Index, Item, ItemIx, KnownCopy, LibraryRef, MergedLibrary, ServerEntry,
    Snapshot, SourceLibrary,
};
use crate::accounts::PublicIds;
use crate::catalog::identity::{self, IdChanges, Past, Remembered};
use crate::merge;
use crate::model::{ItemKind, PublicId, ServerKey, UpstreamId};
use crate::wire::Word;

/// Everything that a snapshot is made of.
pub struct Parts<'a> {
    pub servers: Vec<ServerEntry>,
    pub source_libraries: Vec<SourceLibrary>,
    pub merged_libraries: Vec<MergedLibrary>,
    /// In any order.
    pub copies: Vec<Arc<KnownCopy>>,
    /// Pairs of copies (public ids) that people joined or parted by hand.
    pub joined: &'a [(PublicId, PublicId)],
    pub parted: &'a [(PublicId, PublicId)],
    pub remembered: &'a Remembered,
    pub ids: &'a PublicIds,
    pub generation: u64,
}

/// Builds; also tells what there is to remember of ids.
pub fn build(parts: Parts<'_>) -> (Snapshot, IdChanges) {
    let (snapshot, changes, _) = begin(parts);
    (snapshot, changes)
}

/// As [`build`], with what it takes to make the next snapshot of this one ([`super::update`]).
pub fn begin(parts: Parts<'_>) -> (Snapshot, IdChanges, Ledger) {
    let mut snapshot = Snapshot {
        generation: parts.generation,
        built: parts.generation,
        servers: Arc::new(parts.servers),
        source_libraries: Arc::new(parts.source_libraries),
        merged_libraries: Arc::new(parts.merged_libraries),
        ..Snapshot::default()
    };
    snapshot.copies = sorted_copies(&snapshot, parts.copies).into_iter().collect();
    snapshot.by_copy = ByCopy::of(&snapshot.copies);
    for ix in 0..snapshot.copies.bound() {
        let relatives = family::relatives(&snapshot, snapshot.copy(ix));
        let copy = snapshot.copies.get_mut(ix).expect("all are there");
        copy.family = relatives;
    }
    snapshot.decisions = Arc::new(snapshot.decided(parts.joined, parts.parted));
    let (grouping, neighbours) =
        merge::group_and_keep(&Input(&snapshot), &scopes(&snapshot), &snapshot.decisions);

    let groups: Vec<Vec<PublicId>> = grouping
        .groups()
        .map(|group| group.iter().map(|copy| snapshot.copy(*copy).id).collect())
        .collect();
    let (ids, changes) = identity::assign(&groups, parts.remembered, parts.ids);
    drop(groups);
    let has_cut = add_items(&mut snapshot, grouping, ids);
    add_targets(&mut snapshot, parts.remembered, &changes);
    let ledger = Ledger::of(&snapshot, neighbours, has_cut);
    (snapshot, changes, ledger)
}

fn sorted_copies(snapshot: &Snapshot, known: Vec<Arc<KnownCopy>>) -> Vec<Copy> {
    let server: HashMap<i64, (ServerKey, u32)> = snapshot
        .servers
        .iter()
        .zip(0..)
        .map(|(server, ix)| (server.id, (server.key, ix)))
        .collect();
    let library: HashMap<i64, u32> = snapshot
        .source_libraries
        .iter()
        .zip(0..)
        .map(|(library, ix)| (library.row, ix))
        .collect();
    let mut copies: Vec<(ServerKey, Copy)> = known
        .into_iter()
        .filter_map(|known| {
            let (key, ix) = *server.get(&known.server_id())?;
            let library = known
                .library_row()
                .and_then(|row| library.get(&row).copied());
            Some((key, Copy::new(known, ix, library)))
        })
        .collect();
    copies.sort_unstable_by_key(|(key, copy)| (*key, copy.upstream_id()));
    copies.into_iter().map(|(_, copy)| copy).collect()
}

pub(super) fn scopes(snapshot: &Snapshot) -> Vec<merge::Scope> {
    scopes_without(snapshot, None)
}

/// The same as if one library were not there.
pub(super) fn scopes_without(snapshot: &Snapshot, library: Option<PublicId>) -> Vec<merge::Scope> {
    let global = snapshot
        .merged_libraries
        .iter()
        .filter(|known| known.is_global && Some(known.id) != library);
    global
        .map(|library| merge::Scope {
            strategy: library.strategy,
            libraries: library
                .sources
                .iter()
                .map(|source| source.library)
                .collect(),
        })
        .collect()
}

/// All items, numbered as the groups. True: somewhere parents have no end, and were cut.
pub(super) fn add_items(
    snapshot: &mut Snapshot,
    grouping: merge::Grouping,
    ids: Vec<PublicId>,
) -> bool {
    let places = 0..snapshot.copies.bound();
    snapshot.item_of = places.map(|copy| grouping.group_of(copy)).collect();
    snapshot.items = (0..)
        .zip(grouping.groups())
        .zip(ids)
        .map(|((group, copies), id)| Item {
            id,
            kind: snapshot.copy(copies[0]).light.kind,
            copies: copies.into(),
            joins: grouping.joins(group).into(),
            family: Relatives::default(),
            children: Vec::new(),
            members: Rare::default(),
        })
        .collect();
    let mut has_cut = false;
    let items = 0..snapshot.items.bound();
    let mut families: Vec<Relatives> = items.map(|ix| family::family(snapshot, ix)).collect();
    let parents: Vec<Option<ItemIx>> = families.iter().map(|family| family.parent()).collect();
    let mut children: Vec<Vec<ItemIx>> = vec![Vec::new(); families.len()];
    for (ix, family) in (0..).zip(&mut families) {
        if let Some(parent) = family.parent() {
            if family::is_endless(parent, |at| parents[at as usize]) {
                *family = family.with_parent(None);
                has_cut = true;
            } else {
                children[parent as usize].push(ix);
            }
        }
    }
    for ((ix, family), mut children) in (0..).zip(families).zip(children) {
        children.shrink_to_fit();
        let members = family::members(snapshot, &snapshot.item(ix).copies);
        let item = snapshot.items.get_mut(ix).expect("all are there");
        item.family = family;
        item.children = children;
        item.members = members.into();
    }
    let mut conflicts: BTreeMap<ItemIx, Vec<merge::Conflict>> = BTreeMap::new();
    for conflict in grouping.conflicts() {
        let list = conflicts
            .entry(snapshot.item_of(conflict.left))
            .or_default();
        list.push(conflict.clone());
    }
    let conflicts = conflicts.into_iter();
    snapshot.conflicts = conflicts
        .map(|(item, list)| (item, Arc::from(list)))
        .collect();
    snapshot.providers = Arc::new(grouping.providers().clone());
    let items = &snapshot.items;
    snapshot.items_by_id = Index::of(0..items.bound(), |ix| items[ix].id);
    has_cut
}

fn add_targets(snapshot: &mut Snapshot, remembered: &Remembered, changes: &IdChanges) {
    let merged = snapshot.merged_libraries.iter().zip(0..);
    let merged = merged.map(|(library, ix)| (library.id, LibraryRef::Merged(ix)));
    let sources = snapshot.source_libraries.iter().zip(0..);
    let sources = sources.map(|(library, ix)| (library.id, LibraryRef::Source(ix)));
    snapshot.libraries = Arc::new(merged.chain(sources).collect());

    let mut versions: HashMap<PublicId, Vec<CopyIx>> = HashMap::new();
    for (ix, copy) in snapshot.copies.places() {
        for version in copy.versions() {
            versions.entry(*version).or_default().push(ix);
        }
    }
    let versions = versions.into_iter();
    snapshot.versions = versions
        .map(|(id, copies)| (id, Arc::from(copies)))
        .collect();
    snapshot.past = Past::of(remembered, |copy| snapshot.copy_by_id(copy).is_some());
    snapshot.past.apply(changes);
}

/// The snapshot's copies as `merge` reads them.
pub(super) struct Input<'a>(pub(super) &'a Snapshot);

impl merge::Copies for Input<'_> {
    fn len(&self) -> usize {
        self.0.copies.bound() as usize
    }

    fn is_there(&self, index: u32) -> bool {
        self.0.copies.get(index).is_some()
    }

    fn copy(&self, index: u32) -> merge::Copy<'_> {
        let copy = self.0.copy(index);
        let light = &copy.light;
        let (season, episode) = match light.kind {
            ItemKind::Season => (light.index_number(), None),
            _ => (light.parent_index_number(), light.index_number()),
        };
        merge::Copy {
            original_title: light.original_title(),
            year: light.production_year(),
            premiere_day: light
                .premiere_date()
                .map(|at| at.timestamp().div_euclid(86_400) as i32),
            season,
            episode,
            episode_end: light.index_number_end(),
            series: copy.family.series(),
            album: copy.family.album(),
            artist: light
                .album_artist()
                .or_else(|| light.artists().next())
                .map(Word::as_str),
            runtime_ticks: light.run_time_ticks(),
            library: copy.library(),
            ..merge::Copy::new(
                self.0.server_of(copy).key,
                light.id,
                light.kind,
                light.name(),
            )
        }
    }

    fn key(&self, index: u32) -> (ServerKey, UpstreamId) {
        let copy = self.0.copy(index);
        (self.0.server_of(copy).key, copy.light.id)
    }

    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        for (provider, id) in self.0.copy(index).light.provider_ids() {
            each(provider.as_str(), id);
        }
    }

    fn people(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for person in self.0.copy(index).light.people() {
            each(person.name.as_str());
        }
    }
    fn genres(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for genre in self.0.copy(index).light.genres() {
            each(genre.as_str());
        }
    }

    fn overview(&self, index: u32) -> Option<Cow<'_, str>> {
        self.0.copy(index).light.overview()
    }
}
