use uuid::Uuid;

use super::*;
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// Copies of which nothing is told but what has to be.
struct Terse(OwnedCopies);

impl Copies for Terse {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn copy(&self, index: u32) -> Copy<'_> {
        self.0.copy(index)
    }
    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        self.0.provider_ids(index, each);
    }
}

/// Each on a server of its own, all in one library.
fn on_servers(copies: Vec<OwnedCopy>) -> OwnedCopies {
    let rows = (1..).zip(copies).map(|(at, mut copy)| {
        copy.server = ServerKey(Uuid::from_u128(at));
        copy.id = UpstreamId(Uuid::from_u128(at));
        copy.library = Some(0);
        copy
    });
    OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: true,
    }
}

fn copy(kind: ItemKind, name: &str) -> OwnedCopy {
    OwnedCopy::new(ServerKey::default(), UpstreamId::default(), kind, name)
}

fn scopes(strategy: Strategy) -> [Scope; 1] {
    [Scope {
        strategy,
        libraries: vec![0],
    }]
}

/// How likely the first two are one work.
fn probability(copies: &impl Copies) -> f64 {
    let (scopes, decisions) = (scopes(Strategy::Smart), Decisions::default());
    let grouping = group(copies, &scopes, &decisions);
    let told = explain(copies, &scopes, &decisions, &grouping, 0, 1);
    let score = told.reasons.into_iter().find_map(|reason| match reason {
        Reason::Score { probability, .. } => Some(probability),
        _ => None,
    });
    score.expect("they are two, and a score says of them")
}

#[test]
fn of_whom_no_people_are_told_is_scored_as_who_has_none() {
    let film = |year, people: &[&str], genre: &str, overview: &str| {
        let mut film = copy(ItemKind::Movie, "The Island");
        film.year = Some(year);
        film.people = people.iter().map(|name| (*name).to_owned()).collect();
        film.genres = vec![genre.to_owned()];
        film.overview = Some(overview.to_owned());
        film
    };
    let told = on_servers(vec![
        film(
            1980,
            &["Michael Caine", "Frank Middlemass"],
            "Horror",
            "A writer sails for pirates.",
        ),
        film(
            2005,
            &["Ewan McGregor", "Sean Bean"],
            "Action",
            "Two clones flee from their makers.",
        ),
    ]);
    let mut untold = told.clone();
    for film in &mut untold.rows {
        (film.people, film.genres, film.overview) = (Vec::new(), Vec::new(), None);
    }
    assert!(probability(&told) < probability(&untold));
    assert_eq!(probability(&Terse(told)), probability(&untold));
}

#[test]
fn what_is_of_a_kind_too_new_for_us_stays_by_itself() {
    let heat = |kind| {
        let mut heat = copy(kind, "Heat");
        heat.year = Some(1995);
        heat.provider_ids = vec![("Tmdb".to_owned(), "949".to_owned())];
        heat
    };
    let copies = on_servers(vec![heat(ItemKind::Movie), heat(ItemKind::Unknown)]);
    let (terse, none) = (Terse(copies.clone()), Decisions::default());
    for strategy in [Strategy::ProviderIds, Strategy::NameYear, Strategy::Smart] {
        let scopes = scopes(strategy);
        // A record of a file means by it that it does not say its kind.
        assert_eq!(group(&copies, &scopes, &none).len(), 1, "{strategy:?}");
        assert_eq!(group(&terse, &scopes, &none).len(), 2, "{strategy:?}");
    }
}

#[test]
fn a_key_whose_id_went_meanwhile_is_told_by_its_provider() {
    let heat = || {
        let mut heat = copy(ItemKind::Movie, "Heat");
        heat.provider_ids = vec![("Tmdb".to_owned(), "949".to_owned())];
        heat
    };
    let mut copies = on_servers(vec![heat(), heat()]);
    let grouping = group(
        &copies,
        &scopes(Strategy::ProviderIds),
        &Decisions::default(),
    );
    let [join] = grouping.joins(0) else {
        panic!("{:?}", grouping.joins(0))
    };
    assert_eq!(grouping.describe(join, &copies), "Tmdb 949");
    copies.rows[1].provider_ids[0].1 = "950".to_owned();
    assert_eq!(grouping.describe(join, &copies), "Tmdb");
}
