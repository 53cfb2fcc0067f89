//! What the writer keeps beside a snapshot to make the next one of it.

use super::family::{name_key, named_by};
use super::{CopyIx, Snapshot};
use crate::merge::{KeyIndex, Neighbours};

/// See the module. It belongs to one snapshot, and follows it from step to step.
pub struct Ledger {
    pub(super) neighbours: Neighbours,
    /// Copies by whom they name on their server.
    pub(super) named: KeyIndex,
    /// Somewhere parents have no end, and were cut.
    pub(super) has_cut: bool,
}

impl Ledger {
    pub(super) fn of(snapshot: &Snapshot, neighbours: Neighbours, has_cut: bool) -> Self {
        let all = snapshot.copies.places();
        let named = all.flat_map(|(ix, copy)| named_by(copy).into_iter().map(move |key| (key, ix)));
        Self {
            neighbours,
            named: KeyIndex::of(named),
            has_cut,
        }
    }

    /// The copies that name one, and perhaps others.
    pub(super) fn namers(&self, snapshot: &Snapshot, copy: CopyIx) -> Vec<CopyIx> {
        let copy = snapshot.copy(copy);
        let mut found = Vec::new();
        let key = name_key(copy.server, copy.light.id);
        self.named.each(key, |namer| {
            if snapshot.copies.get(namer).is_some() {
                found.push(namer);
            }
        });
        found
    }
}
