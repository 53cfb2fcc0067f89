//! A library that changes step by step is grouped as one that is grouped from scratch.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::{Strategy, *};
use uuid::Uuid;

use super::*;
use crate::merge::{Conflict, Copy, Join, OwnedCopies, OwnedCopy, Scope, group, group_and_keep};
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// Places that copies may take.
const PLACES: usize = 70;

/// Copies at their places; a parent that is not there is none.
#[derive(Clone)]
struct World {
    rows: OwnedCopies,
    is_there: Vec<bool>,
}

impl Copies for World {
    fn len(&self) -> usize {
        PLACES
    }
    fn is_there(&self, index: u32) -> bool {
        self.is_there[index as usize]
    }
    fn copy(&self, index: u32) -> Copy<'_> {
        assert!(self.is_there(index), "nobody is at {index}");
        let mut copy = self.rows.copy(index);
        copy.series = copy.series.filter(|at| self.is_there(*at));
        copy.album = copy.album.filter(|at| self.is_there(*at));
        copy
    }
    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        self.rows.provider_ids(index, each);
    }
    fn people(&self, index: u32, each: &mut dyn FnMut(&str)) {
        self.rows.people(index, each);
    }
    fn overview(&self, index: u32) -> Option<Cow<'_, str>> {
        self.rows.overview(index)
    }
}

impl World {
    fn names(&self, child: u32, parent: u32) -> bool {
        let row = &self.rows.rows[child as usize];
        self.is_there(child) && (row.series == Some(parent) || row.album == Some(parent))
    }

    fn children(&self, parent: u32) -> Vec<u32> {
        (0..PLACES as u32)
            .filter(|child| self.names(*child, parent))
            .collect()
    }
}

/// So many values that some copies meet and most do not.
fn copy() -> impl Strategy<Value = OwnedCopy> {
    const KINDS: &[ItemKind] = &[
        ItemKind::Movie,
        ItemKind::Movie,
        ItemKind::Series,
        ItemKind::Series,
        ItemKind::Season,
        ItemKind::Episode,
        ItemKind::Episode,
        ItemKind::Episode,
        ItemKind::MusicAlbum,
        ItemKind::Audio,
        ItemKind::MusicArtist,
        ItemKind::BoxSet,
        ItemKind::Folder,
    ];
    const PROVIDERS: &[&str] = &[
        "Tmdb",
        "Imdb",
        "Tvdb",
        "MusicBrainzAlbum",
        "MusicBrainzRecording",
        "MusicBrainzReleaseGroup",
        "AniDB",
        "anidb",
    ];
    let numbers = (
        0..5i32,
        prop::option::of(0..3i32),
        prop::option::of(0..4i32),
        prop::option::of(0..4i32),
    );
    // The last two providers are seldom: whoever brings or takes the only one makes everything anew.
    let ids = prop::collection::vec((0..50usize, 0..9u32), 0..3);
    let texts = (
        0..14usize,
        prop::option::weighted(0.2, 0..14usize),
        prop::option::of(0..3usize),
    );
    let places = (
        prop::option::weighted(0.9, 0..4u32),
        prop::option::of(0..PLACES as u32),
    );
    (0..KINDS.len(), numbers, ids, texts, places).prop_map(
        |(kind, (year, season, episode, day), ids, (name, original, artist), (library, parent))| {
            let named = |at: usize| format!("{}Lake {}", ["", "The "][at % 2], at / 2);
            let mut row = OwnedCopy::new(
                ServerKey::default(),
                UpstreamId::default(),
                KINDS[kind],
                named(name),
            );
            row.original_title = original.map(named);
            row.artist = artist.map(|at| format!("Artist {at}"));
            row.year = (year > 0).then_some(1990 + year);
            (row.season, row.episode, row.premiere_day) = (season, episode, day);
            row.episode_end = episode.map(|e| e + 1).filter(|e| e % 3 == 0);
            row.library = library;
            row.people = vec![format!("Person {}", name % 3)];
            (row.series, row.album) = (parent, parent);
            let provider = |at: usize| PROVIDERS[if at < 48 { at % 6 } else { at - 42 }];
            row.provider_ids = ids
                .into_iter()
                .map(|(at, id)| (provider(at).to_owned(), id.to_string()))
                .collect();
            row
        },
    )
}

/// The first places hold series and albums, which the others name: most parents are what they must be.
fn at_place(at: usize, mut row: OwnedCopy) -> OwnedCopy {
    if at < 12 && row.kind != ItemKind::Movie {
        row.kind = if at < 8 {
            ItemKind::Series
        } else {
            ItemKind::MusicAlbum
        };
        row.name = format!("Show {}", row.year.unwrap_or(0) % 2);
        row.year = Some(1990 + row.year.unwrap_or(0) % 2);
    }
    row.series = row.series.map(|at| at % 8);
    row.album = row.album.map(|at| 8 + at % 4);
    row.server = ServerKey(Uuid::from_u128((at % 3) as u128));
    row.id = UpstreamId(Uuid::from_u128(at as u128 * 7919 % 71));
    row
}

/// A few places become another copy, or free.
type Step = Vec<(usize, Option<OwnedCopy>)>;

fn step(copy: impl Strategy<Value = OwnedCopy>) -> impl Strategy<Value = Step> {
    prop::collection::vec((0..PLACES, prop::option::weighted(0.75, copy)), 1..4)
}

/// Films that nearly all share a block, about as many as a block may hold; few tell an id.
fn lookalike() -> impl Strategy<Value = OwnedCopy> {
    const NAMES: &[&str] = &[
        "Lake House",
        "The Lake House",
        "Lake House II",
        "Lake House 2",
        "Lake Houses",
        "Lake House Returns",
        "Das Haus am See",
    ];
    const KINDS: &[ItemKind] = &[ItemKind::Movie, ItemKind::Series, ItemKind::Episode];
    let numbers = (
        prop::sample::select(vec![1990, 1990, 1990, 1990, 1990, 1990, 1990, 1991, 0]),
        prop::option::of(0..3i32),
        prop::option::weighted(0.2, 1..3i32),
        prop::option::of(89..92i64),
    );
    let texts = (
        0..NAMES.len(),
        prop::option::weighted(0.2, 0..NAMES.len()),
        prop::collection::vec(0..4usize, 0..3),
        prop::option::of(0..3usize),
    );
    let ids = prop::collection::vec((0..3usize, 0..6u32), 0..2);
    let ids = prop::option::weighted(0.2, ids);
    let kind = prop::sample::select(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    (kind, numbers, texts, ids, 0..3u32).prop_map(
        |(kind, (year, day, number, minutes), (name, original, people, plot), ids, library)| {
            let nobody = (ServerKey::default(), UpstreamId::default());
            let mut row = OwnedCopy::new(nobody.0, nobody.1, KINDS[kind], NAMES[name]);
            row.original_title = original.map(|at| NAMES[at].to_owned());
            row.year = (year > 0).then_some(year);
            row.premiere_day = day.map(|day| 7_400 + 3 * day);
            row.runtime_ticks = minutes.map(|minutes| minutes * 600_000_000);
            row.people = people.iter().map(|at| format!("Person {at}")).collect();
            row.overview = plot.map(|at| {
                format!("Plot number{at} about house{at} lakes{at} water{at} people{at} hidden{at}")
            });
            if kind == 2 {
                (row.season, row.episode) = (number, number);
            }
            row.library = Some(library);
            let provider = |at: usize| ["Tmdb", "Imdb", "Tvdb"][at].to_owned();
            let ids = ids.into_iter().flatten();
            row.provider_ids = ids.map(|(at, id)| (provider(at), id.to_string())).collect();
            row
        },
    )
}

/// What can be told of a grouping, by its copies.
#[derive(Debug, Default, PartialEq)]
struct Told {
    /// By the first copy.
    groups: BTreeMap<u32, (Vec<u32>, Vec<Join>)>,
    conflicts: BTreeSet<String>,
    conflicts_of: BTreeMap<u32, Vec<String>>,
}

impl Told {
    fn take(&mut self, grouping: &Grouping) {
        let held: HashSet<u32> = grouping.groups().flatten().copied().collect();
        self.groups.retain(|_, (copies, _)| {
            let inside = copies.iter().filter(|copy| held.contains(copy)).count();
            assert!(inside == 0 || inside == copies.len(), "half of a group");
            inside == 0
        });
        for copy in &held {
            for conflict in self.conflicts_of.remove(copy).unwrap_or_default() {
                self.conflicts.remove(&conflict);
            }
        }
        for (at, copies) in grouping.groups().enumerate() {
            let joins = grouping.joins(at as u32).to_vec();
            self.groups.insert(copies[0], (copies.to_vec(), joins));
        }
        for conflict in grouping.conflicts() {
            let Conflict {
                left,
                right,
                key,
                ids,
                joined,
                ..
            } = conflict;
            let text = format!("{left} {right} {key:?} {ids:?} {joined}");
            self.conflicts_of
                .entry(*left)
                .or_default()
                .push(text.clone());
            self.conflicts.insert(text);
        }
    }

    fn forget(&mut self, gone: u32) {
        self.groups.retain(|_, (copies, _)| !copies.contains(&gone));
        for conflict in self.conflicts_of.remove(&gone).unwrap_or_default() {
            self.conflicts.remove(&conflict);
        }
    }

    fn of(grouping: &Grouping) -> Self {
        let mut told = Self::default();
        told.take(grouping);
        told
    }
}

/// A library and what happens to it; scopes and pairs that are decided stay.
struct History {
    first: Vec<Option<OwnedCopy>>,
    steps: Vec<Step>,
    scopes: Vec<Scope>,
    joined: Vec<(u32, u32)>,
    never: Vec<(u32, u32)>,
}

/// Plays a history both ways.
fn is_as_from_scratch(history: History) {
    let History {
        first,
        steps,
        scopes,
        joined,
        never,
    } = history;
    let nobody = || {
        OwnedCopy::new(
            ServerKey::default(),
            UpstreamId::default(),
            ItemKind::Folder,
            "",
        )
    };
    let mut world = World {
        is_there: first.iter().map(Option::is_some).collect(),
        rows: OwnedCopies {
            rows: first
                .into_iter()
                .map(|row| row.unwrap_or_else(nobody))
                .collect(),
            unknown_is_video: false,
        },
    };
    let decided = |world: &World| {
        let pairs = |pairs: &[(u32, u32)]| -> Vec<(u32, u32)> {
            let is_there = |at: &u32| world.is_there(*at);
            pairs
                .iter()
                .copied()
                .filter(|(a, b)| a != b && is_there(a) && is_there(b))
                .collect()
        };
        Decisions {
            joined: pairs(&joined),
            never: pairs(&never),
        }
    };
    let (grouping, mut neighbours) = group_and_keep(&world, &scopes, &decided(&world));
    let mut told = Told::of(&grouping);
    for step in steps {
        let before = world.clone();
        let mut changed: BTreeSet<u32> = BTreeSet::new();
        for (at, row) in step {
            let was = (world.is_there[at], world.rows.rows[at].kind);
            world.is_there[at] = row.is_some();
            world.rows.rows[at] = row.unwrap_or_else(nobody);
            changed.insert(at as u32);
            if was != (world.is_there[at], world.rows.rows[at].kind) {
                let named = (0..PLACES as u32).filter(|child| world.names(*child, at as u32));
                changed.extend(named);
            }
        }
        let children = |at: u32| before.children(at);
        let were = changed.iter().copied().filter(|at| before.is_there(*at));
        let mut affected = neighbours.around(&before, &decided(&before), were, children);
        affected.extend(&changed);
        let changed: Vec<u32> = changed.into_iter().collect();
        let are_same = neighbours.take(&changed, &before, &world, &mut affected);
        for at in changed.iter().filter(|at| !world.is_there(**at)) {
            told.forget(*at);
        }
        let whole = group(&world, &scopes, &decided(&world));
        if are_same {
            // A gone copy's group is told anew.
            told.groups
                .retain(|_, (copies, _)| copies.iter().all(|copy| world.is_there(*copy)));
            let children = |at: u32| world.children(at);
            let part = regroup(
                &world,
                &decided(&world),
                &neighbours,
                affected,
                children,
                usize::MAX,
            );
            told.take(&part.expect("there is no bound"));
        } else {
            let (grouping, anew) = group_and_keep(&world, &scopes, &decided(&world));
            neighbours = anew;
            told = Told::of(&grouping);
        }
        assert_eq!(&told, &Told::of(&whole));
    }
}

fn pairs() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0..PLACES as u32, 0..PLACES as u32), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn step_by_step_is_as_from_scratch(
        first in prop::collection::vec(prop::option::weighted(0.7, copy()), PLACES),
        steps in prop::collection::vec(step(copy()), 1..8),
        scopes in prop::collection::vec((0..8usize, prop::collection::vec(0..4u32, 1..4)), 1..4),
        joined in pairs(),
        never in pairs(),
    ) {
        use crate::merge::Strategy as By;
        let strategies = [By::ProviderIds, By::ProviderIds, By::ProviderIds, By::NameYear, By::NameYear, By::NameYear, By::Smart, By::None];
        let scopes = scopes.into_iter().map(|(strategy, libraries)| Scope {
            strategy: strategies[strategy],
            libraries,
        });
        let first = first.into_iter().enumerate().map(|(at, row)| Some(at_place(at, row?)));
        let placed = |step: Step| -> Step {
            step.into_iter().map(|(at, row)| (at, row.map(|row| at_place(at, row)))).collect()
        };
        is_as_from_scratch(History {
            first: first.collect(),
            steps: steps.into_iter().map(placed).collect(),
            scopes: scopes.collect(),
            joined,
            never,
        });
    }
}

proptest! {
    // Each looks at thousands of pairs.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_step_by_step_are_as_from_scratch(
        first in prop::collection::vec(prop::option::weighted(0.8, lookalike()), PLACES),
        steps in prop::collection::vec(step(lookalike()), 1..12),
        joined in pairs(),
        never in pairs(),
    ) {
        use crate::merge::Strategy as By;
        let scopes = [(By::Smart, vec![0, 1]), (By::Smart, vec![2]), (By::ProviderIds, vec![1, 2])];
        let scopes = scopes.map(|(strategy, libraries)| Scope { strategy, libraries });
        let located = |at: usize, mut row: OwnedCopy| {
            row.server = ServerKey(Uuid::from_u128((at % 3) as u128));
            row.id = UpstreamId(Uuid::from_u128(at as u128 * 7919 % 71));
            row
        };
        let first = first.into_iter().enumerate().map(|(at, row)| Some(located(at, row?)));
        let placed = |step: Step| -> Step {
            step.into_iter().map(|(at, row)| (at, row.map(|row| located(at, row)))).collect()
        };
        is_as_from_scratch(History {
            first: first.collect(),
            steps: steps.into_iter().map(placed).collect(),
            scopes: scopes.to_vec(),
            joined,
            never,
        });
    }
}
