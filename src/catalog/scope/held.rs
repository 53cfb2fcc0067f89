//! What a viewer has of an entry: how many copies, and every version of them and of what it holds (episodes,
//! tracks, members of a box set).

use std::collections::HashSet;

use super::{ItemEntry, Scope};
use crate::catalog::snapshot::{CopyIx, ItemIx};
use crate::model::ItemKind;
use crate::wire::LightSource;

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
            if item == entry.item || !seen.insert(item) {
                continue;
            }
            let copies = self.seen_of(item);
            let copies = copies
                .filter(|copy| server.is_none_or(|server| snapshot.copy(*copy).server == server));
            copies.for_each(&mut tell);
            next.extend(self.held_by(item));
        }
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
