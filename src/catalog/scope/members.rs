//! What a library lists, by position, so that lists of it can hold positions alone.

use std::sync::Arc;

use super::ItemEntry;
use crate::catalog::snapshot::{Chunks, CopyIx, Delta, ItemIx, Snapshot};

/// A position that lists nothing.
const NOTHING: CopyIx = CopyIx::MAX;

/// What lies at the positions of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Kind {
    /// Items; with each the copy that leads.
    Items,
    /// Copies, each by itself: the strategy `NONE`.
    Copies,
}

impl Kind {
    /// The positions of what changed.
    pub(in crate::catalog) fn places(self, changed: &Delta) -> &[u32] {
        match self {
            Self::Items => &changed.items,
            Self::Copies => &changed.copies,
        }
    }
}

/// See the module. One position an item (or a copy) of the snapshot, listed or not: four bytes each, and
/// whoever changes a few shares the others.
#[derive(Clone)]
pub struct Members {
    pub(super) snapshot: Arc<Snapshot>,
    pub(in crate::catalog) kind: Kind,
    leads: Chunks<CopyIx>,
    listed: usize,
}

impl Members {
    pub(super) fn of(
        snapshot: &Arc<Snapshot>,
        kind: Kind,
        leads: impl Iterator<Item = Option<CopyIx>>,
    ) -> Self {
        let leads: Chunks<CopyIx> = leads.map(|lead| lead.unwrap_or(NOTHING)).collect();
        Self {
            snapshot: Arc::clone(snapshot),
            kind,
            listed: leads.iter().filter(|lead| **lead != NOTHING).count(),
            leads,
        }
    }

    /// The same library later, with other leads at these positions.
    pub(super) fn with(&self, snapshot: &Arc<Snapshot>, leads: Vec<(u32, Option<CopyIx>)>) -> Self {
        let mut next = self.clone();
        next.snapshot = Arc::clone(snapshot);
        for (at, lead) in leads {
            let lead = lead.unwrap_or(NOTHING);
            while next.leads.len() <= at as usize {
                next.leads.push(NOTHING);
            }
            if let Some(known) = next.leads.get_mut(at)
                && *known != lead
            {
                next.listed += usize::from(*known == NOTHING);
                next.listed -= usize::from(lead == NOTHING);
                *known = lead;
            }
        }
        next
    }

    /// How many are listed.
    pub fn count(&self) -> usize {
        self.listed
    }

    /// The copy that leads there.
    pub(super) fn lead(&self, at: u32) -> Option<CopyIx> {
        let lead = self.leads.get(at).copied();
        lead.filter(|lead| *lead != NOTHING)
    }

    /// What is listed there.
    pub fn get(&self, at: u32) -> Option<ItemEntry> {
        self.lead(at).map(|lead| self.entry(at, lead))
    }

    /// Everything that is listed.
    pub fn iter(&self) -> impl Iterator<Item = ItemEntry> + '_ {
        self.positions().map(|(_, entry)| entry)
    }

    /// The same with the positions.
    pub(in crate::catalog) fn positions(&self) -> impl Iterator<Item = (u32, ItemEntry)> + '_ {
        let listed = self.leads.iter().zip(0..);
        let listed = listed.filter(|(lead, _)| **lead != NOTHING);
        listed.map(|(lead, at)| (at, self.entry(at, *lead)))
    }

    fn entry(&self, at: u32, lead: CopyIx) -> ItemEntry {
        match self.kind {
            Kind::Items => ItemEntry {
                id: self.snapshot.item(at as ItemIx).id,
                item: at,
                lead,
                single: false,
            },
            Kind::Copies => ItemEntry {
                id: self.snapshot.copy(lead).id,
                item: self.snapshot.item_of(lead),
                lead,
                single: true,
            },
        }
    }
}
