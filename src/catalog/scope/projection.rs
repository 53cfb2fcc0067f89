//! A snapshot as one access set sees it. Viewers with equal rights share one.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::carry::History;
use super::members::{Kind, Members};
use super::views::{self, View};
use super::{AccessSet, ItemEntry};
use crate::accounts::PublicIds;
use crate::catalog::names::Names;
use crate::catalog::query::ResultCache;
use crate::catalog::render::Kept;
use crate::catalog::snapshot::{
    Copy, CopyIx, ItemIx, LibraryRef, MergedLibrary, Snapshot, Strategy,
};
use crate::model::{ItemKind, PublicId};

/// See the module.
pub struct Projection {
    pub snapshot: Arc<Snapshot>,
    pub access: AccessSet,
    pub root_id: PublicId,
    pub ids: PublicIds,
    /// By name.
    pub views: Vec<View>,
    /// The visible items with their leading copy where no library is named.
    pub(super) everything: Arc<Members>,
    pub(super) members: Mutex<HashMap<LibraryRef, Arc<Members>>>,
    pub(super) names: OnceLock<Arc<Names>>,
    pub(super) history: History,
    pub(in crate::catalog) results: ResultCache,
    pub(in crate::catalog) bodies: Kept,
}

impl Projection {
    pub fn new(
        snapshot: Arc<Snapshot>,
        access: AccessSet,
        owner: Option<PublicId>,
        ids: PublicIds,
    ) -> Self {
        let mut projection = Self {
            root_id: ids.fixed("root"),
            ids,
            views: Vec::new(),
            everything: Arc::new(Members::of(&snapshot, Kind::Items, std::iter::empty())),
            members: Mutex::default(),
            names: OnceLock::new(),
            history: History::default(),
            results: ResultCache::default(),
            bodies: Kept::default(),
            snapshot,
            access,
        };
        projection.views = views::of(&projection, owner);
        let items = 0..projection.snapshot.items.bound();
        let leads = items.map(|item| projection.choose_lead(item));
        projection.everything = Arc::new(Members::of(&projection.snapshot, Kind::Items, leads));
        projection
    }

    pub fn sees(&self, copy: CopyIx) -> bool {
        self.access.sees(copy)
    }

    pub fn sees_item(&self, item: ItemIx) -> bool {
        self.everything.lead(item).is_some()
    }

    pub fn view(&self, id: PublicId) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    /// The item as a library lists it; without a library, as the first view that lists it.
    pub fn entry(&self, item: ItemIx, library: Option<LibraryRef>) -> Option<ItemEntry> {
        let fallback = self.everything.lead(item)?;
        let lead = match library {
            Some(library) => self
                .lead(&self.copies_in(item, library))
                .unwrap_or(fallback),
            None => fallback,
        };
        Some(ItemEntry {
            id: self.snapshot.item(item).id,
            item,
            lead,
            single: false,
        })
    }

    /// The visible copies by the priorities of the first view that lists the item.
    pub fn visible_copies(&self, item: ItemIx) -> Vec<CopyIx> {
        let copies: Vec<CopyIx> = self
            .snapshot
            .item(item)
            .copies
            .iter()
            .copied()
            .filter(|copy| self.sees(*copy))
            .collect();
        if copies.len() < 2 {
            return copies;
        }
        let library = self.first_view_of(&copies);
        self.ordered(copies, library)
    }

    /// Whether every view that lists this copy lists each copy by itself.
    pub fn is_single(&self, copy: CopyIx) -> bool {
        let mut listing = self
            .views
            .iter()
            .filter(|view| self.lists(view.library, copy))
            .peekable();
        listing.peek().is_some()
            && listing.all(|view| self.strategy(view.library) == Some(Strategy::None))
    }

    /// Everything that a library lists; without a library, every visible item once.
    pub fn members(&self, library: Option<LibraryRef>) -> Arc<Members> {
        let Some(library) = library else {
            return Arc::clone(&self.everything);
        };
        let mut members = self.members.lock().expect("no panic while locked");
        let listed = members.entry(library);
        Arc::clone(listed.or_insert_with(|| Arc::new(self.list(library))))
    }

    pub fn names(&self) -> &Arc<Names> {
        self.names.get_or_init(|| Arc::new(Names::of(self)))
    }

    fn list(&self, library: LibraryRef) -> Members {
        let kind = match self.strategy(library) {
            Some(Strategy::None) => Kind::Copies,
            _ => Kind::Items,
        };
        let end = match kind {
            Kind::Items => self.snapshot.items.bound(),
            Kind::Copies => self.snapshot.copies.bound(),
        };
        let leads = (0..end).map(|at| self.listed_at(library, kind, at));
        Members::of(&self.snapshot, kind, leads)
    }

    /// The copy that leads at a position of a library; none where it lists nothing there.
    pub(super) fn listed_at(&self, library: LibraryRef, kind: Kind, at: u32) -> Option<CopyIx> {
        match kind {
            Kind::Items => {
                self.snapshot.items.get(at)?;
                self.lead(&self.copies_in(at, library))
            }
            Kind::Copies => (self.sees(at) && self.lists(library, at)).then_some(at),
        }
    }

    pub(super) fn choose_lead(&self, item: ItemIx) -> Option<CopyIx> {
        self.snapshot.items.get(item)?;
        self.lead(&self.visible_copies(item))
    }

    /// The copy that somebody chose, else the one of the highest priority.
    fn lead(&self, ordered: &[CopyIx]) -> Option<CopyIx> {
        let chosen = self.snapshot.chosen_lead(ordered);
        chosen.or_else(|| ordered.first().copied())
    }

    /// The first view that lists one of the copies; one with strategy `NONE` only as a last resort.
    fn first_view_of(&self, copies: &[CopyIx]) -> Option<LibraryRef> {
        let listing = || {
            self.views
                .iter()
                .map(|view| view.library)
                .filter(|library| copies.iter().any(|copy| self.lists(*library, *copy)))
        };
        listing()
            .find(|library| self.strategy(*library) != Some(Strategy::None))
            .or_else(|| listing().next())
    }

    /// The visible copies that a library holds, by its priorities.
    fn copies_in(&self, item: ItemIx, library: LibraryRef) -> Vec<CopyIx> {
        let copies = self.snapshot.item(item).copies.iter().copied();
        let copies: Vec<CopyIx> = copies
            .filter(|copy| self.sees(*copy) && self.lists(library, *copy))
            .collect();
        self.ordered(copies, Some(library))
    }

    /// Whether the library holds the copy, seen or not.
    pub fn lists(&self, library: LibraryRef, copy: CopyIx) -> bool {
        let copy = self.snapshot.copy(copy);
        match library {
            LibraryRef::Merged(at) => {
                let sources = &self.snapshot.merged_libraries[at as usize].sources;
                sources
                    .iter()
                    .any(|source| Some(source.library) == copy.library())
            }
            LibraryRef::Source(at) => copy.library() == Some(at),
            LibraryRef::Collections => copy.light.kind == ItemKind::BoxSet,
            LibraryRef::Playlists => copy.light.kind == ItemKind::Playlist,
        }
    }

    fn strategy(&self, library: LibraryRef) -> Option<Strategy> {
        match library {
            LibraryRef::Merged(at) => Some(self.snapshot.merged_libraries[at as usize].strategy),
            _ => None,
        }
    }

    /// The merged library that decides about copies where none is named.
    pub(super) fn deciding_library(&self, copies: &[CopyIx]) -> Option<&MergedLibrary> {
        self.merged(self.first_view_of(copies)?)
    }

    fn merged(&self, library: LibraryRef) -> Option<&MergedLibrary> {
        match library {
            LibraryRef::Merged(at) => self.snapshot.merged_libraries.get(at as usize),
            _ => None,
        }
    }

    /// The priority of a copy in a library; what lies in none of its sources has the least.
    pub(super) fn priority(&self, library: Option<&MergedLibrary>, copy: &Copy) -> i32 {
        let sources = library.map(|library| library.sources.as_slice());
        let mut sources = sources.unwrap_or_default().iter();
        let source = sources.find(|source| Some(source.library) == copy.library());
        source.map_or(i32::MIN, |source| source.priority)
    }

    /// In the order in which they give the item its metadata: by priority, then by quality.
    fn ordered(&self, mut copies: Vec<CopyIx>, library: Option<LibraryRef>) -> Vec<CopyIx> {
        if copies.len() < 2 {
            return copies;
        }
        let merged = library.and_then(|library| self.merged(library));
        // Stable: ties stay in copy order.
        copies.sort_by_cached_key(|ix| {
            let copy = self.snapshot.copy(*ix);
            Reverse((self.priority(merged, copy), copy.quality))
        });
        copies
    }
}
