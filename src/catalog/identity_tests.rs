use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// Copies that there are at most.
const COPIES: usize = 6;

fn copy(number: usize) -> PublicId {
    PublicId(Uuid::from_u128(number as u128 + 1))
}

/// For each copy the number of its group; none while it is gone.
type Step = Vec<Option<usize>>;

fn groups(step: &Step) -> Vec<Vec<PublicId>> {
    let mut groups: BTreeMap<usize, Vec<PublicId>> = BTreeMap::new();
    for (number, group) in step.iter().enumerate() {
        if let Some(group) = group {
            groups.entry(*group).or_default().push(copy(number));
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort();
    groups
}

/// What the catalog does over and over.
struct History {
    ids: PublicIds,
    known: Remembered,
    at: i64,
    groups: Vec<Vec<PublicId>>,
    assigned: Vec<PublicId>,
    past: Past,
}

impl History {
    fn new() -> Self {
        Self {
            ids: PublicIds::new([7; 32]),
            known: Remembered::default(),
            at: 0,
            groups: Vec::new(),
            assigned: Vec::new(),
            past: Past::default(),
        }
    }

    fn step(&mut self, step: &Step) {
        self.groups = groups(step);
        let (assigned, changes) = assign(&self.groups, &self.known, &self.ids);
        self.assigned = assigned;
        let is_here = |copy| self.groups.iter().flatten().any(|here| *here == copy);
        self.past = Past::of(&self.known, is_here);
        self.past.apply(&changes);
        self.at += 1;
        self.known.apply(&changes, self.at);
    }

    fn live(&self, id: PublicId) -> Option<u32> {
        let item = self.assigned.iter().position(|item| *item == id);
        let copy = || self.groups.iter().position(|copies| copies.contains(&id));
        item.or_else(copy).map(|at| at as u32)
    }

    /// The copies of the item that an id opens.
    fn opens(&self, id: PublicId) -> Option<&Vec<PublicId>> {
        let live = |id| self.live(id).map(|item| (item, item));
        let item = self.live(id).or_else(|| self.past.answer(id, live))?;
        Some(&self.groups[item as usize])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Over any history: every id that was ever given out, of an item or of a copy, opens an item with a
    /// copy that it stood for, as long as one lives.
    #[test]
    fn no_id_dies_while_a_copy_lives(
        steps in prop::collection::vec(
            prop::collection::vec(prop::option::weighted(0.8, 0..COPIES), COPIES),
            1..12,
        ),
    ) {
        let mut history = History::new();
        let mut stood_for: BTreeMap<PublicId, BTreeSet<PublicId>> = BTreeMap::new();
        // What a copy was one item with when it was last here.
        let mut last_with: BTreeMap<PublicId, BTreeSet<PublicId>> = BTreeMap::new();
        for step in &steps {
            history.step(step);
            let given: BTreeSet<PublicId> = history.assigned.iter().copied().collect();
            prop_assert_eq!(given.len(), history.assigned.len(), "each item has its own id");
            for (id, copies) in history.assigned.iter().zip(&history.groups) {
                stood_for.entry(*id).or_default().extend(copies);
                for copy in copies {
                    last_with.insert(*copy, copies.iter().copied().collect());
                }
            }
            let living: BTreeSet<PublicId> = history.groups.iter().flatten().copied().collect();
            for (id, copies) in &stood_for {
                if copies.is_disjoint(&living) {
                    continue;
                }
                let opened = history.opens(*id);
                prop_assert!(opened.is_some(), "{id} is dead while one of {copies:?} lives");
                let opened = opened.unwrap();
                prop_assert!(
                    opened.iter().any(|copy| copies.contains(copy)),
                    "{id} opens {opened:?}, and stood for {copies:?}"
                );
            }
            for (copy, others) in &last_with {
                let fine = others.is_disjoint(&living) || history.opens(*copy).is_some();
                prop_assert!(fine, "{copy} is dead while one of {others:?} lives");
            }
            let before = history.assigned.clone();
            let (_, changes) = assign(&history.groups, &history.known, &history.ids);
            prop_assert!(changes.is_empty(), "the same again changes something: {changes:?}");
            history.step(step);
            prop_assert_eq!(&history.assigned, &before);
        }
    }
}

#[test]
fn a_merge_of_merges_leaves_no_id_behind() {
    let mut history = History::new();
    let apart: Step = vec![Some(0), Some(1), Some(2)];
    history.step(&apart);
    let first = history.assigned.clone();
    history.step(&vec![Some(0), Some(0), Some(2)]);
    history.step(&vec![Some(0), Some(0), Some(0)]);
    for id in &first {
        assert_eq!(history.opens(*id).map(Vec::len), Some(3));
    }
    // Also when nothing is left of what was merged first.
    history.step(&vec![None, None, Some(0)]);
    for id in &first {
        assert_eq!(history.opens(*id), Some(&vec![copy(2)]));
    }
    history.step(&apart);
    assert_eq!(history.assigned, first, "each takes its own id back");
}

#[test]
fn a_part_that_splits_off_answers_to_the_old_id_when_the_other_part_is_gone() {
    let mut history = History::new();
    history.step(&vec![Some(0), Some(0)]);
    let id = history.assigned[0];
    history.step(&vec![Some(0), Some(1)]);
    assert_eq!(
        history.opens(id),
        Some(&vec![copy(0)]),
        "the founder keeps it"
    );
    history.step(&vec![None, Some(1)]);
    assert_eq!(history.opens(id), Some(&vec![copy(1)]));
    assert_eq!(
        history.opens(copy(0)),
        Some(&vec![copy(1)]),
        "the copy's id too"
    );
    history.step(&vec![Some(0), Some(1)]);
    assert_eq!(history.opens(id), Some(&vec![copy(0)]));
}

#[test]
fn a_copy_that_comes_back_after_it_was_renewed_has_an_id_of_its_own() {
    let ids = PublicIds::new([7; 32]);
    let (old, new) = (copy(0), copy(1));
    let item = ids.item(old);
    let mut known = Remembered::default();
    known.items.insert(
        item,
        Founded {
            founder: new,
            at: 1,
        },
    );
    known.item_of_copy.extend([(old, item), (new, item)]);
    let groups = [vec![new], vec![old]];
    let (assigned, changes) = assign(&groups, &known, &ids);
    assert_eq!(assigned[0], item);
    assert_ne!(assigned[1], item);
    known.apply(&changes, 2);
    let (again, changes) = assign(&groups, &known, &ids);
    assert_eq!(again, assigned);
    assert!(changes.is_empty());
}

#[test]
fn ids_that_point_at_each_other_open_nothing() {
    let mut known = Remembered::default();
    known
        .aliases
        .extend([(copy(0), copy(1)), (copy(1), copy(0))]);
    let past = Past::of(&known, |_| false);
    for id in [copy(0), copy(1), copy(2)] {
        assert_eq!(past.answer(id, |_| None::<((), u32)>), None);
    }
}
