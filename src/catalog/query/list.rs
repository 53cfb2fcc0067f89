//! A whole list in its order, small enough to be remembered.

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::scope::{Entry, ItemEntry};

/// Anything that a page can be cut out of.
pub trait Entries {
    fn len(&self) -> usize;

    /// # Panics
    /// Beyond the end.
    fn entry(&self, at: usize) -> Entry;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn cut(&self, range: Range<usize>) -> Vec<Entry> {
        range.map(|at| self.entry(at)).collect()
    }
}

impl Entries for [Entry] {
    fn len(&self) -> usize {
        <[Entry]>::len(self)
    }

    fn entry(&self, at: usize) -> Entry {
        self[at].clone()
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub enum List {
    /// Positions in what a library holds, which all lists of that library share: four bytes an entry.
    Placed {
        entries: Arc<[ItemEntry]>,
        order: Arc<[u32]>,
    },
    /// Items and names together, as a search finds them.
    Mixed(Arc<[Entry]>),
}

impl List {
    /// The items among them.
    pub fn items(&self) -> impl Iterator<Item = &ItemEntry> {
        let (placed, mixed) = match self {
            Self::Placed { entries, order } => (Some((entries, order)), None),
            Self::Mixed(all) => (None, Some(all)),
        };
        let placed = placed.into_iter().flat_map(|(entries, order)| {
            let at = order.iter();
            at.map(|at| &entries[*at as usize])
        });
        placed.chain(
            mixed
                .into_iter()
                .flat_map(|all| all.iter().filter_map(Entry::item)),
        )
    }

    /// These positions of what a place holds.
    pub(super) fn placed(entries: &Arc<[ItemEntry]>, order: Vec<u32>) -> Self {
        Self::Placed {
            entries: Arc::clone(entries),
            order: order.into(),
        }
    }

    /// The bytes that remembering it takes, without what it shares.
    pub fn weight(&self) -> usize {
        match self {
            Self::Placed { order, .. } => size_of_val::<[u32]>(order),
            Self::Mixed(all) => size_of_val::<[Entry]>(all),
        }
    }
}

impl Entries for List {
    fn len(&self) -> usize {
        match self {
            Self::Placed { order, .. } => order.len(),
            Self::Mixed(all) => all.len(),
        }
    }

    fn entry(&self, at: usize) -> Entry {
        match self {
            Self::Placed { entries, order } => Entry::Item(entries[order[at] as usize]),
            Self::Mixed(all) => all[at].clone(),
        }
    }
}
