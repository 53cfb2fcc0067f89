//! What a viewer has of an entry: how many copies, and every version of them and of what it holds (episodes,
//! tracks, members of a box set); and the other way round, what holds an item.

use std::collections::{BTreeSet, HashSet};

use super::{ItemEntry, Scope};
use crate::catalog::snapshot::{CopyIx, ItemIx, LibraryRef};
use crate::model::ItemKind;
use crate::wire::LightSource;

/// Levels of a series: itself, seasons, episodes.
const DEEPEST: usize = 3;

impl Scope {
    /// How many copies of it there are, not of what it holds.
    pub fn copy_count(&self, entry: &ItemEntry) -> usize {
        match entry.single {
            true => 1,
            false => self.seen_of(entry.item).count(),
        }
    }

    /// The bytes of all versions, as far as they are known.
    pub fn size(&self, entry: &ItemEntry) -> i64 {
        let mut size = 0_i64;
        self.each_version(entry, |version| {
            size = size.saturating_add(version.size.unwrap_or(0).max(0));
        });
        size
    }

    /// Every version of what is seen of it and of what it holds at any depth, each once. A copy by itself
    /// holds what lies on its server.
    pub fn each_version(&self, entry: &ItemEntry, mut each: impl FnMut(LightSource)) {
        let snapshot = self.snapshot();
        let mut tell = |copy: CopyIx| {
            snapshot
                .copy(copy)
                .light
                .media_sources()
                .for_each(&mut each)
        };
        let server = entry.single.then(|| snapshot.copy(entry.lead).server);
        match entry.single {
            true => tell(entry.lead),
            false => self.seen_of(entry.item).for_each(&mut tell),
        }
        let mut next: Vec<ItemIx> = self.held_by(entry.item).collect();
        let mut seen = HashSet::new();
        while let Some(item) = next.pop() {
            let is_set = snapshot.item(item).kind.has_members();
            let is_hidden = is_set && !self.projection.sees_item(item);
            if item == entry.item || is_hidden || !seen.insert(item) {
                continue;
            }
            let copies = self.seen_of(item);
            let copies = copies
                .filter(|copy| server.is_none_or(|server| snapshot.copy(*copy).server == server));
            copies.for_each(&mut tell);
            next.extend(self.held_by(item));
        }
    }

    /// These items and whatever holds one of them at any depth: what [`Self::size`] tells of may differ.
    pub fn with_holders(&self, items: &[ItemIx]) -> BTreeSet<ItemIx> {
        let snapshot = self.snapshot();
        let there = |at: &ItemIx| snapshot.items.get(*at).is_some();
        let mut found: BTreeSet<ItemIx> = items.iter().copied().filter(there).collect();
        let sets = [LibraryRef::Collections, LibraryRef::Playlists];
        let sets = sets.map(|library| self.projection.members(Some(library)));
        let mut next: Vec<ItemIx> = found.iter().copied().collect();
        while !next.is_empty() {
            while let Some(at) = next.pop() {
                let parent = snapshot.item(at).family.parent();
                next.extend(parent.filter(|parent| found.insert(*parent)));
            }
            for set in sets.iter().flat_map(|sets| sets.iter()).map(|set| set.item) {
                let mut members = snapshot.item(set).members.iter();
                if members.any(|member| found.contains(member)) && found.insert(set) {
                    next.push(set);
                }
            }
        }
        found
    }

    /// The series that an item lies in, or is.
    pub fn series_of(&self, item: ItemIx) -> Option<ItemIx> {
        let kind = |at: ItemIx| self.snapshot().item(at).kind;
        let above = |at: &ItemIx| match kind(*at) {
            ItemKind::Season | ItemKind::Episode => self.snapshot().item(*at).family.parent(),
            _ => None,
        };
        std::iter::successors(Some(item), above)
            .take(DEEPEST)
            .find(|at| kind(*at) == ItemKind::Series)
    }

    /// These items and all for which [`Self::series_of`] may tell one of them.
    pub fn with_episodes(&self, items: &[ItemIx]) -> BTreeSet<ItemIx> {
        let snapshot = self.snapshot();
        let has_episodes = |kind| {
            matches!(
                kind,
                ItemKind::Series | ItemKind::Season | ItemKind::Episode
            )
        };
        let mut found = BTreeSet::new();
        let mut level: Vec<ItemIx> = items.to_vec();
        for _ in 0..DEEPEST {
            let rows = level.iter().filter_map(|at| snapshot.items.get(*at));
            let below = rows.filter(|row| has_episodes(row.kind));
            let below = below.flat_map(|row| row.children.iter().copied()).collect();
            found.extend(std::mem::replace(&mut level, below));
        }
        found
    }

    fn seen_of(&self, item: ItemIx) -> impl Iterator<Item = CopyIx> + '_ {
        let copies = self.snapshot().item(item).copies.iter().copied();
        copies.filter(|copy| self.projection.sees(*copy))
    }

    /// A folder on a disk is a place, and no work that is held.
    fn held_by(&self, item: ItemIx) -> impl Iterator<Item = ItemIx> + '_ {
        let item = self.snapshot().item(item);
        let held = item.children.iter().chain(item.members.iter()).copied();
        held.take(if item.kind == ItemKind::Folder {
            0
        } else {
            usize::MAX
        })
    }
}
