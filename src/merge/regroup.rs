//! Groups again what a change can affect, and nothing else.
//!
//! Two copies are *neighbours* if a rule may look at both: they share an id, a name under which they are
//! known, a parent and a child, or a decision by hand; under `SMART` also if a score may join them. A set of
//! copies without neighbours outside of it is grouped by itself as it is among all others. So what a change can
//! affect are the copies that changed, whatever they were or are neighbours of, and so on. Under `SMART` a copy
//! may also be another's rival for a third; then it affects that one too.

use std::collections::{HashMap, HashSet};

use super::by_name;
use super::compat::{Compat, NOWHERE};
use super::copies::{Copies, Decisions};
use super::features::{ABSENT, Features, Id, Table, has_parent, ids_of, parent_of, read, realm_of};
use super::grouping::Grouping;
use super::identity::{Providers, Realm};
use super::keys::KeyIndex;
use super::name::combine;
use super::smart::{self, With};

/// Which copies are neighbours, as of one moment: beside [`super::Grouping`] what the next one is made of.
pub struct Neighbours {
    compat: Compat,
    /// All that there are, so that each has the same number in every grouping.
    providers: Providers,
    /// How often each name of a provider stands that is not known beforehand.
    spellings: HashMap<Box<str>, u32>,
    keys: KeyIndex,
    pub(super) smart: smart::Kept,
    /// What does not tell its kind is everybody's neighbour.
    has_untold: bool,
}

/// Under `SMART` one copy costs what some hundreds cost where everything is grouped.
const PART_SCORED: usize = 500;
/// So few are no matter.
const MOST_SCORED: usize = 16;

/// Buffers.
struct Scratch {
    providers: Providers,
    ids: Vec<Id>,
    text: String,
}

impl Neighbours {
    pub(super) fn of(copies: &impl Copies, compat: Compat, table: &Table) -> Self {
        let mut keys = Vec::with_capacity(table.rows.len() * 3);
        let mut has_untold = false;
        let mut spellings = HashMap::new();
        for rank in 0..table.rows.len() as u32 {
            let (row, index) = (&table.rows[rank as usize], table.order[rank as usize]);
            has_untold |= row.realm == Realm::Untold;
            keys_of(row, table.ids(rank), |key| keys.push((key, index)));
            if table.providers.are_more() {
                each_spelling(copies, index, |name| {
                    *spellings.entry(name.into()).or_insert(0) += 1;
                });
            }
        }
        Self {
            compat,
            providers: table.providers.clone(),
            spellings,
            keys: KeyIndex::of(keys),
            smart: smart::Kept::default(),
            has_untold,
        }
    }

    fn with<'a, C>(&'a self, copies: &'a C) -> With<'a, C> {
        With {
            copies,
            compat: &self.compat,
            providers: &self.providers,
        }
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            providers: self.providers.clone(),
            ids: Vec::new(),
            text: String::new(),
        }
    }

    /// The neighbours of each of these, and themselves. `children`: the copies that name one as their parent.
    pub fn around(
        &self,
        copies: &impl Copies,
        decisions: &Decisions,
        of: impl IntoIterator<Item = u32>,
        children: impl Fn(u32) -> Vec<u32>,
    ) -> HashSet<u32> {
        let mut found = HashSet::new();
        let decided = decided(decisions);
        let mut scratch = self.scratch();
        for copy in of {
            found.insert(copy);
            self.keys_now(copies, copy, &mut scratch, |key| {
                self.keys.each(key, |other| {
                    found.insert(other);
                });
            });
            each_relative(copies, copy, &children, |other| {
                found.insert(other);
            });
            found.extend(decided.get(&copy).into_iter().flatten());
        }
        found
    }

    /// Takes over that these copies are others than before, came or went; tells further copies that this
    /// can group otherwise. False: the providers that there are became others, or these are so many that to
    /// group everything costs less.
    pub fn take(
        &mut self,
        changed: &[u32],
        before: &impl Copies,
        after: &impl Copies,
        affected: &mut HashSet<u32>,
    ) -> bool {
        if self.compat.smart.is_used() && changed.len() > MOST_SCORED.max(after.len() / PART_SCORED)
        {
            return false;
        }
        let mut are_same = true;
        let mut scratch = self.scratch();
        for copy in changed {
            let (mut had, mut has) = (Vec::new(), Vec::new());
            if before.is_there(*copy) {
                self.keys_now(before, *copy, &mut scratch, |key| had.push(key));
            }
            if after.is_there(*copy) {
                self.keys_now(after, *copy, &mut scratch, |key| has.push(key));
                self.has_untold |= realm_of(after, &after.copy(*copy)) == Realm::Untold;
                each_spelling(after, *copy, |name| match self.spellings.get_mut(name) {
                    Some(count) => *count += 1,
                    None => are_same = false,
                });
            }
            if before.is_there(*copy) {
                each_spelling(before, *copy, |name| match self.spellings.get_mut(name) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => are_same = false,
                });
            }
            self.keys.replace(*copy, &had, &has);
        }
        if are_same && self.compat.smart.is_used() {
            self.take_scored(changed, before, after, affected);
        }
        are_same
    }

    /// All that were go before any comes, so that those between are read as they are kept.
    fn take_scored(
        &mut self,
        changed: &[u32],
        before: &impl Copies,
        after: &impl Copies,
        affected: &mut HashSet<u32>,
    ) {
        let mut kept = std::mem::take(&mut self.smart);
        for copy in changed.iter().filter(|copy| before.is_there(**copy)) {
            kept.take_out(&self.with(before), *copy, affected);
        }
        for copy in changed.iter().filter(|copy| after.is_there(**copy)) {
            kept.put_in(&self.with(after), *copy, affected);
        }
        self.smart = kept;
    }

    fn keys_now(
        &self,
        copies: &impl Copies,
        index: u32,
        scratch: &mut Scratch,
        mut each: impl FnMut(u64),
    ) {
        let copy = copies.copy(index);
        let realm = realm_of(copies, &copy);
        scratch.ids.clear();
        let known = (&mut scratch.providers, &mut scratch.ids);
        if has_parent(copies, realm, &copy) {
            // Its name says nothing beyond its parent.
            let lib = self.compat.lib(copy.library, realm.lies_in_no_library());
            if lib != NOWHERE {
                ids_of(copies, realm, index, known);
                scratch.ids.iter().for_each(|id| each(id_key(realm, id)));
            }
            return;
        }
        let mut row = read(copies, &self.compat, index, known, &mut scratch.text);
        row.parent = ABSENT;
        keys_of(&row, &scratch.ids, each);
    }
}

fn id_key(realm: Realm, id: &Id) -> u64 {
    combine(&[0, realm as u64, u64::from(id.provider), id.value])
}

/// The keys that a copy shares with its neighbours.
fn keys_of(row: &Features, ids: &[Id], mut each: impl FnMut(u64)) {
    let realm = row.realm;
    if realm == Realm::Apart || row.lib == NOWHERE {
        return;
    }
    ids.iter().for_each(|id| each(id_key(realm, id)));
    if row.parent != ABSENT {
        return;
    }
    match realm {
        Realm::Person | Realm::Genre | Realm::MusicGenre | Realm::Studio | Realm::Artist => {
            if row.name != 0 {
                each(combine(&[1, realm as u64, row.name]));
            }
        }
        _ => by_name::keys(row).for_each(|key| each(combine(&[2, realm as u64, key]))),
    }
}

/// What was decided of which copy and which others.
fn decided(decisions: &Decisions) -> HashMap<u32, Vec<u32>> {
    let mut decided: HashMap<u32, Vec<u32>> = HashMap::new();
    for (a, b) in decisions.joined.iter().chain(&decisions.never) {
        decided.entry(*a).or_default().push(*b);
        decided.entry(*b).or_default().push(*a);
    }
    decided
}

fn each_relative(
    copies: &impl Copies,
    index: u32,
    children: &impl Fn(u32) -> Vec<u32>,
    mut each: impl FnMut(u32),
) {
    let copy = copies.copy(index);
    let realm = realm_of(copies, &copy);
    let parent = parent_of(realm, &copy);
    if let Some(parent) = parent.filter(|parent| copies.is_there(*parent)) {
        each(parent);
    }
    if matches!(realm, Realm::Series | Realm::Album) {
        for child in children(index) {
            let copy = copies.copy(child);
            if parent_of(realm_of(copies, &copy), &copy) == Some(index) {
                each(child);
            }
        }
    }
}

fn each_spelling(copies: &impl Copies, index: u32, mut each: impl FnMut(&str)) {
    let realm = realm_of(copies, &copies.copy(index));
    if realm == Realm::Apart {
        return;
    }
    copies.provider_ids(index, &mut |name, _| {
        if let Some(name) = Providers::unknown(realm, name) {
            each(name);
        }
    });
}

/// The groups of all copies that these can affect: those that changed, and what they were neighbours of
/// before ([`Neighbours::around`]). `children`: the copies that name one as their parent. None: they are more
/// than `most`, or nobody can tell; then everything must be grouped.
pub fn regroup(
    copies: &impl Copies,
    decisions: &Decisions,
    neighbours: &Neighbours,
    affected: impl IntoIterator<Item = u32>,
    children: impl Fn(u32) -> Vec<u32>,
    most: usize,
) -> Option<Grouping> {
    if neighbours.has_untold {
        return None;
    }
    let held = closure(copies, decisions, neighbours, affected, children, most)?;
    let compat = &neighbours.compat;
    let known = neighbours.smart.known(&neighbours.with(copies), &held);
    let table = Table::of(copies, compat, held, neighbours.providers.clone());
    let source = smart::Source::Known(&known);
    Some(super::grouped(copies, compat, table, decisions, source))
}

fn closure(
    copies: &impl Copies,
    decisions: &Decisions,
    neighbours: &Neighbours,
    affected: impl IntoIterator<Item = u32>,
    children: impl Fn(u32) -> Vec<u32>,
    most: usize,
) -> Option<Vec<u32>> {
    let decided = decided(decisions);
    let affected = affected.into_iter().filter(|copy| copies.is_there(*copy));
    let mut found: HashSet<u32> = affected.collect();
    let mut open: Vec<u32> = found.iter().copied().collect();
    let mut asked: HashSet<u64> = HashSet::new();
    let mut scratch = neighbours.scratch();
    while let Some(copy) = open.pop() {
        if found.len() > most {
            return None;
        }
        let mut meet = |other: u32| {
            if copies.is_there(other) && found.insert(other) {
                open.push(other);
            }
        };
        neighbours.keys_now(copies, copy, &mut scratch, |key| {
            if asked.insert(key) {
                neighbours.keys.each(key, &mut meet);
            }
        });
        each_relative(copies, copy, &children, &mut meet);
        neighbours.smart.partners(copy).for_each(&mut meet);
        decided
            .get(&copy)
            .into_iter()
            .flatten()
            .for_each(|other| meet(*other));
    }
    (found.len() <= most).then(|| found.into_iter().collect())
}

#[cfg(test)]
#[path = "regroup_tests.rs"]
mod tests;
