//! A whole list in its order, small enough to be remembered.

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::scope::{Entry, ItemEntry, Members};

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

/// What the positions of a list mean.
#[derive(Clone)]
pub enum Listed {
    /// All that a library holds, or everything: others look there too.
    Shared(Arc<Members>),
    /// What a folder, a series, a name … holds.
    Own(Arc<[ItemEntry]>),
}

impl Listed {
    /// What is at a position; none where a library lists nothing.
    pub fn get(&self, at: u32) -> Option<ItemEntry> {
        match self {
            Self::Shared(members) => members.get(at),
            Self::Own(entries) => entries.get(at as usize).copied(),
        }
    }

    /// Everything, with its position.
    pub fn positions(&self) -> impl Iterator<Item = (u32, ItemEntry)> + '_ {
        let (shared, own) = match self {
            Self::Shared(members) => (Some(members), None),
            Self::Own(entries) => (None, Some(entries)),
        };
        let shared = shared.into_iter().flat_map(|members| members.positions());
        let own = own.into_iter().flat_map(|entries| entries.iter().copied());
        shared.chain((0..).zip(own))
    }

    pub fn entries(&self) -> impl Iterator<Item = ItemEntry> + '_ {
        self.positions().map(|(_, entry)| entry)
    }
}

/// See the module.
#[derive(Clone)]
pub enum List {
    /// Positions: four bytes an entry.
    Placed {
        listed: Listed,
        order: Arc<Vec<u32>>,
    },
    /// Items and names together, as a search finds them.
    Mixed(Arc<[Entry]>),
}

impl List {
    /// These entries in this order.
    pub fn of(entries: Vec<ItemEntry>) -> Self {
        Self::Placed {
            order: Arc::new((0..entries.len() as u32).collect()),
            listed: Listed::Own(entries.into()),
        }
    }

    /// The items among them.
    pub fn items(&self) -> impl Iterator<Item = ItemEntry> + '_ {
        let (placed, mixed) = match self {
            Self::Placed { listed, order } => (Some((listed, order)), None),
            Self::Mixed(all) => (None, Some(all)),
        };
        let placed = placed.into_iter().flat_map(|(listed, order)| {
            let at = order.iter();
            at.filter_map(|at| listed.get(*at))
        });
        let mixed = mixed.into_iter().flat_map(|all| all.iter());
        placed.chain(mixed.filter_map(|entry| entry.item().copied()))
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
            Self::Placed { listed, order } => {
                let entry = listed.get(order[at]);
                Entry::Item(entry.expect("a list holds listed positions"))
            }
            Self::Mixed(all) => all[at].clone(),
        }
    }
}
