use uuid::Uuid;

use super::*;
use crate::accounts::PublicIds;
use crate::catalog::identity::Remembered;
use crate::wire::{LightItem, Packed};

fn key(number: u128) -> ServerKey {
    ServerKey(Uuid::from_u128(number))
}

fn film(row: i64, server_id: i64, library_row: i64, name: &str, tmdb: Option<&str>) -> CopySeed {
    let id = UpstreamId(Uuid::from_u128(row as u128));
    let mut light = LightItem::new(id, ItemKind::Movie, name);
    light.production_year = Some(1999);
    light.provider_ids = tmdb.map(|id| ("Tmdb", id.into())).into_iter().collect();
    CopySeed {
        row,
        server_id,
        library_row: Some(library_row),
        light: Packed::from(&light),
        first_seen_at: 0,
        changed_at: 0,
        members: Box::default(),
    }
}

fn library(
    row: i64,
    is_global: bool,
    owner: Option<PublicId>,
    strategy: Strategy,
) -> MergedLibrary {
    let source = |library| MergedSource {
        row: i64::from(library),
        library,
        priority: 0,
    };
    MergedLibrary {
        row,
        id: PublicId(Uuid::from_u128(1_000 + row as u128)),
        name: format!("Library {row}"),
        collection_type: "movies".to_owned(),
        strategy,
        policy: SourcePolicy::Priority,
        is_global,
        owner,
        sources: vec![source(0), source(1)],
    }
}

fn snapshot(
    copies: Vec<CopySeed>,
    libraries: Vec<MergedLibrary>,
    remembered: &mut Remembered,
) -> Snapshot {
    let servers = [1, 2].map(|id| ServerEntry {
        id,
        key: key(id as u128),
        name: format!("server {id}"),
    });
    let source_libraries = [0u32, 1].map(|server| SourceLibrary {
        row: i64::from(server) + 10,
        server,
        library_id: UpstreamId(Uuid::from_u128(500)),
        id: PublicId(Uuid::from_u128(600 + u128::from(server))),
        name: "Films".to_owned(),
        collection_type: Some("movies".to_owned()),
        body: None,
    });
    let ids = PublicIds::new([7; 32]);
    let known = copies
        .into_iter()
        .map(|seed| KnownCopy::of(seed, &servers, &ids));
    let copies = known
        .collect::<Result<_, _>>()
        .expect("both servers are known");
    let (snapshot, changes) = build(Parts {
        servers: servers.to_vec(),
        source_libraries: source_libraries.to_vec(),
        merged_libraries: libraries,
        copies,
        joined: &[],
        parted: &[],
        remembered,
        ids: &ids,
        generation: 1,
    });
    remembered.apply(&changes, 1);
    snapshot
}

fn two(tmdb: [Option<&str>; 2]) -> Vec<CopySeed> {
    vec![
        film(1, 1, 10, "The Fall", tmdb[0]),
        film(2, 2, 11, "The Fall", tmdb[1]),
    ]
}

#[test]
fn what_a_users_own_library_joins_is_one_for_its_owner_alone() {
    let owner = PublicId::random();
    let own = library(1, false, Some(owner), Strategy::NameYear);
    let shared = snapshot(two([None, None]), vec![own], &mut Remembered::default());
    assert_eq!(shared.items.len(), 2, "nobody else's shelves change");

    let theirs = for_owner(&shared, owner).expect("it joins two copies");
    assert_eq!(theirs.items.len(), 1);
    for item in &shared.items {
        assert_eq!(
            theirs.target(item.id),
            Some(Target::Item(0)),
            "every id answers"
        );
    }
    assert!(for_owner(&shared, PublicId::random()).is_none());
}

#[test]
fn ids_stay_over_merge_and_split() {
    let mut remembered = Remembered::default();
    let libraries = || vec![library(1, true, None, Strategy::ProviderIds)];
    let apart = snapshot(two([Some("1"), Some("2")]), libraries(), &mut remembered);
    let first: Vec<PublicId> = apart.items.iter().map(|item| item.id).collect();
    assert_eq!(first.len(), 2);

    let merged = snapshot(two([Some("1"), Some("1")]), libraries(), &mut remembered);
    assert_eq!(merged.items.len(), 1);
    for id in &first {
        assert_eq!(merged.target(*id), Some(Target::Item(0)));
    }

    let split = snapshot(two([Some("1"), Some("2")]), libraries(), &mut remembered);
    let again: Vec<PublicId> = split.items.iter().map(|item| item.id).collect();
    assert_eq!(again, first, "each part takes its id back");
}

#[test]
fn a_copy_that_goes_and_comes_back_finds_its_item() {
    let mut remembered = Remembered::default();
    let libraries = || vec![library(1, true, None, Strategy::ProviderIds)];
    let before = snapshot(two([Some("1"), Some("1")]), libraries(), &mut remembered);
    let id = before.items[0].id;
    let one = snapshot(
        vec![film(2, 2, 11, "The Fall", Some("1"))],
        libraries(),
        &mut remembered,
    );
    assert_eq!(one.items[0].id, id, "the copy that is left keeps the id");
    let after = snapshot(two([Some("1"), Some("1")]), libraries(), &mut remembered);
    assert_eq!(after.items[0].id, id);
}

#[test]
fn of_equal_keys_the_first_place_is_found_as_long_as_it_is_there() {
    let keys = ["left", "right", "left"];
    let key = |at: u32| keys[at as usize];
    let mut index = Index::of(0..3, key);
    assert_eq!(index.find(&"left", key), Some(0));
    assert_eq!(index.find(&"right", key), Some(1));
    // The other one is not in it, and does not stand in for the first.
    index.remove(0, &"left");
    assert_eq!(index.find(&"left", key), None);
    index.insert(2, key);
    index.insert(0, key);
    assert_eq!(index.find(&"left", key), Some(2));
    // Nor does it take the other out.
    index.remove(0, &"left");
    assert_eq!(index.find(&"left", key), Some(2));
}
