use uuid::Uuid;

use super::*;
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// Copies of film `Heat (1995)` on server 1, 2 … each with the ids given.
fn films(ids: &[&[(&str, &str)]]) -> OwnedCopies {
    let rows = ids.iter().enumerate().map(|(at, ids)| {
        let at = at as u128 + 1;
        let mut row = OwnedCopy::new(
            ServerKey(Uuid::from_u128(at)),
            UpstreamId(Uuid::from_u128(at)),
            ItemKind::Movie,
            "Heat",
        );
        row.year = Some(1995);
        row.library = Some(at as u32);
        row.provider_ids = ids
            .iter()
            .map(|(p, v)| ((*p).to_owned(), (*v).to_owned()))
            .collect();
        row
    });
    OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: false,
    }
}

fn scope(strategy: Strategy) -> Vec<Scope> {
    vec![Scope {
        strategy,
        libraries: (1..=9).collect(),
    }]
}

fn grouped(copies: &OwnedCopies, strategy: Strategy) -> (Vec<Vec<u32>>, Grouping) {
    let grouping = group(copies, &scope(strategy), &Decisions::default());
    (grouping.groups().map(<[u32]>::to_vec).collect(), grouping)
}

#[test]
fn a_third_copy_bridges_two_providers() {
    let copies = films(&[
        &[("Tmdb", "949")],
        &[("Imdb", "tt0113277")],
        &[
            ("tmdb", "949"),
            ("IMDB", "https://www.imdb.com/title/tt0113277/"),
        ],
    ]);
    let (groups, grouping) = grouped(&copies, Strategy::ProviderIds);
    assert_eq!(groups, [[0, 1, 2]]);
    let keys: Vec<_> = grouping
        .joins(0)
        .iter()
        .map(|j| grouping.describe(j, &copies))
        .collect();
    assert_eq!(keys, ["Tmdb 949", "Imdb tt0113277"]);
}

#[test]
fn one_order_decides_who_joins_whom() {
    // Tmdb 603 is on A (tt1), B (tt2) and C (no Imdb).
    let copies = films(&[
        &[("Tmdb", "603"), ("Imdb", "tt1")],
        &[("Tmdb", "603"), ("Imdb", "tt2")],
        &[("Tmdb", "603")],
    ]);
    let (groups, grouping) = grouped(&copies, Strategy::ProviderIds);
    assert_eq!(groups, [vec![0, 2], vec![1]]);
    let [conflict] = grouping.conflicts() else {
        panic!("{:?}", grouping.conflicts())
    };
    let ids = conflict.ids.as_ref().expect("ids");
    assert_eq!(
        (ids.provider.as_str(), ids.left.as_str(), ids.right.as_str()),
        ("Imdb", "tt0000001", "tt0000002")
    );
    assert!(!conflict.joined);
}
