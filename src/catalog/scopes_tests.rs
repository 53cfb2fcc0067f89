//! What is carried over from snapshot to snapshot is what would be made anew: lists, views, names, leads.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, *};

use super::*;
use crate::accounts::{Link, LinkState, SessionInfo};
use crate::catalog::identity::Remembered;
use crate::catalog::names::NameEntry;
use crate::catalog::scope::{Entry, Scope, ServersNow};
use crate::catalog::snapshot::made_up::{COPIES, Told, World, ids, public, seed, told};
use crate::catalog::snapshot::{Change, Chosen, CopySeed, Strategy as By, begin, update};
use crate::catalog::watch::{ItemState, UserItems};
use crate::jellyfin::Account;
use crate::model::{
    ItemFilter, ItemKind, ItemQuery, ItemSort, NameKind, Page, Secret, SortBy, SortOrder,
    UpstreamId,
};
use crate::wire::Packed;

/// Copies that come or change, copies that go, and copies that a server shows or hides.
type Step = (Vec<(usize, Told)>, Vec<usize>, Vec<usize>);

fn step() -> impl Strategy<Value = Step> {
    let some = |most: usize| prop::collection::vec(0..COPIES, 0..most);
    let changes = prop::collection::vec((0..COPIES, told()), 0..4);
    (changes, some(3), some(2))
}

/// With what lists are filtered and sorted by.
fn full(copy: usize, row: i64, told: &Told) -> CopySeed {
    let mut seed = seed(copy, row, told);
    let mut light = seed.light.unpack();
    let word = |at: i32| ["Drama", "Comedy", "War"][at as usize % 3].into();
    let year = light.production_year.unwrap_or(0);
    light.genres = vec![word(year)];
    light.run_time_ticks = Some(i64::from(year % 7));
    light.is_folder = light.kind.is_folder();
    seed.light = Packed::from(&light);
    seed
}

fn viewer() -> Arc<Viewer> {
    let link = |id: i64| Link {
        id,
        server_id: id,
        account: Account {
            user_id: UpstreamId::random(),
            token: Secret::new("t"),
            device_id: String::new(),
            link: Some(id),
        },
        state: LinkState::Active,
        shared: false,
    };
    Arc::new(Viewer {
        user_id: PublicId::default(),
        name: "ann".to_owned(),
        is_administrator: false,
        session: SessionInfo {
            id: PublicId::default(),
            device_id: String::new(),
            device_name: String::new(),
            client: String::new(),
            version: String::new(),
        },
        settings: serde_json::Value::Null,
        source_policy: None,
        links: Arc::from([link(1), link(2)]),
    })
}

/// What the servers do not show any more.
#[derive(Default)]
struct Hidden {
    copies: BTreeSet<usize>,
    /// Whose links are refused.
    servers: BTreeSet<i64>,
    /// By their places.
    libraries: BTreeSet<usize>,
}

impl Hidden {
    fn turn(&mut self, rights: Rights) {
        match rights {
            Rights::Links(servers) => {
                let servers = servers.iter();
                servers.for_each(|server| turn(&mut self.servers, *server));
            }
            Rights::Library(at) => turn(&mut self.libraries, at),
        }
    }
}

fn turn<T: Ord + Copy>(hidden: &mut BTreeSet<T>, one: T) {
    if !hidden.remove(&one) {
        hidden.insert(one);
    }
}

/// What a server refuses, or allows again.
#[derive(Debug, Clone, Copy)]
enum Rights {
    Links(&'static [i64]),
    Library(usize),
}

fn rights() -> impl Strategy<Value = Vec<Option<Rights>>> {
    let links: &[&[i64]] = &[&[1], &[2], &[1, 2]];
    let links = prop::sample::select(links);
    let libraries = (0..4usize).prop_map(Rights::Library);
    let one = prop_oneof![links.prop_map(Rights::Links), libraries];
    let some = prop::option::weighted(0.5, one);
    let none = prop::collection::vec(Just(None), 16);
    prop_oneof![none, prop::collection::vec(some, 16)]
}

fn access(generation: u64, world: &World, hidden: &Hidden) -> Access {
    let link = |server_id: i64| {
        let seen = world.copies.iter();
        let seen =
            seen.filter(|(at, copy)| copy.server_id() == server_id && !hidden.copies.contains(at));
        let libraries = (0..4).filter(|at| !hidden.libraries.contains(at));
        LinkAccess {
            server_id,
            copies: seen.map(|(_, copy)| copy.row() as u32).collect(),
            libraries: libraries
                .map(|at| UpstreamId(uuid::Uuid::from_u128(500 + at as u128)))
                .collect(),
        }
    };
    let links = [1, 2].into_iter();
    let links = links.filter(|server| !hidden.servers.contains(server));
    Access {
        generation,
        links: links
            .map(|server| (server, Arc::new(link(server))))
            .collect(),
    }
}

fn scope(projection: Arc<Projection>) -> Scope {
    Scope {
        viewer: viewer(),
        projection,
        user_items: Arc::new(UserItems::default()),
        servers: ServersNow::default(),
    }
}

fn queries(snapshot: &Snapshot) -> Vec<ItemQuery> {
    let all = ItemFilter {
        recursive: true,
        random_seed: Some(3),
        ..ItemFilter::default()
    };
    let of = |library: usize| ItemFilter {
        parent_id: Some(snapshot.merged_libraries[library].id),
        ..all.clone()
    };
    let filters = [
        all.clone(),
        of(0),
        of(1),
        ItemFilter {
            kinds: vec![ItemKind::Movie, ItemKind::Episode],
            ..all.clone()
        },
        ItemFilter {
            genres: vec!["Drama".to_owned()],
            ..of(0)
        },
        ItemFilter {
            recursive: false,
            ..of(1)
        },
        ItemFilter {
            min_copies: Some(2),
            ..all.clone()
        },
        ItemFilter {
            search: Some("name".to_owned()),
            ..all
        },
    ];
    let sorts = [
        (SortBy::SortName, SortOrder::Ascending),
        (SortBy::ProductionYear, SortOrder::Descending),
        (SortBy::SeriesSortName, SortOrder::Ascending),
        (SortBy::Random, SortOrder::Ascending),
        (SortBy::IsPlayed, SortOrder::Ascending),
        (SortBy::Copies, SortOrder::Descending),
        (SortBy::Size, SortOrder::Descending),
    ];
    let queries = filters.iter().flat_map(|filter| {
        let sorts = sorts.iter();
        sorts.map(|(by, order)| ItemQuery {
            filter: filter.clone(),
            sort: vec![ItemSort {
                by: *by,
                order: *order,
            }],
        })
    });
    queries.collect()
}

/// What somebody sees who knows no places.
#[derive(Debug, PartialEq)]
struct Seen {
    lists: Vec<Vec<String>>,
    views: Vec<String>,
    names: Vec<NameEntry>,
    counts: Vec<usize>,
}

fn seen(scope: &Scope) -> Seen {
    let snapshot = scope.snapshot();
    let text = |entry: &Entry| match entry {
        Entry::Item(entry) => {
            let lead = snapshot.copy(entry.lead).id;
            assert_eq!(snapshot.item_of(entry.lead), entry.item);
            format!("{} {lead} {}", entry.id, entry.single)
        }
        other => format!("{other:?}"),
    };
    let list = |query: &ItemQuery| -> Vec<String> {
        let page = match query::run(scope, query, Page::default()) {
            Ok(page) => page,
            // A library that is no view for now.
            Err(error) => return vec![error.to_string()],
        };
        assert_eq!(page.total, page.entries.len());
        page.entries.iter().map(text).collect()
    };
    let libraries =
        [None, Some(0), Some(1)].map(|at| at.map(crate::catalog::snapshot::LibraryRef::Merged));
    let names = scope.projection.names();
    let kinds = [NameKind::Genre, NameKind::Year];
    let all = kinds.into_iter().flat_map(|kind| names.of_kind(kind));
    Seen {
        lists: queries(snapshot).iter().map(list).collect(),
        views: scope
            .views()
            .iter()
            .map(|view| format!("{view:?}"))
            .collect(),
        names: all.map(|name| names.entry(name).clone()).collect(),
        counts: libraries
            .map(|at| scope.projection.members(at).count())
            .to_vec(),
    }
}

#[test]
fn sets_that_hold_each_other_and_themselves_are_counted_once() {
    let ids = ids();
    let mut world = World::default();
    // Two sets and a film on one server: each set holds both sets and the film.
    for copy in [6, 8, 10] {
        let told = Told {
            kind: if copy == 10 { 0 } else { 6 },
            name: copy,
            members: vec![6, 8, 10],
            // The film has a file.
            version: (copy == 10).then_some(0),
            number: Some(1),
            ..Told::default()
        };
        world.put(copy, &told, full);
    }
    let by = [By::ProviderIds, By::ProviderIds];
    let (snapshot, _, _) = begin(world.parts(&by, &Remembered::default(), &ids, 1));
    let snapshot = Arc::new(snapshot);
    let set = AccessSet::whole(&snapshot);
    let scope = scope(Arc::new(Projection::new(snapshot, set, None, ids)));
    let sets = scope.projection.members(None);
    let sets = sets.iter().filter(|entry| {
        let kind = scope.snapshot().item(entry.item).kind;
        kind == ItemKind::BoxSet
    });
    let counts: Vec<_> = sets
        .map(|entry| ItemState::of(&scope, &entry).unplayed)
        .collect();
    assert_eq!(counts, [Some((1, 1)), Some((1, 1))]);
    let sizes = scope.projection.members(None);
    let sizes: Vec<i64> = sizes.iter().map(|entry| scope.size(&entry)).collect();
    assert_eq!(sizes, [1 << 10; 3], "of the film");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn carried_over_is_as_made_anew(
        steps in prop::collection::vec(step(), 1..16),
        strategies in prop_oneof![
            Just([By::ProviderIds, By::ProviderIds]),
            Just([By::NameYear, By::None]),
        ],
        looks in prop::collection::vec(any::<bool>(), 16),
        leads in prop::collection::vec(prop::option::weighted(0.2, 0..COPIES), 16),
        rights in rights(),
        most in prop_oneof![4 => Just(MOST), 1 => 0..8usize],
        owns in prop::bool::weighted(0.1),
    ) {
        let ids = ids();
        let mut world = World::default();
        let mut hidden = Hidden::default();
        let parts = |world: &World, known: &Remembered, generation| {
            let mut parts = world.parts(&strategies, known, &ids, generation);
            if owns {
                let own = &mut parts.merged_libraries[1];
                (own.is_global, own.owner) = (false, Some(PublicId::default()));
                own.strategy = By::NameYear;
            }
            begin(parts)
        };
        let mut chosen = Chosen::default();
        let mut known = Remembered::default();
        let (first, changes, ledger) = parts(&world, &known, 1);
        known.apply(&changes, 0);
        let (mut current, mut ledger) = (Arc::new(first), Some(ledger));
        let new = || Projections::new(ids.clone(), &Metrics::default());
        let projections = Projections { most, ..new() };
        let viewer = viewer();
        let (mut shown, mut carried) = (access(0, &world, &hidden), 0);
        for (at, (come, go, turned)) in steps.iter().enumerate() {
            let (upserted, removed) = world.step(come, go, full);
            let change = Change {
                upserted: &upserted,
                removed: &removed,
                renewed: &[],
                joined: &[],
                parted: &[],
                remembered: &known,
                ids: &ids,
                most: usize::MAX,
            };
            let next = ledger.as_mut().and_then(|ledger| update(&current, ledger, &change));
            let (next, changes) = next.unwrap_or_else(|| {
                let generation = current.generation + 1;
                let (next, changes, new) = parts(&world, &known, generation);
                ledger = Some(new);
                (next, changes)
            });
            known.apply(&changes, at as i64);
            chosen.leads.extend(leads[at].map(public));
            let mut next = next;
            next.choose(&chosen);
            current = Arc::new(next);
            for copy in turned {
                turn(&mut hidden.copies, *copy);
            }
            rights[at].into_iter().for_each(|rights| hidden.turn(rights));
            // New copies are seen, or nothing is said of them.
            if !turned.is_empty() || !upserted.is_empty() || rights[at].is_some() {
                shown = access(shown.generation + 1, &world, &hidden);
            }
            // Sometimes nobody looks for a while.
            if !looks[at] {
                continue;
            }
            let found = projections.of(&viewer, &current, &shown);
            carried += found.version();
            let set = AccessSet::of(&current, shown.links.values().map(AsRef::as_ref));
            prop_assert!(found.access == set);
            let anew = new().of(&viewer, &current, &shown);
            let (found, anew) = (scope(found), scope(anew));
            prop_assert_eq!(seen(&found), seen(&anew), "after step {}", at);
        }
        let looked = looks.iter().take(steps.len()).filter(|looks| **looks).count();
        let steady = most == MOST && !owns && rights.iter().all(Option::is_none);
        prop_assert!(!steady || looked < 8 || carried > 0, "nothing was carried over");
    }
}
