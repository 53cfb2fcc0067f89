//! The grouping is a function of the set of copies: their order in memory means nothing.

use proptest::prelude::*;
use uuid::Uuid;

use super::{Decisions, OwnedCopies, OwnedCopy, Scope, edition, extend, group, name};
use crate::model::{ItemKind, ServerKey, UpstreamId};

const KINDS: &[ItemKind] = &[
    ItemKind::Movie,
    ItemKind::Movie,
    ItemKind::Series,
    ItemKind::Season,
    ItemKind::Episode,
    ItemKind::Episode,
    ItemKind::MusicAlbum,
    ItemKind::Audio,
    ItemKind::BoxSet,
    ItemKind::MusicArtist,
    ItemKind::Unknown,
];

/// Few values for everything, so that copies meet, fit doubly and contradict each other.
fn copy() -> impl Strategy<Value = OwnedCopy> {
    let numbers = (
        0..3i32,
        prop::option::of(0..3i32),
        prop::option::of(0..3i32),
        prop::option::of(0..4i32),
    );
    let ids = prop::collection::vec((0..5usize, 0..4u32), 0..3);
    let texts = (
        0..4usize,
        prop::option::of(0..4usize),
        prop::option::of(".{0,6}"),
    );
    (
        0..KINDS.len(),
        numbers,
        ids,
        texts,
        prop::option::of(0..4u32),
        prop::option::of(0..40u32),
    )
        .prop_map(
            |(kind, (year, season, episode, day), ids, (name, original, odd), library, parent)| {
                const NAMES: &[&str] = &["Lake", "The Lake", "Moor: Director's Cut", "Episode 1"];
                const PROVIDERS: &[&str] = &["Tmdb", "Imdb", "Tvdb", "MusicBrainzAlbum", "AniDB"];
                let name = odd.unwrap_or_else(|| NAMES[name].to_owned());
                let mut row = OwnedCopy::new(
                    ServerKey::default(),
                    UpstreamId::default(),
                    KINDS[kind],
                    name,
                );
                row.original_title = original.map(|at| NAMES[at].to_owned());
                row.year = (year > 0).then_some(1990 + year);
                row.season = season;
                row.episode = episode;
                row.episode_end = episode.map(|e| e + 1).filter(|e| e % 3 == 0);
                row.premiere_day = day;
                row.library = library;
                row.runtime_ticks = day.map(|day| i64::from(80 + day) * 600_000_000);
                row.people = vec![format!("Person {}", day.unwrap_or(0) % 2)];
                row.overview = original.map(|at| NAMES[at].repeat(4));
                row.series = parent;
                row.album = parent;
                row.provider_ids = ids
                    .into_iter()
                    .map(|(provider, id)| (PROVIDERS[provider].to_owned(), id.to_string()))
                    .collect();
                row
            },
        )
}

/// Text as no librarian writes it: empty, 10 kB long, from right to left, marks without letters.
fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("A".repeat(10_000)),
        Just("\u{202e}שלום עולם (1999)\u{202c}".to_owned()),
        Just("\u{301}\u{300}\u{200d}".to_owned()),
        Just("Part II: The (0000)".to_owned()),
        Just(", the".to_owned()),
        ".{0,12}",
        "\\PC{0,40}",
    ]
}

fn odd_copy() -> impl Strategy<Value = OwnedCopy> {
    let number = || {
        prop::option::of(prop_oneof![
            Just(i32::MIN),
            Just(-1),
            0..3i32,
            Just(9999),
            Just(i32::MAX)
        ])
    };
    let kinds = prop_oneof![0..KINDS.len()];
    let numbers = (number(), number(), number(), number(), number());
    let texts = (
        odd_text(),
        prop::option::of(odd_text()),
        prop::option::of(odd_text()),
        odd_text(),
    );
    let ids = prop::collection::vec(("Tmdb|Imdb|Tvdb|AniDB|.{0,5}", odd_text()), 0..4);
    let parents = (prop::option::of(0..30u32), prop::option::of(any::<u32>()));
    (
        kinds,
        numbers,
        texts,
        ids,
        parents,
        prop::option::of(any::<i64>()),
        any::<u128>(),
    )
        .prop_map(
            |(
                kind,
                (year, day, season, episode, end),
                (name, original, artist, overview),
                ids,
                (series, album),
                ticks,
                id,
            )| {
                let mut row = OwnedCopy::new(
                    ServerKey(Uuid::from_u128(id % 3)),
                    UpstreamId(Uuid::from_u128(id)),
                    KINDS[kind],
                    name,
                );
                row.year = year;
                row.premiere_day = day;
                row.season = season;
                row.episode = episode;
                row.episode_end = end;
                row.original_title = original;
                row.artist = artist;
                row.overview = Some(overview.clone());
                row.people = vec![overview.clone(), String::new()];
                row.genres = vec![overview];
                row.provider_ids = ids;
                row.series = series;
                row.album = album;
                row.runtime_ticks = ticks;
                row.library = Some((id % 2) as u32);
                row
            },
        )
}

type Case = (OwnedCopies, Vec<Scope>, Decisions, Vec<u32>);

fn case() -> impl Strategy<Value = Case> {
    let scope = (0..4usize, prop::collection::vec(0..4u32, 1..4));
    let pairs = || prop::collection::vec((0..40u32, 0..40u32), 0..3);
    (
        prop::collection::vec(copy(), 1..40),
        prop::collection::vec(scope, 1..4),
        (pairs(), pairs()),
        any::<u64>(),
    )
        .prop_map(|(mut rows, scopes, (joined, never), seed)| {
            let len = rows.len() as u32;
            for (at, row) in rows.iter_mut().enumerate() {
                row.server = ServerKey(Uuid::from_u128(row.library.unwrap_or(9).into()));
                row.id = UpstreamId(Uuid::from_u128(at as u128 * 7919 % 41));
            }
            let scopes = scopes
                .into_iter()
                .map(|(strategy, libraries)| Scope {
                    strategy: super::Strategy::ALL[strategy],
                    libraries,
                })
                .collect();
            let inside = |pairs: Vec<(u32, u32)>| {
                pairs.into_iter().map(|(a, b)| (a % len, b % len)).collect()
            };
            let decisions = Decisions {
                joined: inside(joined),
                never: inside(never),
            };
            let mut order: Vec<u32> = (0..len).collect();
            order.sort_by_key(|at| name::mix(seed ^ u64::from(*at)));
            (
                OwnedCopies {
                    rows,
                    unknown_is_video: seed.is_multiple_of(2),
                },
                scopes,
                decisions,
                order,
            )
        })
}

/// The same copies, held in `order`.
fn permuted((copies, scopes, decisions, order): &Case) -> Case {
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old as usize] = new as u32;
    }
    let moved = |at: u32| place.get(at as usize).copied().unwrap_or(at);
    let rows = order.iter().map(|old| {
        let mut row = copies.rows[*old as usize].clone();
        row.series = row.series.map(moved);
        row.album = row.album.map(moved);
        row
    });
    let pairs = |pairs: &[(u32, u32)]| {
        pairs
            .iter()
            .rev()
            .map(|(a, b)| (moved(*b), moved(*a)))
            .collect()
    };
    (
        OwnedCopies {
            rows: rows.collect(),
            unknown_is_video: copies.unknown_is_video,
        },
        scopes.iter().rev().cloned().collect(),
        Decisions {
            joined: pairs(&decisions.joined),
            never: pairs(&decisions.never),
        },
        order.clone(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_order_of_the_copies_means_nothing(case in case()) {
        let (copies, scopes, decisions, order) = &case;
        let (other_copies, other_scopes, other_decisions, _) = permuted(&case);
        let grouping = group(copies, scopes, decisions);
        let other = group(&other_copies, &other_scopes, &other_decisions);
        let back = |at: &u32| order[*at as usize];
        let groups: Vec<Vec<u32>> = grouping.groups().map(<[u32]>::to_vec).collect();
        let others: Vec<Vec<u32>> = other.groups().map(|g| g.iter().map(back).collect()).collect();
        prop_assert_eq!(groups, others);
        for group in 0..grouping.len() as u32 {
            let joins: Vec<_> = grouping.joins(group).iter().map(|j| (j.left, j.right, j.key)).collect();
            let others: Vec<_> =
                other.joins(group).iter().map(|j| (back(&j.left), back(&j.right), j.key)).collect();
            prop_assert_eq!(joins, others);
        }
        let conflicts: Vec<_> =
            grouping.conflicts().iter().map(|c| (c.left, c.right, c.key, c.ids.clone())).collect();
        let others: Vec<_> =
            other.conflicts().iter().map(|c| (back(&c.left), back(&c.right), c.key, c.ids.clone())).collect();
        prop_assert_eq!(conflicts, others);
    }

    #[test]
    fn groups_hold_together(case in case()) {
        let (copies, scopes, decisions, _) = &case;
        let grouping = group(copies, scopes, decisions);
        let mut seen = vec![false; copies.rows.len()];
        for (at, members) in grouping.groups().enumerate() {
            prop_assert!(!members.is_empty());
            prop_assert_eq!(grouping.joins(at as u32).len(), members.len() - 1);
            for member in members {
                prop_assert!(!std::mem::replace(&mut seen[*member as usize], true));
                prop_assert_eq!(grouping.group_of(*member), at as u32);
            }
            let told = |kind: ItemKind| kind != ItemKind::Unknown;
            let mut kinds: Vec<ItemKind> =
                members.iter().map(|m| copies.rows[*m as usize].kind).filter(|k| told(*k)).collect();
            kinds.dedup();
            prop_assert!(kinds.len() <= 1, "{kinds:?}");
        }
        prop_assert!(seen.iter().all(|seen| *seen));
        for (a, b) in &decisions.never {
            prop_assert!(a == b || !grouping.same(*a, *b));
        }
    }

    #[test]
    fn a_users_own_libraries_only_join(case in case(), own in 0..4u32) {
        let (copies, scopes, decisions, _) = &case;
        let base = group(copies, scopes, decisions);
        let scope = Scope { strategy: super::Strategy::NameYear, libraries: vec![own, (own + 1) % 4] };
        let mine = extend(copies, &base, &[scope], decisions);
        for members in base.groups() {
            prop_assert!(members.iter().all(|m| mine.same(*m, members[0])));
        }
        let nothing = extend(copies, &base, &[], decisions);
        prop_assert_eq!(
            base.groups().collect::<Vec<_>>(),
            nothing.groups().collect::<Vec<_>>()
        );
    }

    /// Half of the copies are gone, as if they had never been: those that are left are grouped as they
    /// are in any other order of theirs, with nothing but themselves.
    #[test]
    fn what_is_gone_leaves_no_trace(case in case(), gone in any::<u64>()) {
        let (copies, scopes, decisions, _) = &case;
        let stays = |at: u32| gone >> (at % 64) & 1 == 0;
        let kept: Vec<u32> = (0..copies.rows.len() as u32).filter(|at| stays(*at)).collect();
        let place = |at: u32| kept.iter().position(|old| *old == at).map(|new| new as u32);
        let pairs = |pairs: &[(u32, u32)]| -> Vec<(u32, u32)> {
            pairs.iter().filter_map(|(a, b)| Some((place(*a)?, place(*b)?))).collect()
        };
        let rows = kept.iter().map(|at| {
            let mut row = copies.rows[*at as usize].clone();
            row.series = row.series.and_then(place);
            row.album = row.album.and_then(place);
            row
        });
        let fewer = OwnedCopies { rows: rows.collect(), unknown_is_video: copies.unknown_is_video };
        let fewer_decisions = Decisions { joined: pairs(&decisions.joined), never: pairs(&decisions.never) };
        let meanwhile = group(&fewer, scopes, &fewer_decisions);
        prop_assert_eq!(meanwhile.groups().map(<[u32]>::len).sum::<usize>(), kept.len());
        let mut order: Vec<u32> = (0..kept.len() as u32).collect();
        order.sort_by_key(|at| name::mix(gone ^ u64::from(*at)));
        let fewer = (fewer, scopes.clone(), fewer_decisions, order);
        let (other_copies, other_scopes, other_decisions, order) = &permuted(&fewer);
        let other = group(other_copies, other_scopes, other_decisions);
        let back = |at: &u32| order[*at as usize];
        let others: Vec<Vec<u32>> = other.groups().map(|g| g.iter().map(back).collect()).collect();
        let groups: Vec<Vec<u32>> = meanwhile.groups().map(<[u32]>::to_vec).collect();
        prop_assert_eq!(groups, others);
    }

    /// Two worlds that share no name, id or number: the one does not matter to the other.
    #[test]
    fn what_shares_nothing_does_not_matter(one in case(), other in case()) {
        let (mut copies, scopes, decisions, _) = one;
        let here = copies.rows.len() as u32;
        for row in &mut copies.rows {
            row.series = row.series.filter(|at| *at < here);
            row.album = row.album.filter(|at| *at < here);
        }
        let alone = group(&copies, &scopes, &decisions);
        for row in &other.0.rows {
            let mut row = row.clone();
            row.id = UpstreamId(Uuid::from_u128(row.id.0.as_u128() + 1_000));
            row.name = format!("Elsewhere {}", row.name);
            row.original_title = row.original_title.map(|title| format!("Elsewhere {title}"));
            row.year = row.year.map(|year| year + 50);
            row.premiere_day = row.premiere_day.map(|day| day + 20_000);
            row.people = row.people.iter().map(|name| format!("Other {name}")).collect();
            row.series = row.series.map(|at| at + here);
            row.album = row.album.map(|at| at + here);
            for (_, id) in &mut row.provider_ids {
                *id = format!("{}", 1_000 + id.parse::<u32>().unwrap_or(7));
            }
            copies.rows.push(row);
        }
        let together = group(&copies, &scopes, &decisions);
        let ours: Vec<&[u32]> = together.groups().filter(|group| group[0] < here).collect();
        prop_assert_eq!(alone.groups().collect::<Vec<_>>(), ours);
    }

    #[test]
    fn no_copy_is_too_odd(rows in prop::collection::vec(odd_copy(), 1..24), strategy in 0..4usize) {
        let len = rows.len();
        let copies = OwnedCopies { rows, unknown_is_video: true };
        let scope = Scope { strategy: super::Strategy::ALL[strategy], libraries: vec![0, 1] };
        let grouping = group(&copies, &[scope], &Decisions::default());
        prop_assert_eq!(grouping.groups().map(<[u32]>::len).sum::<usize>(), len);
        for at in 0..grouping.len() as u32 {
            for join in grouping.joins(at) {
                let _ = grouping.describe(join, &copies);
            }
        }
    }

    #[test]
    fn any_name_can_be_folded(text in "\\PC{0,60}") {
        let folded = name::fold(&text);
        prop_assert_eq!(name::fold(&folded), folded.clone());
        let _ = edition::split(&text);
        let _ = name::normalized(&text);
    }
}
