//! The copies of the next snapshot, their families, and what a change of them can group otherwise.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Step;
use crate::catalog::snapshot::build::Input;
use crate::catalog::snapshot::family::{name_key, named_by, relatives};
use crate::catalog::snapshot::{Copy, CopyIx, KnownCopy, NOBODY};

impl Step<'_> {
    /// Brings the copies up to date; tells which ones the change may group otherwise at once.
    pub(super) fn take_copies(&mut self) -> Option<HashSet<CopyIx>> {
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

        // No server does that; whatever names such a copy would be something else too.
        let mut kinds = updated.iter();
        if kinds.any(|(at, copy)| before.copy(*at).light.kind != copy.light.kind) {
            return None;
        }

        // What names a copy that comes or goes has another family then.
        let mut related: BTreeSet<CopyIx> = BTreeSet::new();
        for at in &removed {
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
        let (then, now) = (Input(before), Input(&self.next));
        let neighbours = &mut self.ledger.neighbours;
        if !neighbours.take(&changed, &then, &now, &mut affected) {
            return None;
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
}
