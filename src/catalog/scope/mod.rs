//! What one viewer may see: the part of a snapshot that their links show, with their views and
//! what they have watched. Everything that is listed, counted, sorted or opened goes through it.

mod access;
mod carry;
mod differs;
mod entry;
mod held;
mod members;
mod playing;
mod projection;
mod views;

use std::sync::Arc;

use crate::accounts::Viewer;
use crate::catalog::snapshot::{CopyIx, ItemIx, LibraryRef, Snapshot, Target};
use crate::catalog::watch::UserItems;
use crate::model::PublicId;

pub use access::{AccessSet, LinkAccess};
pub use entry::{Entry, ItemEntry};
pub use members::Members;
pub use playing::ServersNow;
pub use projection::Projection;
pub use views::View;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Scope {
    pub viewer: Arc<Viewer>,
    pub projection: Arc<Projection>,
    pub user_items: Arc<UserItems>,
    /// How the servers were when the request came.
    pub servers: ServersNow,
}

impl Scope {
    pub fn snapshot(&self) -> &Snapshot {
        &self.projection.snapshot
    }

    /// The entry that an id stands for, if this viewer may see it. The id may be an item's, a copy's,
    /// a former item's, a library's or a name's (`docs/adr/0004-identity.md`).
    pub fn find(&self, id: PublicId, library: Option<PublicId>) -> Option<Entry> {
        if let Some(view) = self.projection.view(id) {
            return Some(Entry::Library(view.library));
        }
        if id == self.projection.root_id {
            return Some(Entry::Root);
        }
        match self.snapshot().target(id) {
            Some(Target::Item(item)) => {
                let library = library
                    .and_then(|id| self.projection.view(id))
                    .map(|view| view.library);
                self.projection
                    .entry(item, library)
                    .map(|entry| Entry::Item(ItemEntry { id, ..entry }))
            }
            Some(Target::Copy(copy)) => self.find_copy(id, copy).map(Entry::Item),
            Some(Target::Library(_)) => None,
            None => self.projection.names().find(id).map(Entry::Name),
        }
    }

    /// A copy's own id: that copy leads, unless it is hidden, when the item answers.
    fn find_copy(&self, id: PublicId, copy: CopyIx) -> Option<ItemEntry> {
        let item = self.snapshot().item_of(copy);
        let entry = self.projection.entry(item, None)?;
        let lead = if self.projection.sees(copy) {
            copy
        } else {
            entry.lead
        };
        let single = self.projection.is_single(copy);
        Some(ItemEntry {
            id,
            item,
            lead,
            single,
        })
    }

    /// The visible copies of an entry in the order in which they give it its metadata: the one that
    /// leads first.
    pub fn copies(&self, entry: &ItemEntry) -> Vec<CopyIx> {
        if entry.single {
            return vec![entry.lead];
        }
        let mut copies = self.projection.visible_copies(entry.item);
        if let Some(at) = copies.iter().position(|copy| *copy == entry.lead) {
            copies[..=at].rotate_right(1);
        }
        copies
    }

    /// The visible copies in the order in which they are played, by the source policy; those whose
    /// servers do not answer last. Of an item in progress, cuts that the position fits come first. A copy
    /// that is asked for by its own id is the first in any case.
    pub fn playing_order(&self, entry: &ItemEntry) -> Vec<CopyIx> {
        if entry.single {
            return vec![entry.lead];
        }
        let snapshot = self.snapshot();
        let mut copies = self.projection.visible_copies(entry.item);
        let by_own_id = snapshot.copy(entry.lead).id == entry.id;
        let state = self.user_items.get(snapshot.item(entry.item).id);
        let fits = |copy| {
            let runtime = snapshot.copy(copy).light.run_time_ticks();
            !by_own_id && state.is_some_and(|state| state.position_fits(runtime))
        };
        self.projection
            .by_policy(&mut copies, &self.viewer, &self.servers, fits);
        if by_own_id && let Some(at) = copies.iter().position(|copy| *copy == entry.lead) {
            copies[..=at].rotate_right(1);
        }
        copies
    }

    /// The views in this viewer's order.
    pub fn views(&self) -> Vec<View> {
        views::ordered(&self.projection.views, &self.viewer.settings)
    }

    pub fn view(&self, library: LibraryRef) -> Option<&View> {
        self.projection
            .views
            .iter()
            .find(|view| view.library == library)
    }

    /// The item's visible children.
    pub fn children(&self, item: ItemIx) -> Vec<ItemIx> {
        let children = &self.snapshot().item(item).children;
        children
            .iter()
            .copied()
            .filter(|child| self.projection.sees_item(*child))
            .collect()
    }
}
