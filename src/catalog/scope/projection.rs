//! A snapshot as one access set sees it. Viewers with equal rights share one.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use roaring::RoaringBitmap;

use super::views::{self, View};
use super::{ItemEntry, entry};
use crate::accounts::PublicIds;
use crate::catalog::names::Names;
use crate::catalog::query::ResultCache;
use crate::catalog::render::Kept;
use crate::catalog::snapshot::{
    Copy, CopyIx, ItemIx, LibraryRef, MergedLibrary, Snapshot, Strategy,
};
use crate::model::{ItemKind, PublicId, UpstreamId};

/// What one account link may see, as its server said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkAccess {
    pub server_id: i64,
    /// `copies.id` of every copy that it may see.
    pub copies: RoaringBitmap,
    /// Upstream ids of the libraries that it may open.
    pub libraries: Vec<UpstreamId>,
}

/// The union of a viewer's links, in positions of one snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccessSet {
    pub copies: RoaringBitmap,
    /// Positions in [`Snapshot::source_libraries`].
    pub libraries: RoaringBitmap,
}

impl AccessSet {
    pub fn of<'a>(snapshot: &Snapshot, links: impl Iterator<Item = &'a LinkAccess>) -> Self {
        let mut set = Self::default();
        for link in links {
            set.copies.extend(
                link.copies
                    .iter()
                    .filter_map(|row| snapshot.copy_by_row(i64::from(row))),
            );
            let Some(server) = snapshot.server_position(link.server_id) else {
                continue;
            };
            for (at, library) in snapshot.source_libraries.iter().enumerate() {
                if library.server == server && link.libraries.contains(&library.library_id) {
                    set.libraries.insert(at as u32);
                }
            }
        }
        set
    }
}

/// See the module.
pub struct Projection {
    pub snapshot: Arc<Snapshot>,
    pub access: AccessSet,
    pub root_id: PublicId,
    pub ids: PublicIds,
    /// By name.
    pub views: Vec<View>,
    /// The visible items with their leading copy where no library is named.
    leads: Vec<Option<CopyIx>>,
    entries: Mutex<HashMap<Option<LibraryRef>, Arc<[ItemEntry]>>>,
    names: OnceLock<Arc<Names>>,
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
            leads: Vec::new(),
            entries: Mutex::default(),
            names: OnceLock::new(),
            results: ResultCache::default(),
            bodies: Kept::default(),
            snapshot,
            access,
        };
        projection.views = views::of(&projection, owner);
        projection.leads = (0..projection.snapshot.items.bound())
            .map(|item| {
                projection.snapshot.items.get(item)?;
                projection.choose_lead(item)
            })
            .collect();
        projection
    }

    pub fn sees(&self, copy: CopyIx) -> bool {
        self.access.copies.contains(copy)
    }

    pub fn sees_item(&self, item: ItemIx) -> bool {
        self.leads[item as usize].is_some()
    }

    pub fn view(&self, id: PublicId) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    /// The item as a library lists it; without a library, as the first view that lists it.
    pub fn entry(&self, item: ItemIx, library: Option<LibraryRef>) -> Option<ItemEntry> {
        let fallback = self.leads[item as usize]?;
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
    pub fn entries(&self, library: Option<LibraryRef>) -> Arc<[ItemEntry]> {
        let mut entries = self.entries.lock().expect("no panic while locked");
        entries
            .entry(library)
            .or_insert_with(|| self.list(library).into())
            .clone()
    }

    pub fn names(&self) -> &Arc<Names> {
        self.names.get_or_init(|| Arc::new(Names::of(self)))
    }

    fn list(&self, library: Option<LibraryRef>) -> Vec<entry::ItemEntry> {
        let items = self.snapshot.items.places().map(|(item, _)| item);
        let Some(library) = library else {
            return items.filter_map(|item| self.entry(item, None)).collect();
        };
        if self.strategy(library) == Some(Strategy::None) {
            return self
                .access
                .copies
                .iter()
                .filter(|copy| self.lists(library, *copy))
                .map(|copy| ItemEntry {
                    id: self.snapshot.copy(copy).id,
                    item: self.snapshot.item_of(copy),
                    lead: copy,
                    single: true,
                })
                .collect();
        }
        items
            .filter_map(|item| {
                let lead = self.lead(&self.copies_in(item, library))?;
                Some(ItemEntry {
                    id: self.snapshot.item(item).id,
                    item,
                    lead,
                    single: false,
                })
            })
            .collect()
    }

    fn choose_lead(&self, item: ItemIx) -> Option<CopyIx> {
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
                    .any(|source| Some(source.library) == copy.library)
            }
            LibraryRef::Source(at) => copy.library == Some(at),
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
        let source = sources.find(|source| Some(source.library) == copy.library);
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
