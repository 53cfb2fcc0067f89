//! The catalog in memory: an immutable snapshot that readers take without a lock.

mod build;
mod chosen;
mod copy;
mod delta;
mod family;
#[cfg(test)]
mod history_tests;
mod index;
mod ledger;
mod library;
#[cfg(test)]
pub(super) mod made_up;
mod own;
mod rare;
mod relatives;
mod slots;
#[cfg(test)]
mod tests;
mod texts;
mod update;
#[cfg(test)]
mod update_tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::identity::Past;
use crate::merge;
use crate::model::{ItemKind, PublicId, ServerKey, UpstreamId};

use index::Index;

pub use build::{Parts, begin, build};
pub use chosen::Chosen;
pub use copy::{Copy, CopySeed, KnownCopy};
pub use delta::Delta;
pub use ledger::Ledger;
pub use library::{LibraryRef, MergedLibrary, MergedSource, SourceLibrary, SourcePolicy, Strategy};
pub use own::for_owner;
pub use rare::Rare;
pub use relatives::Relatives;
pub use slots::{Chunks, Slots};
pub use update::{Change, update};

/// Place of a copy in [`Snapshot::copies`]: it keeps it from snapshot to snapshot, until everything is built
/// anew. The order of places means nothing; *copy order* is that of (server key, upstream id).
pub type CopyIx = u32;
/// Place of an item in [`Snapshot::items`], kept as those of copies are.
pub type ItemIx = u32;

/// The item of a place without a copy.
const NOBODY: ItemIx = ItemIx::MAX;

/// A source server as the catalog knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerEntry {
    pub id: i64,
    pub key: ServerKey,
    pub name: String,
}

/// One work: the group of copies that are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: PublicId,
    pub kind: ItemKind,
    /// In copy order; never empty.
    pub copies: Box<[CopyIx]>,
    /// Why they are one; these reach every copy.
    pub joins: Box<[merge::Join]>,
    pub family: Relatives,
    /// Items whose parent is this one, unsorted. Room to grow: a folder of a million gets them one by one.
    pub children: Vec<ItemIx>,
    /// Box sets and playlists: what they hold, in order.
    pub members: Rare<ItemIx>,
}

/// What a public id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Item(ItemIx),
    Copy(CopyIx),
    Library(LibraryRef),
}

/// Copies by what names them.
#[derive(Debug, Clone, Default)]
struct ByCopy {
    id: Index,
    row: Index,
    upstream: Index,
}

impl ByCopy {
    /// Of all places taken.
    fn of(copies: &Slots<Copy>) -> Self {
        let (bound, copy) = (copies.bound(), |ix: u32| &copies[ix]);
        Self {
            id: Index::of(0..bound, |ix| copy(ix).id),
            row: Index::of(0..bound, |ix| copy(ix).row()),
            upstream: Index::of(0..bound, |ix| (copy(ix).server, copy(ix).light.id)),
        }
    }

    fn insert(&mut self, at: CopyIx, copies: &Slots<Copy>) {
        let copy = |ix: u32| &copies[ix];
        self.id.insert(at, |ix| copy(ix).id);
        self.row.insert(at, |ix| copy(ix).row());
        let upstream = |ix| (copy(ix).server, copy(ix).light.id);
        self.upstream.insert(at, upstream);
    }

    fn remove(&mut self, at: CopyIx, copy: &Copy) {
        self.id.remove(at, &copy.id);
        self.row.remove(at, &copy.row());
        self.upstream.remove(at, &(copy.server, copy.light.id));
    }
}

/// Everything that lists need, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub generation: u64,
    pub servers: Arc<Vec<ServerEntry>>,
    pub source_libraries: Arc<Vec<SourceLibrary>>,
    pub merged_libraries: Arc<Vec<MergedLibrary>>,
    pub copies: Slots<Copy>,
    pub items: Slots<Item>,
    /// What differs from the snapshot before; none where everything was built anew. Of one further back:
    /// [`Snapshot::since`].
    pub delta: Option<Delta>,
    /// The generation in which everything was built anew: its places are those of all that came since.
    built: u64,
    /// The item of each copy.
    item_of: Chunks<ItemIx>,
    /// What people decided by hand.
    pub decisions: Arc<merge::Decisions>,
    providers: Arc<merge::Providers>,
    /// By the item of the left copy.
    conflicts: imbl::OrdMap<ItemIx, Arc<[merge::Conflict]>>,
    by_hand: Arc<chosen::ByHand>,
    /// Items, copies and libraries by their own ids; then what else stands for one of them: ids of items
    /// that are parts of others here, ids of further versions (the first copy counts), former ids.
    items_by_id: Index,
    libraries: Arc<HashMap<PublicId, LibraryRef>>,
    parts: Arc<HashMap<PublicId, ItemIx>>,
    versions: imbl::HashMap<PublicId, Arc<[CopyIx]>>,
    past: Past,
    by_copy: ByCopy,
}

impl Snapshot {
    /// What an item's, copy's, former item's or library's id stands for.
    pub fn target(&self, id: PublicId) -> Option<Target> {
        let live = |id| self.item_at(self.living(id)?);
        let first = |item: ItemIx| (self.copy_order(self.item(item).copies[0]), item);
        let past = || self.past.answer(id, |id| live(id).map(first));
        self.living(id).or_else(|| past().map(Target::Item))
    }

    /// The item that this is, or is a copy of; none for a library.
    pub fn item_at(&self, target: Target) -> Option<ItemIx> {
        match target {
            Target::Item(item) => Some(item),
            Target::Copy(copy) => Some(self.item_of(copy)),
            Target::Library(_) => None,
        }
    }

    /// As above for ids that are somebody's now.
    fn living(&self, id: PublicId) -> Option<Target> {
        let library = self.libraries.get(&id).copied().map(Target::Library);
        let item = || self.item_by_id(id).map(Target::Item);
        let copy = || self.copy_by_id(id).map(Target::Copy);
        let part = || self.parts.get(&id).copied().map(Target::Item);
        let version = || self.versions.get(&id).map(|held| Target::Copy(held[0]));
        library
            .or_else(item)
            .or_else(copy)
            .or_else(part)
            .or_else(version)
    }

    fn item_by_id(&self, id: PublicId) -> Option<ItemIx> {
        self.items_by_id.find(&id, |ix| self.item(ix).id)
    }

    /// The name of a provider in a [`merge::Key`].
    pub fn provider(&self, index: merge::ProviderIndex) -> &str {
        self.providers.name(index)
    }

    /// Joins that were not made because something contradicts, or made in spite of it, in copy order.
    pub fn conflicts(&self) -> Vec<&merge::Conflict> {
        let mut all: Vec<_> = self
            .conflicts
            .values()
            .flat_map(|list| list.iter())
            .collect();
        all.sort_by_cached_key(|conflict| {
            let (left, right) = (conflict.left, conflict.right);
            let ids = conflict.ids.as_ref();
            let ids = ids.map(|ids| (ids.provider.clone(), ids.left.clone(), ids.right.clone()));
            (
                self.copy_order(left),
                self.copy_order(right),
                conflict.key,
                ids,
            )
        });
        all
    }

    pub fn copy(&self, ix: CopyIx) -> &Copy {
        &self.copies[ix]
    }

    pub fn item(&self, ix: ItemIx) -> &Item {
        &self.items[ix]
    }

    pub fn item_of(&self, copy: CopyIx) -> ItemIx {
        self.item_of[copy]
    }

    pub fn copy_by_id(&self, id: PublicId) -> Option<CopyIx> {
        self.by_copy.id.find(&id, |ix| self.copy(ix).id)
    }

    pub fn copy_by_row(&self, row: i64) -> Option<CopyIx> {
        self.by_copy.row.find(&row, |ix| self.copy(ix).row())
    }

    /// The copy with this id on the server at this position of [`Snapshot::servers`].
    pub fn copy_by_upstream(&self, server: u32, id: UpstreamId) -> Option<CopyIx> {
        let key = |ix| (self.copy(ix).server, self.copy(ix).light.id);
        self.by_copy.upstream.find(&(server, id), key)
    }

    /// What copies are ordered by.
    pub fn copy_order(&self, ix: CopyIx) -> (ServerKey, UpstreamId) {
        let copy = self.copy(ix);
        (self.server_of(copy).key, copy.light.id)
    }

    pub fn server_of(&self, copy: &Copy) -> &ServerEntry {
        &self.servers[copy.server as usize]
    }

    pub fn server_position(&self, server_id: i64) -> Option<u32> {
        self.servers
            .iter()
            .position(|server| server.id == server_id)
            .map(|at| at as u32)
    }
}
