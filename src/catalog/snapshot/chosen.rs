//! Which copy leads, and whose poster is shown, where somebody chose.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::{Input, scopes, scopes_without};
use super::{CopyIx, Snapshot, Target};
use crate::merge;
use crate::model::PublicId;

/// Copies by their ids, in the order in which they were chosen: of two in one item the later one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    pub leads: Vec<PublicId>,
    pub posters: Vec<PublicId>,
}

/// The same by position, with the place in that order.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    leads: HashMap<CopyIx, usize>,
    posters: HashMap<CopyIx, usize>,
}

fn latest(chosen: &HashMap<CopyIx, usize>, copies: &[CopyIx]) -> Option<CopyIx> {
    if chosen.is_empty() {
        return None;
    }
    let known = copies
        .iter()
        .filter_map(|copy| Some((chosen.get(copy)?, *copy)));
    known.max().map(|(_, copy)| copy)
}

impl Snapshot {
    /// Takes over what was chosen; copies that are not there now count again when they are back.
    pub fn choose(&mut self, chosen: &Chosen) {
        let places = |ids: &[PublicId]| -> HashMap<CopyIx, usize> {
            let found = ids
                .iter()
                .enumerate()
                .filter_map(|(at, id)| match self.target(*id)? {
                    Target::Copy(copy) => Some((copy, at)),
                    _ => None,
                });
            found.collect()
        };
        self.by_hand = Arc::new(ByHand {
            leads: places(&chosen.leads),
            posters: places(&chosen.posters),
        });
    }

    /// Copies that were chosen then or are now, and not alike.
    pub(super) fn chosen_otherwise(&self, before: &Self) -> Vec<CopyIx> {
        if Arc::ptr_eq(&self.by_hand, &before.by_hand) {
            return Vec::new();
        }
        let (now, then) = (&*self.by_hand, &*before.by_hand);
        let pairs = [(&now.leads, &then.leads), (&now.posters, &then.posters)];
        let other = pairs.into_iter().flat_map(|(now, then)| {
            let all = now.keys().chain(then.keys());
            all.filter(|copy| now.get(copy) != then.get(copy))
        });
        other.copied().collect()
    }

    /// The copy among these that somebody chose to lead.
    pub fn chosen_lead(&self, copies: &[CopyIx]) -> Option<CopyIx> {
        latest(&self.by_hand.leads, copies)
    }

    /// The copy among these whose poster somebody chose.
    pub fn chosen_poster(&self, copies: &[CopyIx]) -> Option<CopyIx> {
        latest(&self.by_hand.posters, copies)
    }

    /// Why two copies are one item, or are not.
    pub fn explain(&self, a: CopyIx, b: CopyIx) -> merge::Explanation {
        merge::explain(&Input(self), &scopes(self), &self.decisions, self, a, b)
    }

    /// What a merged library would be beside those that there are; `replaces`: in the place of that one.
    pub fn preview(
        &self,
        library: &merge::Scope,
        replaces: Option<PublicId>,
        most: usize,
        sees: impl Fn(CopyIx) -> bool,
    ) -> merge::Preview {
        let scopes = scopes_without(self, replaces);
        merge::preview(&Input(self), &scopes, &self.decisions, library, most, sees)
    }

    /// The grouping as it would be by these decisions.
    pub fn regrouped(
        &self,
        joined: &[(PublicId, PublicId)],
        parted: &[(PublicId, PublicId)],
    ) -> merge::Grouping {
        let decisions = self.decided(joined, parted);
        merge::group(&Input(self), &scopes(self), &decisions)
    }

    /// Pairs by place; those of which one is not here do not count.
    pub(super) fn decided(
        &self,
        joined: &[(PublicId, PublicId)],
        parted: &[(PublicId, PublicId)],
    ) -> merge::Decisions {
        let pairs = |pairs: &[(PublicId, PublicId)]| -> Vec<(CopyIx, CopyIx)> {
            let copy = |id: &PublicId| self.copy_by_id(*id);
            let known = pairs.iter().filter_map(|(a, b)| Some((copy(a)?, copy(b)?)));
            known.collect()
        };
        merge::Decisions {
            joined: pairs(joined),
            never: pairs(parted),
        }
    }
}

impl merge::Grouped for Snapshot {
    fn group_of(&self, copy: CopyIx) -> u32 {
        self.item_of(copy)
    }

    fn joins_of(&self, copy: CopyIx) -> &[merge::Join] {
        &self.item(self.item_of(copy)).joins
    }

    fn each_join(&self, each: &mut dyn FnMut(&merge::Join)) {
        let joins = self.items.iter().flat_map(|item| item.joins.iter());
        joins.for_each(each);
    }

    fn conflicts(&self) -> Vec<&merge::Conflict> {
        self.conflicts()
    }

    fn conflicts_of(&self, a: CopyIx, b: CopyIx) -> Vec<&merge::Conflict> {
        let lists = [a, b].map(|copy| self.conflicts.get(&self.item_of(copy)));
        lists
            .into_iter()
            .flatten()
            .flat_map(|list| list.iter())
            .collect()
    }
}
