//! Whatever way the catalog came to a set of copies, its items are those of a catalog that begins with it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, *};
use uuid::Uuid;

use super::*;
use crate::accounts::PublicIds;
use crate::catalog::identity::Remembered;
use crate::wire::{LightItem, Packed};

const COPIES: usize = 8;

/// What may happen to a catalog.
#[derive(Debug, Clone)]
enum Step {
    /// This copy comes, or becomes another: which film it says it is, and whose ids it has.
    Comes(usize, u8, u8),
    Goes(usize),
    /// A server is removed; its copies go with it.
    Removed(usize),
    /// Two copies are joined by hand, or parted.
    Joined(usize, usize),
    Parted(usize, usize),
    /// A decision is undone.
    Undone,
    /// It moves to the library that is in no merged one, or back.
    Moves(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let copy = || 0..COPIES;
    prop_oneof![
        6 => (copy(), 0..3u8, 0..4u8).prop_map(|(at, name, ids)| Step::Comes(at, name, ids)),
        3 => copy().prop_map(Step::Goes),
        1 => (0..2usize).prop_map(Step::Removed),
        1 => (copy(), copy()).prop_map(|(a, b)| Step::Joined(a, b)),
        1 => (copy(), copy()).prop_map(|(a, b)| Step::Parted(a, b)),
        1 => Just(Step::Undone),
        1 => copy().prop_map(Step::Moves),
    ]
}

/// The servers' content and what was decided.
#[derive(Default)]
struct World {
    copies: BTreeMap<usize, CopySeed>,
    joined: Vec<(PublicId, PublicId)>,
    parted: Vec<(PublicId, PublicId)>,
}

fn key(server: i64) -> ServerKey {
    ServerKey(Uuid::from_u128(server as u128))
}

fn ids() -> PublicIds {
    PublicIds::new([7; 32])
}

fn server_of(copy: usize) -> i64 {
    (copy % 2) as i64 + 1
}

fn public(copy: usize) -> PublicId {
    ids().copy(
        key(server_of(copy)),
        UpstreamId(Uuid::from_u128(copy as u128 + 1)),
    )
}

fn seed(copy: usize, name: u8, provider: u8) -> CopySeed {
    let id = UpstreamId(Uuid::from_u128(copy as u128 + 1));
    let mut light = LightItem::new(id, ItemKind::Movie, ["Heat", "Ran", "Ponyo"][name as usize]);
    light.production_year = Some(1995);
    let told: &'static [(&'static str, &'static str)] = match provider {
        0 => &[],
        1 => &[("Tmdb", "1")],
        2 => &[("Imdb", "tt0000002")],
        _ => &[("Tmdb", "1"), ("Imdb", "tt0000002")],
    };
    light.provider_ids = told
        .iter()
        .map(|(name, id)| (*name, (*id).into()))
        .collect();
    let server = server_of(copy);
    CopySeed {
        row: copy as i64 + 1,
        server_id: server,
        library_row: Some(server * 10),
        light: Packed::from(&light),
        first_seen_at: 0,
        changed_at: 0,
        members: Box::default(),
    }
}

impl World {
    fn does(&mut self, step: &Step) {
        match step {
            Step::Comes(copy, name, ids) => {
                drop(self.copies.insert(*copy, seed(*copy, *name, *ids)))
            }
            Step::Goes(copy) => drop(self.copies.remove(copy)),
            Step::Removed(server) => self.copies.retain(|copy, _| copy % 2 != *server),
            Step::Joined(a, b) if a != b => self.joined.push((public(*a), public(*b))),
            Step::Parted(a, b) if a != b => self.parted.push((public(*a), public(*b))),
            Step::Joined(..) | Step::Parted(..) => {}
            Step::Undone => drop(self.parted.pop().or_else(|| self.joined.pop())),
            Step::Moves(copy) => {
                if let Some(seed) = self.copies.get_mut(copy) {
                    let home = seed.server_id * 10;
                    let at = seed.library_row == Some(home);
                    seed.library_row = Some(if at { home + 1 } else { home });
                }
            }
        }
    }

    /// The next snapshot, as the catalog makes it.
    fn snapshot(&self, remembered: &mut Remembered, at: i64) -> Snapshot {
        let servers = [1, 2].map(|id| ServerEntry {
            id,
            key: key(id),
            name: format!("server {id}"),
        });
        let source_libraries =
            [0u32, 0, 1, 1]
                .iter()
                .enumerate()
                .map(|(at, server)| SourceLibrary {
                    row: i64::from(*server + 1) * 10 + at as i64 % 2,
                    server: *server,
                    library_id: UpstreamId(Uuid::from_u128(500 + at as u128)),
                    id: PublicId(Uuid::from_u128(600 + at as u128)),
                    name: "Films".to_owned(),
                    collection_type: Some("movies".to_owned()),
                    body: None,
                });
        let source = |library| MergedSource {
            row: i64::from(library),
            library,
            priority: 0,
        };
        let library = MergedLibrary {
            row: 1,
            id: PublicId(Uuid::from_u128(1_000)),
            name: "Films".to_owned(),
            collection_type: "movies".to_owned(),
            strategy: crate::merge::Strategy::ProviderIds,
            policy: SourcePolicy::Priority,
            is_global: true,
            owner: None,
            sources: vec![source(0), source(2)],
        };
        let known = self.copies.values().cloned();
        let known = known.map(|seed| KnownCopy::of(seed, &servers, &ids()));
        let copies = known
            .collect::<Result<_, _>>()
            .expect("the servers are known");
        let (snapshot, changes) = build(Parts {
            servers: servers.to_vec(),
            source_libraries: source_libraries.collect(),
            merged_libraries: vec![library],
            copies,
            joined: &self.joined,
            parted: &self.parted,
            remembered,
            ids: &ids(),
            generation: at as u64,
        });
        remembered.apply(&changes, at);
        snapshot
    }
}

/// The copies of each item.
fn items(snapshot: &Snapshot) -> BTreeSet<Vec<PublicId>> {
    let each = snapshot.items.iter();
    each.map(|item| copies(snapshot, item)).collect()
}

fn copies(snapshot: &Snapshot, item: &Item) -> Vec<PublicId> {
    let mut ids: Vec<_> = item
        .copies
        .iter()
        .map(|copy| snapshot.copy(*copy).id)
        .collect();
    ids.sort_unstable();
    ids
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_way_leaves_no_trace_but_in_ids(steps in prop::collection::vec(step(), 1..24)) {
        let (mut world, mut remembered) = (World::default(), Remembered::default());
        let mut stood_for: BTreeMap<PublicId, BTreeSet<PublicId>> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            world.does(step);
            let now = world.snapshot(&mut remembered, at as i64 + 1);
            let anew = world.snapshot(&mut Remembered::default(), 1);
            prop_assert_eq!(items(&now), items(&anew), "after {:?}", step);
            for item in &now.items {
                stood_for.entry(item.id).or_default().extend(copies(&now, item));
            }
            for (id, stood) in &stood_for {
                let lives = stood.iter().any(|copy| world.copies.keys().any(|at| public(*at) == *copy));
                if !lives {
                    continue;
                }
                let Some(Target::Item(item)) = now.target(*id) else {
                    return Err(TestCaseError::fail(format!("{id} is dead after {step:?}")));
                };
                let opened = copies(&now, now.item(item));
                prop_assert!(opened.iter().any(|copy| stood.contains(copy)));
            }
            for copy in world.copies.keys() {
                let target = now.target(public(*copy));
                prop_assert!(matches!(target, Some(Target::Copy(_))), "copy {copy}: {target:?}");
            }
        }
    }
}
