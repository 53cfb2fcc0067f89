//! What one snapshot has otherwise than another.

use std::collections::BTreeSet;

use super::{CopyIx, ItemIx, KnownCopy, Snapshot};

/// Places of which something changed; what is elsewhere is as it was. Places of what is gone and of what is
/// new are among them. Servers, libraries and what they list are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// The generation that it is told against.
    pub since: u64,
    /// Items that came, went, or have other copies, parents, children or members, or of which a copy changed.
    pub items: Vec<ItemIx>,
    /// Copies that came, went or changed, by themselves, in their family or in the item that they are of, or that
    /// somebody chose to lead or to show their poster.
    pub copies: Vec<CopyIx>,
}

impl Delta {
    /// Each place once.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        for places in [&mut self.items, &mut self.copies] {
            places.sort_unstable();
            places.dedup();
        }
        self
    }
}

impl Snapshot {
    /// Whether [`Self::since`] can tell what differs.
    pub fn follows(&self, before: &Self) -> bool {
        self.built == before.built
    }

    /// What differs from an earlier snapshot, however many lie between: costs what lies in the chunks that the
    /// two do not share. None: everything was built anew since.
    pub fn since(&self, before: &Self) -> Option<Delta> {
        if !self.follows(before) {
            return None;
        }
        let places = self.copies.differing(&before.copies);
        let places: BTreeSet<CopyIx> = places
            .chain(self.item_of.differing(&before.item_of))
            .collect();
        let is_other = |at: &CopyIx| self.told(*at) != before.told(*at);
        let mut copies: Vec<CopyIx> = places.into_iter().filter(is_other).collect();
        copies.extend(self.chosen_otherwise(before));
        let items = self.items.differing(&before.items);
        let items = items.filter(|at| self.items.get(*at) != before.items.get(*at));
        let mut items: BTreeSet<ItemIx> = items.collect();
        for at in &copies {
            for snapshot in [before, self] {
                if snapshot.copies.get(*at).is_some() {
                    items.insert(snapshot.item_of(*at));
                }
            }
        }
        Some(Delta {
            since: before.generation,
            items: items.into_iter().collect(),
            copies,
        })
    }

    /// All that tells a copy from what it was.
    fn told(&self, at: CopyIx) -> Option<impl PartialEq + use<>> {
        let copy = self.copies.get(at)?;
        let known: *const KnownCopy = &**copy;
        Some((known, copy.family, copy.library(), self.item_of(at)))
    }
}
