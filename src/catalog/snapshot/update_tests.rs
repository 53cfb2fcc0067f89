//! Step by step and built anew, the catalog is the same for whoever looks: items, ids, families, conflicts,
//! and what every id ever given opens.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, *};

use super::made_up::{COPIES, Told, World, ids, public, seed, servers, told};
use super::*;
use crate::catalog::identity::Remembered;
use crate::merge::Strategy as By;

#[derive(Debug, Clone)]
enum Step {
    /// These come or become others, and those go.
    Changes(Vec<(usize, Told)>, Vec<usize>),
    Joined(usize, usize),
    Parted(usize, usize),
    Undone,
    /// A copy takes the place of another: what was of the one is of the other now.
    Renewed(usize, usize),
}

/// Films that are easily one and easily apart.
fn film() -> impl Strategy<Value = Told> {
    (0..2usize, prop::option::of(0..2u32)).prop_map(|(name, id)| Told {
        kind: 0,
        name,
        year: 1,
        number: None,
        season: None,
        ids: id.map(|id| (0, id)).into_iter().collect(),
        family: [None; 3],
        members: Vec::new(),
        version: None,
        library: 0,
    })
}

fn step(copies: usize, told: impl Strategy<Value = Told>) -> impl Strategy<Value = Step> {
    let copy = move || 0..copies;
    let changes = (
        prop::collection::vec((copy(), told), 0..4),
        prop::collection::vec(copy(), 0..3),
    );
    prop_oneof![
        8 => changes.prop_map(|(come, go)| Step::Changes(come, go)),
        1 => (copy(), copy()).prop_map(|(a, b)| Step::Joined(a, b)),
        1 => (copy(), copy()).prop_map(|(a, b)| Step::Parted(a, b)),
        1 => Just(Step::Undone),
        1 => (copy(), copy()).prop_map(|(a, b)| Step::Renewed(a, b)),
    ]
}

/// What somebody sees who knows no places.
#[derive(Debug, PartialEq)]
struct View {
    items: BTreeMap<PublicId, String>,
    copies: BTreeMap<PublicId, String>,
    targets: BTreeMap<PublicId, String>,
    conflicts: Vec<String>,
}

fn view(snapshot: &Snapshot, ever: &BTreeSet<PublicId>) -> View {
    let copy = |at: CopyIx| snapshot.copy(at).id;
    let item = |at: ItemIx| snapshot.item(at).id;
    let items = snapshot.items.iter().map(|shown| {
        let copies: Vec<_> = shown.copies.iter().map(|at| copy(*at)).collect();
        let joins: Vec<_> = shown
            .joins
            .iter()
            .map(|join| (copy(join.left), copy(join.right), join.key))
            .collect();
        let family = shown.family.all().map(|at| at.map(item));
        let children: BTreeSet<_> = shown.children.iter().map(|at| item(*at)).collect();
        assert_eq!(children.len(), shown.children.len(), "a child stands twice");
        let members: Vec<_> = shown.members.iter().map(|at| item(*at)).collect();
        let text = format!(
            "{:?} {copies:?} {joins:?} {family:?} {children:?} {members:?}",
            shown.kind
        );
        (shown.id, text)
    });
    let copies = snapshot.copies.places().map(|(at, shown)| {
        let family = shown.family.all().map(|at| at.map(copy));
        let found = [
            snapshot.copy_by_row(shown.row()),
            snapshot.copy_by_id(shown.id),
            snapshot.copy_by_upstream(shown.server, shown.light.id),
        ];
        assert_eq!(found, [Some(at); 3], "it is not found");
        (
            shown.id,
            format!(
                "{} {family:?} {}",
                item(snapshot.item_of(at)),
                shown.light.name()
            ),
        )
    });
    let target = |id: PublicId| match snapshot.target(id) {
        Some(Target::Item(at)) => format!("item {}", item(at)),
        Some(Target::Copy(at)) => format!("copy {}", copy(at)),
        other => format!("{other:?}"),
    };
    let conflicts = snapshot.conflicts().into_iter().map(|conflict| {
        let (left, right) = (copy(conflict.left), copy(conflict.right));
        format!(
            "{left} {right} {:?} {:?} {}",
            conflict.key, conflict.ids, conflict.joined
        )
    });
    View {
        items: items.collect(),
        copies: copies.collect(),
        targets: ever.iter().map(|id| (*id, target(*id))).collect(),
        conflicts: conflicts.collect(),
    }
}

/// Whatever the delta does not name is as it was.
fn check_delta(before: &Snapshot, next: &Snapshot) {
    let delta = next.delta.as_ref().expect("it was not built anew");
    assert_eq!(delta.since, before.generation);
    let items: BTreeSet<_> = delta.items.iter().copied().collect();
    for at in (0..next.items.bound().max(before.items.bound())).filter(|at| !items.contains(at)) {
        assert_eq!(before.items.get(at), next.items.get(at), "item {at}");
    }
    let copies: BTreeSet<_> = delta.copies.iter().copied().collect();
    for at in (0..next.copies.bound().max(before.copies.bound())).filter(|at| !copies.contains(at))
    {
        let told = |snapshot: &Snapshot| {
            let copy = snapshot.copies.get(at)?;
            let known: *const KnownCopy = &**copy;
            Some((known, copy.family, copy.library(), snapshot.item_of(at)))
        };
        assert_eq!(told(before), told(next), "copy {at}");
    }
    let seen = next.since(before).expect("places are the same");
    assert!(seen.items.iter().all(|at| items.contains(at)));
    assert!(seen.copies.iter().all(|at| copies.contains(at)));
}

fn shown(snapshot: &Snapshot) -> BTreeMap<ItemIx, Item> {
    let items = snapshot.items.places();
    items.map(|(at, item)| (at, item.clone())).collect()
}

fn same(left: &Remembered, right: &Remembered) {
    assert_eq!(left.item_of_copy, right.item_of_copy);
    assert_eq!(left.items, right.items);
    assert_eq!(left.aliases, right.aliases);
    let sorted = |all: &Remembered| -> BTreeMap<PublicId, BTreeSet<PublicId>> {
        let former = all.former.iter();
        former
            .map(|(copy, items)| (*copy, items.iter().copied().collect()))
            .collect()
    };
    assert_eq!(sorted(left), sorted(right));
}

/// As the writer does where a copy took the place of another.
fn renew(
    known: &mut Remembered,
    old: PublicId,
    new: PublicId,
) -> Option<(PublicId, Option<PublicId>)> {
    let item = known.item_of_copy.get(&old).copied()?;
    let before = known
        .item_of_copy
        .insert(new, item)
        .filter(|before| *before != item);
    if let Some(before) = before {
        let former = known.former.entry(new).or_default();
        if !former.contains(&before) {
            former.push(before);
        }
    }
    let mut was_in = known.former.get(&old).cloned().unwrap_or_default();
    was_in.push(item);
    for id in was_in {
        if let Some(item) = known.items.get_mut(&id).filter(|item| item.founder == old) {
            item.founder = new;
        }
    }
    Some((new, before))
}

/// Films of one name and year, without ids, each on its place.
fn named_alike(world: &mut World, copies: &[usize]) {
    for copy in copies {
        let told = Told {
            year: 1,
            ..Told::default()
        };
        world.put(*copy, &told, seed);
    }
}

#[test]
fn what_cannot_be_told_is_built_anew() {
    let (ids, known) = (ids(), Remembered::default());
    let mut world = World::default();
    let begun = |world: &World| begin(world.parts(&[By::ProviderIds; 2], &known, &ids, 1));
    let (_, _, ignorant) = begun(&world);
    named_alike(&mut world, &[0, 1]);
    let (snapshot, _, first) = begun(&world);
    assert_eq!(snapshot.items.len(), 1, "they are one");
    let told = Told {
        name: 1,
        ..Told::default()
    };
    let made = |copy: usize, row: i64, server_id: i64| {
        let seed = CopySeed {
            server_id,
            ..seed(copy, row, &told)
        };
        let server = ServerEntry {
            id: 3,
            ..servers().remove(0)
        };
        let servers = [servers(), vec![server]].concat();
        KnownCopy::of(seed, &servers, &ids).expect("its server is known")
    };
    let follows = |mut ledger: Ledger, upserted: Arc<KnownCopy>| {
        let change = Change {
            upserted: &[upserted],
            removed: &[],
            renewed: &[],
            joined: &[],
            parted: &[],
            remembered: &known,
            ids: &ids,
            most: usize::MAX,
        };
        update(&snapshot, &mut ledger, &change).is_some()
    };
    assert!(follows(first, made(0, 1, 1)), "a row that was renamed");
    let ledger = || begun(&world).2;
    assert!(!follows(ledger(), made(2, 1, 1)), "a row of another copy");
    assert!(!follows(ledger(), made(0, 9, 1)), "a copy of two rows");
    assert!(!follows(ledger(), made(4, 9, 3)), "a server that is new");
    assert!(!follows(ignorant, made(0, 1, 1)), "half of an item");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn step_by_step_is_as_built_anew(
        steps in prop::collection::vec(step(COPIES, told()), 1..24),
        strategies in prop_oneof![
            3 => Just([By::ProviderIds, By::ProviderIds]),
            1 => Just([By::ProviderIds, By::NameYear]),
            1 => Just([By::Smart, By::None]),
        ],
        most in prop_oneof![3 => Just(usize::MAX), 1 => 0..12usize],
    ) {
        play(&steps, &strategies, most)?;
    }

    #[test]
    fn ids_go_the_same_ways(steps in prop::collection::vec(step(7, film()), 1..32)) {
        play(&steps, &[By::ProviderIds; 2], usize::MAX)?;
    }
}

/// `most`: as many copies are grouped again before everything is built anew.
fn play(steps: &[Step], strategies: &[By; 2], most: usize) -> Result<(), TestCaseError> {
    let ids = ids();
    let mut world = World::default();
    let (mut known, mut known_anew) = (Remembered::default(), Remembered::default());
    let (mut current, _, first) = begin(world.parts(strategies, &known, &ids, 1));
    let mut ledger = Some(first);
    let mut earlier = current.clone();
    let mut ever: BTreeSet<PublicId> = (0..COPIES).map(public).collect();
    let (mut followed, mut anew) = (0, 0);
    for (at, step) in steps.iter().enumerate() {
        let (mut upserted, mut removed, mut renewed) = (Vec::new(), Vec::new(), Vec::new());
        match step {
            Step::Changes(come, go) => {
                (upserted, removed) = world.step(come, go, seed);
                ever.extend(upserted.iter().flat_map(|made| made.versions()));
            }
            Step::Joined(a, b) if a != b => world.joined.push((public(*a), public(*b))),
            Step::Parted(a, b) if a != b => world.parted.push((public(*a), public(*b))),
            Step::Joined(..) | Step::Parted(..) => {}
            Step::Undone => drop(world.parted.pop().or_else(|| world.joined.pop())),
            Step::Renewed(old, new) => {
                let is_here = |copy: &usize| world.copies.contains_key(copy);
                if !is_here(old) && is_here(new) {
                    renewed.extend(renew(&mut known, public(*old), public(*new)));
                    renew(&mut known_anew, public(*old), public(*new));
                }
            }
        }
        let generation = at as u64 + 2;
        let change = Change {
            upserted: &upserted,
            removed: &removed,
            renewed: &renewed,
            joined: &world.joined,
            parted: &world.parted,
            remembered: &known,
            ids: &ids,
            most,
        };
        let next = ledger
            .as_mut()
            .and_then(|ledger| update(&current, ledger, &change));
        let (next, changes) = match next {
            Some((next, changes)) => {
                check_delta(&current, &next);
                followed += 1;
                (next, changes)
            }
            None => {
                anew += 1;
                let (next, changes, new) = begin(world.parts(strategies, &known, &ids, generation));
                ledger = Some(new);
                (next, changes)
            }
        };
        known.apply(&changes, at as i64);
        let (whole, changes, _) = begin(world.parts(strategies, &known_anew, &ids, generation));
        known_anew.apply(&changes, at as i64);
        same(&known, &known_anew);
        ever.extend(whole.items.iter().map(|item| item.id));
        prop_assert_eq!(next.generation, whole.generation);
        prop_assert_eq!(view(&next, &ever), view(&whole, &ever), "after {:?}", step);
        if let Some(between) = next.since(&earlier) {
            let mut patched = shown(&earlier);
            for at in between.items {
                patched.remove(&at);
                patched.extend(next.items.get(at).map(|item| (at, item.clone())));
            }
            prop_assert_eq!(patched, shown(&next));
        } else {
            earlier = next.clone();
        }
        current = next;
    }
    // Some things are built anew, but not most.
    prop_assert!(
        steps.len() < 12 || followed > 0 || most < usize::MAX,
        "{followed} followed, {anew} anew"
    );
    Ok(())
}

/// Two box sets that hold several films each, and become one.
#[test]
fn what_moves_too_much_that_names_it_is_built_anew() {
    let (ids, mut known) = (ids(), Remembered::default());
    let mut world = World::default();
    let box_set = |id: u32| Told {
        kind: 6,
        name: id as usize,
        ids: vec![(0, id)],
        ..Told::default()
    };
    for set in [6, 7] {
        world.put(set, &box_set(set as u32), seed);
    }
    for at in 0..4 {
        for set in [6, 7] {
            let film = Told {
                name: at,
                year: set as i32,
                family: [Some(set), None, None],
                ..Told::default()
            };
            world.put(8 + 2 * at + set % 2, &film, seed);
        }
    }
    let begun = |world: &World, known: &Remembered, generation: u64| {
        begin(world.parts(&[By::ProviderIds; 2], known, &ids, generation))
    };
    let (before, changes, _) = begun(&world, &known, 1);
    known.apply(&changes, 1);
    let sets = |snapshot: &Snapshot| {
        [6, 7].map(|set| {
            let at = snapshot.copy_by_id(public(set)).expect("it is there");
            snapshot.item(snapshot.item_of(at)).children.len()
        })
    };
    assert_eq!(sets(&before), [4, 4], "each holds its films");
    // The two alone are grouped again; the films of the one that moves are linked again.
    let follows = |most: usize| {
        let mut ledger = begun(&world, &known, 1).2;
        let upserted = [KnownCopy::of(seed(7, 2, &box_set(6)), &servers(), &ids).expect("a copy")];
        let change = Change {
            upserted: &upserted,
            removed: &[],
            renewed: &[],
            joined: &[],
            parted: &[],
            remembered: &known,
            ids: &ids,
            most,
        };
        let next = update(&before, &mut ledger, &change);
        next.map(|(next, _)| sets(&next))
    };
    assert_eq!(follows(4), None);
    assert_eq!(follows(5), Some([8, 8]), "they are one");
}
