//! Copies as no librarian writes them: each is in exactly one group, and their order means nothing.
//!
//! A case is text. The first line has the libraries, pairs joined by hand and pairs kept apart:
//! `p01;s12<TAB>0-1<TAB>2-3` (a letter for the strategy, a digit for each source library). Every further
//! line is a copy, its fields parted by tabs; what cannot be read is absent.

use manyfin::merge::{
    Decisions, Grouping, OwnedCopies, OwnedCopy, Scope, Strategy, explain, extend, group, preview,
};
use manyfin::model::{ItemKind, ServerKey, UpstreamId};
use uuid::Uuid;

/// More copies only cost time.
const MOST: usize = 40;

struct Case {
    copies: OwnedCopies,
    scopes: Vec<Scope>,
    decisions: Decisions,
}

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(mut case) = read(&text) else { return };
    holds(&case);
    for strategy in Strategy::ALL {
        case.scopes = vec![Scope {
            strategy,
            libraries: (0..10).collect(),
        }];
        holds(&case);
    }
}

fn read(text: &str) -> Option<Case> {
    let mut lines = text.split('\n');
    let mut head = lines.next()?.split('\t');
    let rows: Vec<OwnedCopy> = lines.enumerate().map(|(at, line)| copy(at, line)).collect();
    if rows.is_empty() || rows.len() > MOST {
        return None;
    }
    let scopes = head.next().unwrap_or_default().split(';').take(4);
    let scopes = scopes.filter_map(scope).collect();
    let len = rows.len() as u32;
    let mut pairs = || -> Vec<(u32, u32)> {
        let pairs = head.next().unwrap_or_default().split(',').take(8);
        pairs
            .filter_map(|pair| {
                let (a, b) = pair.split_once('-')?;
                Some((a.parse::<u32>().ok()? % len, b.parse::<u32>().ok()? % len))
            })
            .collect()
    };
    let decisions = Decisions {
        joined: pairs(),
        never: pairs(),
    };
    Some(Case {
        copies: OwnedCopies {
            unknown_is_video: len.is_multiple_of(2),
            rows,
        },
        scopes,
        decisions,
    })
}

fn scope(text: &str) -> Option<Scope> {
    let mut letters = text.chars();
    let strategy = match letters.next()? {
        'p' => Strategy::ProviderIds,
        'n' => Strategy::NameYear,
        's' => Strategy::Smart,
        _ => Strategy::None,
    };
    let libraries = letters.filter_map(|letter| letter.to_digit(10)).collect();
    Some(Scope {
        strategy,
        libraries,
    })
}

fn copy(at: usize, line: &str) -> OwnedCopy {
    let fields: Vec<&str> = line.split('\t').collect();
    let text = |at: usize| fields.get(at).copied().unwrap_or_default();
    let maybe = |at: usize| Some(text(at)).filter(|t| !t.is_empty()).map(str::to_owned);
    let number = |at: usize| text(at).parse::<i32>().ok();
    let place = |at: usize| text(at).parse::<u32>().ok();
    let list = |at: usize| -> Vec<String> {
        let parts = text(at).split('|').filter(|part| !part.is_empty());
        parts.take(12).map(str::to_owned).collect()
    };
    // Spread over the ids, so that the order of the lines is not the order of the copies.
    let id = (at as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let server = text(17).parse::<u8>().unwrap_or_default() % 4;
    OwnedCopy {
        original_title: maybe(2),
        year: number(3),
        premiere_day: number(4),
        season: number(5),
        episode: number(6),
        episode_end: number(7),
        series: place(8),
        album: place(9),
        artist: maybe(10),
        runtime_ticks: text(11).parse().ok(),
        library: place(12),
        provider_ids: list(13)
            .into_iter()
            .filter_map(|pair| {
                let (provider, id) = pair.split_once('=')?;
                Some((provider.to_owned(), id.to_owned()))
            })
            .collect(),
        people: list(14),
        genres: list(15),
        overview: maybe(16),
        ..OwnedCopy::new(
            ServerKey(Uuid::from_u128(u128::from(server) + 1)),
            UpstreamId(Uuid::from_u128(id)),
            text(0).parse().unwrap_or(ItemKind::Unknown),
            text(1),
        )
    }
}

fn holds(case: &Case) {
    let grouping = group(&case.copies, &case.scopes, &case.decisions);
    each_copy_is_in_one_group(case, &grouping);
    the_order_means_nothing(case, &grouping);
    own_libraries_only_join(case, &grouping);
    everything_can_be_told(case, &grouping);
}

fn each_copy_is_in_one_group(case: &Case, grouping: &Grouping) {
    let mut seen = vec![false; case.copies.rows.len()];
    for (at, members) in grouping.groups().enumerate() {
        assert_eq!(
            grouping.joins(at as u32).len() + 1,
            members.len(),
            "joins reach all"
        );
        for member in members {
            assert!(
                !std::mem::replace(&mut seen[*member as usize], true),
                "in two groups"
            );
            assert_eq!(grouping.group_of(*member), at as u32);
        }
    }
    assert!(seen.iter().all(|seen| *seen), "in no group");
    for (a, b) in &case.decisions.never {
        assert!(a == b || !grouping.same(*a, *b), "kept apart by hand");
    }
}

fn the_order_means_nothing(case: &Case, grouping: &Grouping) {
    let len = case.copies.rows.len() as u32;
    let mut order: Vec<u32> = (0..len).collect();
    order.sort_by_key(|at| (at + 77).wrapping_mul(0x9e37_79b1));
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old as usize] = new as u32;
    }
    // A parent that is not there stays one that is not there.
    let moved = |at: u32| place.get(at as usize).copied().unwrap_or(at);
    let rows = order.iter().map(|old| {
        let mut row = case.copies.rows[*old as usize].clone();
        row.series = row.series.map(moved);
        row.album = row.album.map(moved);
        row
    });
    let pairs = |pairs: &[(u32, u32)]| pairs.iter().map(|(a, b)| (moved(*b), moved(*a))).collect();
    let copies = OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: case.copies.unknown_is_video,
    };
    let decisions = Decisions {
        joined: pairs(&case.decisions.joined),
        never: pairs(&case.decisions.never),
    };
    let scopes: Vec<Scope> = case.scopes.iter().rev().cloned().collect();
    let other = group(&copies, &scopes, &decisions);
    let back = |at: &u32| order[*at as usize];
    let groups: Vec<Vec<u32>> = grouping.groups().map(<[u32]>::to_vec).collect();
    let others: Vec<Vec<u32>> = other
        .groups()
        .map(|g| g.iter().map(back).collect())
        .collect();
    assert_eq!(groups, others, "the order of the copies means something");
    for at in 0..grouping.len() as u32 {
        let here = grouping.joins(at).iter().map(|j| (j.left, j.right, j.key));
        let there = other
            .joins(at)
            .iter()
            .map(|j| (back(&j.left), back(&j.right), j.key));
        assert!(here.eq(there), "other joins");
    }
    let here = grouping
        .conflicts()
        .iter()
        .map(|c| (c.left, c.right, c.key, &c.ids));
    let there = other.conflicts().iter();
    let there = there.map(|c| (back(&c.left), back(&c.right), c.key, &c.ids));
    assert!(here.eq(there), "other conflicts");
}

fn own_libraries_only_join(case: &Case, grouping: &Grouping) {
    let own = Scope {
        strategy: Strategy::NameYear,
        libraries: vec![1, 2],
    };
    let mine = extend(&case.copies, grouping, &[own], &case.decisions);
    for members in grouping.groups() {
        assert!(
            members.iter().all(|member| mine.same(*member, members[0])),
            "torn"
        );
    }
    let nothing = extend(&case.copies, grouping, &[], &case.decisions);
    assert!(grouping.groups().eq(nothing.groups()), "nothing was added");
}

fn everything_can_be_told(case: &Case, grouping: &Grouping) {
    for at in 0..grouping.len() as u32 {
        for join in grouping.joins(at) {
            assert!(!grouping.describe(join, &case.copies).is_empty());
        }
    }
    let len = case.copies.rows.len() as u32;
    for (a, b) in (0..len.min(12)).map(|at| (at, (at + 1) % len)) {
        let told = explain(&case.copies, &case.scopes, &case.decisions, grouping, a, b);
        assert_eq!(told.reasons.is_empty(), grouping.same(a, b));
    }
    let library = Scope {
        strategy: Strategy::Smart,
        libraries: vec![0, 1],
    };
    let found = preview(
        &case.copies,
        &case.scopes,
        &case.decisions,
        &library,
        8,
        |_| true,
    );
    assert!(
        found
            .near_misses
            .iter()
            .all(|miss| miss.probability.is_finite())
    );
}
