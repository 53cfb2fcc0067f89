//! Makes a snapshot: copies in one order, grouped by `merge`, ids from what is remembered, families linked.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    ByCopy, Copy, CopyIx, Index, Item, ItemIx, KnownCopy, LibraryRef, MergedLibrary, ServerEntry,
    Snapshot, SourceLibrary, Target,
};
use crate::accounts::PublicIds;
use crate::catalog::identity::{self, IdChanges, Remembered};
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
    let mut snapshot = Snapshot {
        generation: parts.generation,
        servers: parts.servers,
        source_libraries: parts.source_libraries,
        merged_libraries: parts.merged_libraries,
        ..Snapshot::default()
    };
    let copies = sorted_copies(&snapshot, parts.copies);
    snapshot.copies = copies.into_iter().collect();
    snapshot.by_copy = Arc::new(ByCopy::of(&snapshot.copies));
    relate(&mut snapshot);

    let pairs = |pairs: &[(PublicId, PublicId)]| {
        let copy = |id: &PublicId| snapshot.copy_by_id(*id);
        pairs
            .iter()
            .filter_map(|(a, b)| Some((copy(a)?, copy(b)?)))
            .collect::<Vec<_>>()
    };
    snapshot.decisions = merge::Decisions {
        joined: pairs(parts.joined),
        never: pairs(parts.parted),
    };
    snapshot.grouping = Arc::new(merge::group(
        &Input(&snapshot),
        &scopes(&snapshot),
        &snapshot.decisions,
    ));

    let groups: Vec<Vec<PublicId>> = snapshot
        .grouping
        .groups()
        .map(|group| group.iter().map(|copy| snapshot.copy(*copy).id).collect())
        .collect();
    let (ids, changes) = identity::assign(&groups, parts.remembered, parts.ids);
    add_items(&mut snapshot, ids);
    add_targets(&mut snapshot, parts.remembered, &changes);
    (snapshot, changes)
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
            let (key, ix) = *server.get(&known.server_id)?;
            let library = known.library_row.and_then(|row| library.get(&row).copied());
            Some((key, Copy::new(known, ix, library)))
        })
        .collect();
    copies.sort_unstable_by_key(|(key, copy)| (*key, copy.upstream_id()));
    copies.into_iter().map(|(_, copy)| copy).collect()
}

/// Finds the copies that each copy names as its family, on its own server.
fn relate(snapshot: &mut Snapshot) {
    for ix in 0..snapshot.copies.bound() {
        let family = family_of(snapshot, snapshot.copy(ix));
        let copy = snapshot.copies.get_mut(ix).expect("all are there");
        copy.set_family(family);
    }
}

/// Parent, series, season, album.
pub(super) fn family_of(snapshot: &Snapshot, copy: &Copy) -> [Option<CopyIx>; 4] {
    let find = |id: Option<UpstreamId>| snapshot.copy_by_upstream(copy.server, id?);
    let light = &copy.light;
    [
        find(light.parent_id()),
        find(light.series_id()),
        find(light.season_id()),
        find(light.album_id()),
    ]
}

pub(super) fn scopes(snapshot: &Snapshot) -> Vec<merge::Scope> {
    let global = snapshot
        .merged_libraries
        .iter()
        .filter(|library| library.is_global);
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

pub(super) fn add_items(snapshot: &mut Snapshot, ids: Vec<PublicId>) {
    let grouping = snapshot.grouping.clone();
    snapshot.item_of = (0..snapshot.copies.len() as u32)
        .map(|copy| grouping.group_of(copy))
        .collect();
    let family = |copies: &[CopyIx], of: &dyn Fn(&Copy) -> Option<CopyIx>| -> Option<ItemIx> {
        copies
            .iter()
            .find_map(|copy| of(snapshot.copy(*copy)))
            .map(|copy| grouping.group_of(copy))
    };
    let mut items: Vec<Item> = grouping
        .groups()
        .zip(ids)
        .map(|(copies, id)| Item {
            id,
            kind: snapshot.copy(copies[0]).light.kind,
            copies: copies.to_vec(),
            parent: None,
            series: family(copies, &|copy| copy.series),
            season: family(copies, &|copy| copy.season),
            album: family(copies, &|copy| copy.album),
            children: Vec::new(),
            members: Vec::new(),
        })
        .collect();
    let parents: Vec<Option<ItemIx>> = items
        .iter()
        .enumerate()
        .map(|(ix, item)| {
            let told = || family(&item.copies, &|copy| copy.parent);
            let parent = match item.kind {
                ItemKind::Season => item.series.or_else(told),
                ItemKind::Episode => item.season.or(item.series).or_else(told),
                ItemKind::Audio => item.album.or_else(told),
                _ => told(),
            };
            parent.filter(|parent| *parent as usize != ix)
        })
        .collect();
    for (ix, parent) in parents.iter().enumerate() {
        // A cycle (one server nests A in B, another B in A) is cut where it closes.
        if let Some(parent) = parent.filter(|_| !cyclic(&parents, ix)) {
            items[ix].parent = Some(parent);
            items[parent as usize].children.push(ix as u32);
        }
    }
    for item in &mut items {
        item.members = members(snapshot, &item.copies);
    }
    snapshot.items = items.into_iter().collect();
}

fn cyclic(parents: &[Option<ItemIx>], start: usize) -> bool {
    let mut at = parents[start];
    for _ in 0..64 {
        match at {
            Some(next) if next as usize == start => return true,
            Some(next) => at = parents[next as usize],
            None => return false,
        }
    }
    true
}

/// The union of what the copies of a box set hold, the first copy's order first.
fn members(snapshot: &Snapshot, copies: &[CopyIx]) -> Vec<ItemIx> {
    let mut found = Vec::new();
    for copy in copies.iter().map(|copy| snapshot.copy(*copy)) {
        for member in copy.members.iter() {
            let Some(member) = snapshot.copy_by_upstream(copy.server, *member) else {
                continue;
            };
            let item = snapshot.item_of(member);
            if !found.contains(&item) {
                found.push(item);
            }
        }
    }
    found
}

fn add_targets(snapshot: &mut Snapshot, remembered: &Remembered, changes: &IdChanges) {
    let items = &snapshot.items;
    snapshot.items_by_id = Index::of(items.bound(), |ix| items[ix].id);
    let merged = snapshot.merged_libraries.iter().zip(0..);
    let merged = merged.map(|(library, ix)| (library.id, LibraryRef::Merged(ix)));
    let sources = snapshot.source_libraries.iter().zip(0..);
    let sources = sources.map(|(library, ix)| (library.id, LibraryRef::Source(ix)));
    snapshot.libraries = merged.chain(sources).collect();

    let mut others: HashMap<PublicId, Target> = HashMap::new();
    for (ix, copy) in snapshot.copies.places() {
        for version in &copy.versions {
            others.entry(*version).or_insert(Target::Copy(ix));
        }
    }
    snapshot.others = others;
    let old = identity::old_ids(
        remembered,
        changes,
        snapshot.copies.len(),
        |id| match snapshot.target(id)? {
            Target::Item(item) => Some(item),
            Target::Copy(copy) => Some(snapshot.item_of(copy)),
            Target::Library(_) => None,
        },
    );
    let old = old.into_iter().map(|(id, item)| (id, Target::Item(item)));
    snapshot.others.extend(old);
}

/// The snapshot's copies as `merge` reads them.
pub(super) struct Input<'a>(pub(super) &'a Snapshot);

impl merge::Copies for Input<'_> {
    fn len(&self) -> usize {
        self.0.copies.len()
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
            series: copy.series,
            album: copy.album,
            artist: light
                .album_artist()
                .or_else(|| light.artists().next())
                .map(Word::as_str),
            runtime_ticks: light.run_time_ticks(),
            library: copy.library,
            ..merge::Copy::new(
                self.0.server_of(copy).key,
                light.id,
                light.kind,
                light.name(),
            )
        }
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

    fn overview(&self, index: u32) -> Option<&str> {
        self.0.copy(index).light.overview()
    }
}
