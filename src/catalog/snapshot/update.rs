//! The next snapshot where some copies changed: what that can affect is grouped, named and linked again, and
//! all else is shared with the one before. The answer is that of [`super::begin`] with all copies, save for
//! the places.

mod copies;
mod groups;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::build::Input;
use super::ledger::Ledger;
use super::{CopyIx, Delta, ItemIx, KnownCopy, Snapshot};
use crate::accounts::PublicIds;
use crate::catalog::identity::{self, IdChanges, Remembered};
use crate::merge;
use crate::model::PublicId;

/// What is otherwise than in the snapshot before. Servers and libraries are the same.
pub struct Change<'a> {
    /// New, or different from before.
    pub upserted: &'a [Arc<KnownCopy>],
    /// By their rows; whatever is also among `upserted` goes.
    pub removed: &'a [i64],
    /// Copies that took the place of others, and the item that each was part of until then.
    pub renewed: &'a [(PublicId, Option<PublicId>)],
    /// All pairs that are decided now.
    pub joined: &'a [(PublicId, PublicId)],
    pub parted: &'a [(PublicId, PublicId)],
    pub remembered: &'a Remembered,
    pub ids: &'a PublicIds,
    /// Where more copies are affected, everything is built anew.
    pub most: usize,
}

/// None: it cannot be told what the change affects, or it is too much; then everything is to be built anew,
/// and the ledger is of no use any more.
pub fn update(
    before: &Snapshot,
    ledger: &mut Ledger,
    change: &Change<'_>,
) -> Option<(Snapshot, IdChanges)> {
    let mut next = before.clone();
    next.generation += 1;
    let mut step = Step {
        before,
        next,
        ledger,
        change,
        copies: BTreeSet::new(),
        items: BTreeSet::new(),
    };
    let affected = step.take_copies()?;
    let (mut groups, mut conflicts) = step.regroup(affected)?;
    let touched = step.with_rivals(&mut groups, &mut conflicts)?;
    let changes = step.put_groups(groups, touched.clone())?;
    step.put_conflicts(&touched, conflicts);
    step.next.past.apply(&changes);
    let Step {
        mut next,
        copies,
        items,
        ..
    } = step;
    next.delta = Some(Delta {
        since: before.generation,
        items: items.into_iter().collect(),
        copies: copies.into_iter().collect(),
    });
    Some((next, changes))
}

struct Step<'a> {
    before: &'a Snapshot,
    next: Snapshot,
    ledger: &'a mut Ledger,
    change: &'a Change<'a>,
    /// Places of which something changed.
    copies: BTreeSet<CopyIx>,
    items: BTreeSet<ItemIx>,
}

/// Copies that are one item, and why.
struct Group {
    copies: Box<[CopyIx]>,
    joins: Box<[merge::Join]>,
}

impl Step<'_> {
    fn regroup(&self, affected: HashSet<CopyIx>) -> Option<(Vec<Group>, Vec<merge::Conflict>)> {
        let children = |at: CopyIx| self.ledger.namers(&self.next, at);
        let grouping = merge::regroup(
            &Input(&self.next),
            &self.next.decisions,
            &self.ledger.neighbours,
            affected,
            children,
            self.change.most,
        )?;
        let groups = (0..).zip(grouping.groups());
        let groups = groups.map(|(at, copies)| Group {
            copies: copies.into(),
            joins: grouping.joins(at).into(),
        });
        Some((groups.collect(), grouping.conflicts().to_vec()))
    }

    /// Adds the groups that have, or founded, an id that one of these may take; tells all items that were of
    /// any of their copies.
    fn with_rivals(
        &self,
        groups: &mut Vec<Group>,
        conflicts: &mut Vec<merge::Conflict>,
    ) -> Option<BTreeSet<ItemIx>> {
        let (before, next) = (self.before, &self.next);
        let item_before = |at: CopyIx| {
            let copy = before.copies.get(at);
            copy.map(|_| before.item_of(at))
        };
        let mut held: HashSet<CopyIx> = HashSet::new();
        held.extend(groups.iter().flat_map(|group| group.copies.iter()));
        let gone = self
            .copies
            .iter()
            .filter(|at| next.copies.get(**at).is_none());
        held.extend(gone);
        let mut touched: BTreeSet<ItemIx> = held.iter().filter_map(|at| item_before(*at)).collect();
        for item in &touched {
            // What was one item is affected as a whole, or something was overlooked.
            let copies = before.item(*item).copies.iter();
            if copies.into_iter().any(|copy| !held.contains(copy)) {
                return None;
            }
        }
        let mut examined: HashSet<PublicId> = HashSet::new();
        let mut at = 0;
        while let Some(group) = groups.get(at) {
            at += 1;
            let mut rivals: BTreeSet<ItemIx> = BTreeSet::new();
            for id in identity::claims(&self.public(&group.copies), self.change.remembered) {
                if !examined.insert(id) {
                    continue;
                }
                rivals.extend(before.item_by_id(id));
                let founded = self.change.remembered.items.get(&id);
                let founder = founded.and_then(|item| next.copy_by_id(item.founder));
                rivals.extend(founder.and_then(item_before));
            }
            for item in rivals {
                if touched.insert(item) {
                    let (copies, joins) = (&before.item(item).copies, &before.item(item).joins);
                    groups.push(Group {
                        copies: copies.clone(),
                        joins: joins.clone(),
                    });
                    let theirs = before.conflicts.get(&item).into_iter();
                    conflicts.extend(theirs.flat_map(|list| list.iter().cloned()));
                }
            }
        }
        groups.sort_by_cached_key(|group| next.copy_order(group.copies[0]));
        Some(touched)
    }

    fn public(&self, copies: &[CopyIx]) -> Vec<PublicId> {
        copies.iter().map(|at| self.next.copy(*at).id).collect()
    }
}
