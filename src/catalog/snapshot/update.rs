//! The next snapshot where some copies changed: what that can affect is grouped, named and linked again, and
//! all else is shared with the one before. The answer is that of [`super::begin`] with all copies, save for
//! the places.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::build::Input;
use super::family::{family, is_endless, members, name_key, named_by, relatives};
use super::ledger::Ledger;
use super::rare::Rare;
use super::relatives::Relatives;
use super::{Copy, CopyIx, Delta, Item, ItemIx, KnownCopy, NOBODY, Snapshot};
use crate::accounts::PublicIds;
use crate::catalog::identity::{self, IdChanges, Remembered};
use crate::merge;
use crate::model::{ItemKind, PublicId};

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
    /// Brings the copies up to date; tells which ones the change may group otherwise at once.
    fn take_copies(&mut self) -> Option<HashSet<CopyIx>> {
        let (before, change) = (self.before, self.change);
        let removed: BTreeSet<CopyIx> = change
            .removed
            .iter()
            .filter_map(|row| before.copy_by_row(*row))
            .collect();
        let goes: HashSet<i64> = change.removed.iter().copied().collect();
        let mut updated: BTreeMap<CopyIx, Copy> = BTreeMap::new();
        let mut new: BTreeMap<i64, Copy> = BTreeMap::new();
        for known in change.upserted {
            let copy = self.located(known)?;
            let held = before.copy_by_row(known.row());
            let other = before.copy_by_upstream(copy.server, copy.light.id);
            match held {
                _ if goes.contains(&known.row()) => {}
                Some(at) if other == Some(at) => drop(updated.insert(at, copy)),
                None if other.is_none_or(|other| removed.contains(&other)) => {
                    new.insert(known.row(), copy);
                }
                // A row that tells of something else than before.
                _ => return None,
            }
        }

        // What names a copy that comes, goes or becomes another kind has another family then.
        let mut related: BTreeSet<CopyIx> = BTreeSet::new();
        let other_kind = updated
            .iter()
            .filter(|(at, copy)| before.copy(**at).light.kind != copy.light.kind);
        for at in removed.iter().chain(other_kind.map(|(at, _)| at)) {
            related.extend(self.ledger.namers(before, *at));
        }
        for copy in new.values() {
            let key = name_key(copy.server, copy.light.id);
            self.ledger.named.each(key, |namer| {
                if before.copies.get(namer).is_some() {
                    related.insert(namer);
                }
            });
        }
        let were: BTreeSet<CopyIx> = removed
            .iter()
            .chain(updated.keys())
            .chain(&related)
            .copied()
            .collect();
        if were.len() + new.len() > change.most {
            return None;
        }
        let children = |at: CopyIx| self.ledger.namers(before, at);
        let mut affected = self.ledger.neighbours.around(
            &Input(before),
            &before.decisions,
            were.iter().copied(),
            children,
        );

        self.put_copies(&removed, updated, new);
        for at in &related {
            self.relate(*at);
        }
        let changed: Vec<CopyIx> = were.union(&self.copies).copied().collect();
        for at in &changed {
            let then = before.copies.get(*at).map(|_| Input(before));
            let now = self.next.copies.get(*at).map(|_| Input(&self.next));
            let neighbours = &mut self.ledger.neighbours;
            if !neighbours.replace(*at, then.as_ref(), now.as_ref()) {
                return None;
            }
        }
        affected.extend(changed);
        self.take_decisions(&mut affected);
        for (copy, item) in change.renewed {
            affected.extend(self.next.copy_by_id(*copy));
            if let Some(item) = item {
                self.next.past.was_part(*copy, *item);
            }
        }
        Some(affected)
    }

    /// A copy with its server and library; none where nobody knows its server.
    fn located(&self, known: &Arc<KnownCopy>) -> Option<Copy> {
        let server = self.before.server_position(known.server_id())?;
        let library = known.library_row().and_then(|row| {
            let mut libraries = self.before.source_libraries.iter();
            libraries.position(|library| library.row == row)
        });
        let library = library.map(|at| at as u32);
        Some(Copy::new(known.clone(), server, library))
    }

    /// New ones take no places that become free only now, so that one place means one thing in this step.
    fn put_copies(
        &mut self,
        removed: &BTreeSet<CopyIx>,
        updated: BTreeMap<CopyIx, Copy>,
        new: BTreeMap<i64, Copy>,
    ) {
        let next = &mut self.next;
        for at in removed {
            let copy = self.before.copy(*at);
            next.by_copy.remove(*at, copy);
            self.ledger.named.replace(*at, &named_by(copy), &[]);
            let item = self.before.item_of(*at);
            next.past.went(copy.id, self.before.item(item).id);
            self.items.insert(item);
        }
        let mut there: Vec<CopyIx> = updated.keys().copied().collect();
        for (at, copy) in updated {
            let had = named_by(self.before.copy(at));
            self.ledger.named.replace(at, &had, &named_by(&copy));
            *next.copies.get_mut(at).expect("it is there") = copy;
            self.items.insert(self.before.item_of(at));
        }
        for copy in new.into_values() {
            let (id, names) = (copy.id, named_by(&copy));
            let at = next.copies.insert(copy);
            next.by_copy.insert(at, &next.copies);
            match next.item_of.get_mut(at) {
                Some(item) => *item = NOBODY,
                None => next.item_of.push(NOBODY),
            }
            next.past.came(id);
            self.ledger.named.replace(at, &[], &names);
            there.push(at);
        }
        for at in removed {
            next.copies.remove(*at);
            *next.item_of.get_mut(*at).expect("it was there") = NOBODY;
        }
        self.put_versions(removed, &there);
        for at in &there {
            self.relate(*at);
        }
        self.copies.extend(removed);
        self.copies.extend(there);
    }

    /// Finds the family of a copy again.
    fn relate(&mut self, at: CopyIx) {
        let Some(copy) = self.next.copies.get(at) else {
            return;
        };
        let found = relatives(&self.next, copy);
        if found != copy.family {
            let copy = self.next.copies.get_mut(at).expect("it is there");
            copy.family = found;
            self.copies.insert(at);
        }
    }

    fn put_versions(&mut self, removed: &BTreeSet<CopyIx>, there: &[CopyIx]) {
        let next = &mut self.next;
        let had = removed.iter().chain(there);
        let had = had.filter_map(|at| Some((*at, self.before.copies.get(*at)?)));
        for (at, copy) in had {
            for version in copy.versions() {
                let held = next.versions.get(version).into_iter();
                let held = held.flat_map(|held| held.iter().copied());
                let left: Arc<[CopyIx]> = held.filter(|held| *held != at).collect();
                match left.is_empty() {
                    true => drop(next.versions.remove(version)),
                    false => drop(next.versions.insert(*version, left)),
                }
            }
        }
        for at in there {
            for version in next.copy(*at).versions().to_vec() {
                let held = next.versions.get(&version).into_iter();
                let mut holders: Vec<CopyIx> = held.flat_map(|held| held.iter().copied()).collect();
                holders.push(*at);
                holders.sort_by_key(|at| next.copy_order(*at));
                next.versions.insert(version, holders.into());
            }
        }
    }

    /// Pairs that are decided now and were not, or were and are not, affect both.
    fn take_decisions(&mut self, affected: &mut HashSet<CopyIx>) {
        let decisions = self.next.decided(self.change.joined, self.change.parted);
        let before = &self.before.decisions;
        if decisions == **before {
            return;
        }
        for (then, now) in [
            (&before.joined, &decisions.joined),
            (&before.never, &decisions.never),
        ] {
            let (then, now): (HashSet<_>, HashSet<_>) =
                (then.iter().collect(), now.iter().collect());
            for (a, b) in then.symmetric_difference(&now) {
                affected.extend([*a, *b]);
            }
        }
        self.next.decisions = Arc::new(decisions);
    }

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

    /// Gives the groups their ids and places, and links them with their families.
    fn put_groups(&mut self, groups: Vec<Group>, touched: BTreeSet<ItemIx>) -> Option<IdChanges> {
        let public: Vec<_> = groups
            .iter()
            .map(|group| self.public(&group.copies))
            .collect();
        let (ids, changes) = identity::assign(&public, self.change.remembered, self.change.ids);
        let mut gone = touched;
        let mut again: BTreeSet<ItemIx> = BTreeSet::new();
        let mut moved: Vec<CopyIx> = Vec::new();
        for (group, id) in groups.into_iter().zip(ids) {
            let at = match self.before.item_by_id(id) {
                Some(at) => gone.remove(&at).then_some(at)?,
                None => self.new_item(id),
            };
            again.insert(at);
            for copy in &group.copies {
                let item = self.next.item_of.get_mut(*copy).expect("it is there");
                if *item != at {
                    *item = at;
                    moved.push(*copy);
                    self.items.insert(at);
                }
            }
            let kind = self.next.copy(group.copies[0]).light.kind;
            let item = self.next.item(at);
            if (item.kind, &item.copies, &item.joins) != (kind, &group.copies, &group.joins) {
                let item = self.next.items.get_mut(at).expect("it is there");
                (item.kind, item.copies, item.joins) = (kind, group.copies, group.joins);
                self.items.insert(at);
            }
        }
        for copy in &moved {
            let namers = self.ledger.namers(&self.next, *copy).into_iter();
            again.extend(namers.map(|namer| self.next.item_of(namer)));
            if again.len() > self.change.most {
                return None;
            }
        }
        self.copies.extend(moved);
        for at in again {
            self.relink(at)?;
        }
        for at in gone {
            let item = self.before.item(at);
            if let Some(parent) = item.family.parent() {
                self.detach(parent, at);
            }
            self.next.items_by_id.remove(at, &item.id);
            self.next.items.remove(at);
            self.items.insert(at);
        }
        for at in &self.copies {
            if self.next.copies.get(*at).is_some() {
                self.items.insert(self.next.item_of(*at));
            }
        }
        Some(changes)
    }

    /// Without copies for now.
    fn new_item(&mut self, id: PublicId) -> ItemIx {
        let next = &mut self.next;
        let at = next.items.insert(Item {
            id,
            kind: ItemKind::Unknown,
            copies: Box::default(),
            joins: Box::default(),
            family: Relatives::default(),
            children: Vec::new(),
            members: Rare::default(),
        });
        let items = &next.items;
        next.items_by_id.insert(at, |at| items[at].id);
        at
    }

    /// Finds the family and members of an item again. None: what is below it may be without end, or was.
    fn relink(&mut self, at: ItemIx) -> Option<()> {
        let next = &self.next;
        let item = next.item(at);
        let mut found = family(next, at);
        let had = item.family;
        let was = self.before.items.get(at).filter(|was| was.id == item.id);
        let named_before = was.and_then(|_| family(self.before, at).parent());
        let is_other = found.parent() != named_before;
        if is_other || found.parent() != had.parent() {
            let is_named = || {
                let mut copies = item.copies.iter();
                copies.any(|copy| !self.ledger.namers(next, *copy).is_empty())
            };
            let above = |at| family(next, at).parent();
            let is_endless = found
                .parent()
                .is_some_and(|parent| is_endless(parent, above));
            if is_other && (is_endless || self.ledger.has_cut) && is_named() {
                return None;
            }
            if is_endless {
                found = found.with_parent(None);
                self.ledger.has_cut = true;
            }
        }
        let members = members(next, &item.copies);
        if found == had && *members == *item.members {
            return Some(());
        }
        let item = self.next.items.get_mut(at).expect("it is there");
        item.family = found;
        item.members = members.into();
        self.items.insert(at);
        if found.parent() != had.parent() {
            if let Some(parent) = had.parent() {
                self.detach(parent, at);
            }
            if let Some(parent) = found.parent() {
                let parent_item = self.next.items.get_mut(parent).expect("it is there");
                parent_item.children.push(at);
                self.items.insert(parent);
            }
        }
        Some(())
    }

    fn detach(&mut self, parent: ItemIx, child: ItemIx) {
        if let Some(item) = self.next.items.get_mut(parent) {
            item.children.retain(|known| *known != child);
            self.items.insert(parent);
        }
    }

    /// Those of what was touched give way to those that there are now.
    fn put_conflicts(&mut self, touched: &BTreeSet<ItemIx>, conflicts: Vec<merge::Conflict>) {
        let mut by_item: HashMap<ItemIx, Vec<merge::Conflict>> = HashMap::new();
        for conflict in conflicts {
            let item = self.next.item_of(conflict.left);
            by_item.entry(item).or_default().push(conflict);
        }
        for item in touched {
            self.next.conflicts.remove(item);
        }
        for (item, list) in by_item {
            self.next.conflicts.insert(item, list.into());
        }
    }
}
