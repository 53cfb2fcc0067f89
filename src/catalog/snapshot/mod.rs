//! The catalog in memory: an immutable snapshot that readers take without a lock.

mod build;
mod chosen;
mod copy;
mod delta;
#[cfg(test)]
mod history_tests;
mod index;
mod library;
mod own;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{ItemKind, PublicId, ServerKey, UpstreamId};

use index::Index;

pub use build::{Parts, build};
pub use chosen::Chosen;
pub use copy::{Copy, CopySeed, KnownCopy};
pub use delta::Delta;
pub use library::{LibraryRef, MergedLibrary, MergedSource, SourceLibrary, SourcePolicy, Strategy};
pub use own::for_owner;
pub use slots::{Chunks, Slots};

/// Place of a copy in [`Snapshot::copies`]: it keeps it from snapshot to snapshot, until everything is built
/// anew. The order of places means nothing; *copy order* is that of (server key, upstream id).
pub type CopyIx = u32;
/// Place of an item in [`Snapshot::items`], kept as those of copies are.
pub type ItemIx = u32;

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
    pub copies: Vec<CopyIx>,
    /// The item that holds this one: a season's series, an episode's season, a track's album …
    pub parent: Option<ItemIx>,
    pub series: Option<ItemIx>,
    pub season: Option<ItemIx>,
    pub album: Option<ItemIx>,
    /// Items whose parent is this one, unsorted.
    pub children: Vec<ItemIx>,
    /// Box sets and playlists: what they hold, in order.
    pub members: Vec<ItemIx>,
}

/// What a public id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Item(ItemIx),
    Copy(CopyIx),
    Library(LibraryRef),
}

/// Copies by what names them.
#[derive(Debug, Default)]
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
            id: Index::of(bound, |ix| copy(ix).id),
            row: Index::of(bound, |ix| copy(ix).row),
            upstream: Index::of(bound, |ix| (copy(ix).server, copy(ix).light.id)),
        }
    }
}

/// Everything that lists need, as of one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub generation: u64,
    pub servers: Vec<ServerEntry>,
    pub source_libraries: Vec<SourceLibrary>,
    pub merged_libraries: Vec<MergedLibrary>,
    pub copies: Slots<Copy>,
    pub items: Slots<Item>,
    /// What differs from the snapshot before; none where everything was built anew.
    pub delta: Option<Delta>,
    /// The item of each copy.
    item_of: Chunks<ItemIx>,
    /// Why the items are what they are; its groups are numbered as the items.
    pub grouping: Arc<crate::merge::Grouping>,
    /// What people decided by hand.
    pub decisions: crate::merge::Decisions,
    by_hand: Arc<chosen::ByHand>,
    /// Items, copies and libraries by their own ids; then what else stands for one of them: former ids
    /// of items, ids of further versions.
    items_by_id: Index,
    libraries: HashMap<PublicId, LibraryRef>,
    others: HashMap<PublicId, Target>,
    by_copy: Arc<ByCopy>,
}

impl Snapshot {
    /// What an item's, copy's, former item's or library's id stands for.
    pub fn target(&self, id: PublicId) -> Option<Target> {
        let item = self.items_by_id.find(&id, |ix| self.item(ix).id);
        let copy = || self.copy_by_id(id).map(Target::Copy);
        let library = || self.libraries.get(&id).copied().map(Target::Library);
        library()
            .or(item.map(Target::Item))
            .or_else(copy)
            .or_else(|| self.others.get(&id).copied())
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
        self.by_copy.row.find(&row, |ix| self.copy(ix).row)
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
