//! Makes a snapshot: copies in one order, grouped by `merge`, ids from what is remembered, families linked.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Copy, CopyIx, CopySeed, Item, ItemIx, LibraryRef, MergedLibrary, ServerEntry, Snapshot,
    SourceLibrary, Target,
};
use crate::accounts::PublicIds;
use crate::catalog::identity::{self, IdChanges, Remembered};
use crate::merge;
use crate::model::{ItemKind, PublicId, UpstreamId};

/// Everything that a snapshot is made of.
pub struct Parts<'a> {
    pub servers: Vec<ServerEntry>,
    pub source_libraries: Vec<SourceLibrary>,
    pub merged_libraries: Vec<MergedLibrary>,
    pub copies: &'a HashMap<i64, CopySeed>,
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
    let mut copies = sorted_copies(&snapshot, parts.copies, parts.ids);
    let rows = copies
        .iter()
        .enumerate()
        .map(|(ix, copy)| (copy.row, ix as u32));
    snapshot.by_row = Arc::new(rows.collect());
    let keys = copies.iter().map(|copy| (copy.server, copy.upstream_id()));
    snapshot.by_upstream = Arc::new(keys.zip(0..).collect());
    relate(&mut copies, &snapshot.by_upstream);
    snapshot.copies = copies.into_iter().map(Arc::new).collect();

    let by_public: HashMap<PublicId, CopyIx> = snapshot
        .copies
        .iter()
        .enumerate()
        .map(|(ix, copy)| (copy.id, ix as u32))
        .collect();
    let pairs = |pairs: &[(PublicId, PublicId)]| {
        pairs
            .iter()
            .filter_map(|(a, b)| Some((*by_public.get(a)?, *by_public.get(b)?)))
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
    add_targets(&mut snapshot, parts.remembered, &changes, parts.ids);
    (snapshot, changes)
}

fn sorted_copies(
    snapshot: &Snapshot,
    seeds: &HashMap<i64, CopySeed>,
    ids: &PublicIds,
) -> Vec<Copy> {
    let server: HashMap<i64, u32> = snapshot
        .servers
        .iter()
        .enumerate()
        .map(|(ix, server)| (server.id, ix as u32))
        .collect();
    let library: HashMap<i64, u32> = snapshot
        .source_libraries
        .iter()
        .enumerate()
        .map(|(ix, library)| (library.row, ix as u32))
        .collect();
    let mut seeds: Vec<(&ServerEntry, u32, &CopySeed)> = seeds
        .values()
        .filter_map(|seed| {
            let ix = *server.get(&seed.server_id)?;
            Some((&snapshot.servers[ix as usize], ix, seed))
        })
        .collect();
    seeds.sort_unstable_by_key(|(server, _, seed)| (server.key, seed.light.id));
    seeds
        .into_iter()
        .map(|(server, ix, seed)| {
            let library = seed.library_row.and_then(|row| library.get(&row).copied());
            Copy::new(seed, ix, library, ids.copy(server.key, seed.light.id))
        })
        .collect()
}

/// Finds the copies that each copy names as its family, on its own server.
fn relate(copies: &mut [Copy], by_upstream: &HashMap<(u32, UpstreamId), CopyIx>) {
    for copy in copies {
        let find = |id: Option<UpstreamId>| by_upstream.get(&(copy.server, id?)).copied();
        copy.parent = find(copy.light.parent_id);
        copy.series = find(copy.light.series_id);
        copy.season = find(copy.light.season_id);
        copy.album = find(copy.light.album_id);
    }
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
    snapshot.items = items;
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

fn add_targets(
    snapshot: &mut Snapshot,
    remembered: &Remembered,
    changes: &IdChanges,
    ids: &PublicIds,
) {
    let mut targets = HashMap::new();
    for (ix, item) in snapshot.items.iter().enumerate() {
        targets.insert(item.id, Target::Item(ix as u32));
    }
    for (ix, copy) in snapshot.copies.iter().enumerate() {
        targets.insert(copy.id, Target::Copy(ix as u32));
        let server = snapshot.server_of(copy).key;
        for source in &copy.light.media_sources {
            // Further versions within a copy are known by ids of their own.
            if let Ok(version) = source.id.parse::<UpstreamId>() {
                targets
                    .entry(ids.copy(server, version))
                    .or_insert(Target::Copy(ix as u32));
            }
        }
    }
    let old = identity::old_ids(
        remembered,
        changes,
        snapshot.copies.len(),
        |id| match targets.get(&id)? {
            Target::Item(item) => Some(*item),
            Target::Copy(copy) => Some(snapshot.item_of(*copy)),
            Target::Library(_) => None,
        },
    );
    targets.extend(old.into_iter().map(|(id, item)| (id, Target::Item(item))));
    for (ix, library) in snapshot.merged_libraries.iter().enumerate() {
        targets.insert(library.id, Target::Library(LibraryRef::Merged(ix as u32)));
    }
    for (ix, library) in snapshot.source_libraries.iter().enumerate() {
        targets.insert(library.id, Target::Library(LibraryRef::Source(ix as u32)));
    }
    snapshot.targets = targets;
}

/// The snapshot's copies as `merge` reads them.
pub(super) struct Input<'a>(pub(super) &'a Snapshot);

impl merge::Copies for Input<'_> {
    fn len(&self) -> usize {
        self.0.copies.len()
    }

    fn copy(&self, index: u32) -> merge::Copy<'_> {
        let copy = self.0.copy(index);
        let light = &*copy.light;
        let (season, episode) = match light.kind {
            ItemKind::Season => (light.index_number, None),
            _ => (light.parent_index_number, light.index_number),
        };
        merge::Copy {
            original_title: light.original_title.as_deref(),
            year: light.production_year,
            premiere_day: light
                .premiere_date
                .map(|at| at.timestamp().div_euclid(86_400) as i32),
            season,
            episode,
            episode_end: light.index_number_end,
            series: copy.series,
            album: copy.album,
            artist: light
                .album_artist
                .as_deref()
                .or(light.artists.first().map(|artist| artist.as_str())),
            runtime_ticks: light.run_time_ticks,
            library: copy.library,
            ..merge::Copy::new(
                self.0.server_of(copy).key,
                light.id,
                light.kind,
                &light.name,
            )
        }
    }

    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        for (provider, id) in &self.0.copy(index).light.provider_ids {
            each(provider, id);
        }
    }

    fn people(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for person in &self.0.copy(index).light.people {
            each(&person.name);
        }
    }
    fn genres(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for genre in &self.0.copy(index).light.genres {
            each(genre);
        }
    }

    fn overview(&self, index: u32) -> Option<&str> {
        self.0.copy(index).light.overview.as_deref()
    }
}
