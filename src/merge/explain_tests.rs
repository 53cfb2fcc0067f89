use uuid::Uuid;

use super::{
    Decisions, Explanation, OwnedCopies, OwnedCopy, Reason, Scope, Strategy, explain, group,
};
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// Copy `at` lies on server `at / 10`.
fn row(at: u128, kind: ItemKind, name: &str) -> OwnedCopy {
    let mut copy = OwnedCopy::new(
        ServerKey(Uuid::from_u128(at / 10)),
        UpstreamId(Uuid::from_u128(at)),
        kind,
        name,
    );
    copy.library = Some(0);
    copy.year = Some(2010);
    copy
}

fn with_ids(mut copy: OwnedCopy, ids: &[(&str, &str)]) -> OwnedCopy {
    let ids = ids
        .iter()
        .map(|(p, id)| ((*p).to_owned(), (*id).to_owned()));
    copy.provider_ids = ids.collect();
    copy
}

fn episode(at: u128, series: Option<u32>, number: i32) -> OwnedCopy {
    let mut copy = row(at, ItemKind::Episode, "Pilot");
    copy.series = series;
    copy.season = Some(1);
    copy.episode = Some(number);
    copy
}

/// Why two of these are one or two, by provider ids.
fn why_of(rows: Vec<OwnedCopy>, decisions: &Decisions, a: u32, b: u32) -> Explanation {
    let copies = OwnedCopies {
        rows,
        unknown_is_video: false,
    };
    let scopes = [Scope {
        strategy: Strategy::ProviderIds,
        libraries: vec![0],
    }];
    let grouping = group(&copies, &scopes, decisions);
    explain(&copies, &scopes, decisions, &grouping, a, b)
}

/// What is told beside the score.
fn reasons(told: &Explanation) -> Vec<&Reason> {
    let told = told.reasons.iter();
    told.filter(|reason| !matches!(reason, Reason::Score { .. }))
        .collect()
}

/// An episode of each of two series on one server and of one of them on another.
fn why(a: u32, b: u32) -> Explanation {
    let shelves = vec![
        row(10, ItemKind::Series, "The Long Night"),
        row(11, ItemKind::Series, "Harbour Lights"),
        row(20, ItemKind::Series, "Harbour Lights"),
        episode(12, Some(0), 1),
        episode(13, Some(1), 1),
        episode(21, Some(2), 2),
    ];
    why_of(shelves, &Decisions::default(), a, b)
}

#[test]
fn episodes_of_two_series_are_apart_because_of_their_series() {
    let told = why(3, 4);
    assert_eq!(told.reasons.first(), Some(&Reason::OtherParent));
    assert!(!told.reasons.contains(&Reason::NothingShared), "{told:?}");
}

#[test]
fn episodes_of_one_series_are_apart_because_of_their_numbers() {
    assert!(!why(1, 2).path.is_empty(), "the series are one");
    let told = why(4, 5);
    assert_eq!(told.reasons.first(), Some(&Reason::OtherNumber));
    assert!(!told.reasons.contains(&Reason::NothingShared), "{told:?}");
}

#[test]
fn films_that_share_an_id_are_apart_because_of_the_ids_that_differ() {
    let film = |at, name, ids| with_ids(row(at, ItemKind::Movie, name), ids);
    let films = vec![
        film(10, "The Matrix", &[("Tmdb", "603"), ("Imdb", "tt0133093")]),
        film(20, "The Matrix", &[("Tmdb", "603"), ("Imdb", "tt0133094")]),
        // Torn too, but that is of others.
        film(11, "Heat", &[("Tmdb", "949"), ("Imdb", "tt0113277")]),
        film(21, "Heat", &[("Tmdb", "949"), ("Imdb", "tt0113278")]),
        // One with the first.
        film(30, "Matrix", &[("Imdb", "tt0133093")]),
    ];
    let why = |a, b| why_of(films.clone(), &Decisions::default(), a, b);
    for (a, b) in [(0, 1), (4, 1)] {
        let told = why(a, b);
        let [Reason::OtherIds(ids)] = reasons(&told)[..] else {
            panic!("{told:?}")
        };
        let ids = (&*ids.provider, &*ids.left, &*ids.right);
        assert_eq!(ids, ("Imdb", "tt0133093", "tt0133094"));
    }
    assert_eq!(reasons(&why(0, 3)), [&Reason::NothingShared]);
}

#[test]
fn episodes_of_one_id_are_apart_because_of_their_numbers() {
    let ids = [("Tvdb", "55")];
    let torn = || {
        vec![
            with_ids(episode(10, None, 1), &ids),
            with_ids(episode(20, None, 2), &ids),
        ]
    };
    let told = why_of(torn(), &Decisions::default(), 0, 1);
    assert_eq!(reasons(&told), [&Reason::OtherNumber]);
    // Where somebody decided so, that is why.
    let never = Decisions {
        never: vec![(1, 0)],
        ..Decisions::default()
    };
    let told = why_of(torn(), &never, 0, 1);
    assert_eq!(reasons(&told), [&Reason::KeptApart]);
}
