//! What a viewer finds by which id, and what stays hidden: one work with three copies on two servers, in
//! libraries of each kind.

use std::sync::Arc;

use manyfin::accounts::{PublicIds, SessionInfo, Viewer};
use manyfin::catalog::scope::{
    AccessSet, Entry, ItemEntry, LinkAccess, Projection, Scope, ServersNow,
};
use manyfin::catalog::snapshot::{
    Chosen, CopySeed, KnownCopy, LibraryRef, MergedLibrary, MergedSource, Parts, ServerEntry,
    Snapshot, SourceLibrary, SourcePolicy, Strategy, build,
};
use manyfin::catalog::watch::UserItems;
use manyfin::model::{ItemKind, PublicId, ServerKey, UpstreamId};
use manyfin::wire::{LightItem, LightSource, Packed};
use serde_json::json;
use uuid::Uuid;

/// The libraries in which the copies lie: two on the first server, one on the second.
const PLACES: [(i64, i64); 3] = [(1, 10), (1, 11), (2, 12)];
/// What each copy's version is wide: the last is the best.
const WIDTHS: [i32; 3] = [1280, 1920, 3840];

fn upstream(number: u128) -> UpstreamId {
    UpstreamId(Uuid::from_u128(number))
}

fn key(server: i64) -> ServerKey {
    ServerKey(Uuid::from_u128(server as u128))
}

struct World {
    snapshot: Arc<Snapshot>,
    ids: PublicIds,
}

/// A film on each place, and a playlist on the second server, in merged libraries of these strategies
/// over these places, by this policy.
fn world(libraries: &[(Strategy, SourcePolicy, &[u32])]) -> World {
    let ids = PublicIds::new([7; 32]);
    let mut copies: Vec<CopySeed> = Vec::new();
    let mut put = |row: i64, server_id: i64, library_row: Option<i64>, light: LightItem| {
        let seed = CopySeed {
            row,
            server_id,
            library_row,
            light: Packed::from(&light),
            first_seen_at: 0,
            changed_at: 0,
            members: Box::default(),
        };
        copies.push(seed);
    };
    for (at, (server, library)) in PLACES.into_iter().enumerate() {
        let mut light = LightItem::new(upstream(at as u128 + 1), ItemKind::Movie, "The Fall");
        light.provider_ids = [("Tmdb", "7".into())].into_iter().collect();
        let source: LightSource = serde_json::from_value(json!({
            "Id": "x", "MediaStreams": [{ "Type": "Video", "Width": WIDTHS[at] }],
        }))
        .expect("a version");
        light.media_sources = vec![source];
        put(at as i64 + 1, server, Some(library), light);
    }
    put(
        9,
        2,
        None,
        LightItem::new(upstream(9), ItemKind::Playlist, "Evenings"),
    );
    let source_libraries = PLACES.into_iter().map(|(server, row)| SourceLibrary {
        row,
        server: server as u32 - 1,
        library_id: upstream(row as u128),
        id: ids.library(key(server), upstream(row as u128)),
        name: format!("Library {row}"),
        collection_type: Some("movies".to_owned()),
        body: None,
    });
    let merged = libraries
        .iter()
        .zip(1..)
        .map(|((strategy, policy, places), row)| MergedLibrary {
            row,
            id: PublicId(Uuid::from_u128(1_000 + row as u128)),
            name: format!("Merged {row}"),
            collection_type: "movies".to_owned(),
            strategy: *strategy,
            policy: *policy,
            is_global: true,
            owner: None,
            sources: places
                .iter()
                .map(|place| MergedSource {
                    row: row * 10 + i64::from(*place),
                    library: *place,
                    priority: 10 - *place as i32,
                })
                .collect(),
        });
    let servers = [1, 2].map(|id| ServerEntry {
        id,
        key: key(id),
        name: format!("server {id}"),
    });
    let known = copies
        .into_iter()
        .map(|seed| KnownCopy::of(seed, &servers, &ids));
    let known = known
        .collect::<Result<_, _>>()
        .expect("both servers are known");
    let (snapshot, _) = build(Parts {
        servers: servers.to_vec(),
        source_libraries: source_libraries.collect(),
        merged_libraries: merged.collect(),
        copies: known,
        joined: &[],
        parted: &[],
        remembered: &Default::default(),
        ids: &ids,
        generation: 1,
    });
    World {
        snapshot: Arc::new(snapshot),
        ids,
    }
}

impl World {
    /// A viewer who sees these rows.
    fn scope(&self, rows: &[u32]) -> Scope {
        let link = |server_id: i64| LinkAccess {
            server_id,
            copies: rows.iter().copied().collect(),
            libraries: vec![upstream(10), upstream(11), upstream(12)],
        };
        // One of the links is to a server that nothing is known of yet.
        let links = [link(1), link(2), link(77)];
        let access = AccessSet::of(&self.snapshot, links.iter());
        let projection = Projection::new(self.snapshot.clone(), access, None, self.ids.clone());
        Scope {
            viewer: Arc::new(Viewer {
                user_id: PublicId(Uuid::from_u128(9)),
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
                links: Arc::from([]),
            }),
            projection: Arc::new(projection),
            user_items: Arc::new(UserItems::default()),
            servers: ServersNow::default(),
        }
    }

    /// The copy of this row.
    fn copy(&self, row: i64) -> u32 {
        self.snapshot.copy_by_row(row).expect("it is known")
    }

    fn copy_id(&self, row: i64) -> PublicId {
        self.snapshot.copy(self.copy(row)).id
    }

    /// The copies as rows.
    fn rows(&self, copies: &[u32]) -> Vec<i64> {
        copies
            .iter()
            .map(|copy| self.snapshot.copy(*copy).row())
            .collect()
    }
}

fn item(entry: Option<Entry>) -> ItemEntry {
    match entry {
        Some(Entry::Item(entry)) => entry,
        other => panic!("no item: {other:?}"),
    }
}

const ALL: &[u32] = &[1, 2, 3, 9];

#[test]
fn priority_gives_the_metadata_and_the_policy_what_plays() {
    for (policy, played) in [
        (SourcePolicy::Priority, [1, 2, 3]),
        (SourcePolicy::Quality, [3, 2, 1]),
        (SourcePolicy::Fastest, [3, 2, 1]),
    ] {
        let world = world(&[(Strategy::ProviderIds, policy, &[0, 1, 2])]);
        let scope = world.scope(ALL);
        let film = item(scope.find(world.copy_id(1), None));
        let whole = item(scope.find(world.snapshot.item(film.item).id, None));
        assert_eq!(world.rows(&scope.copies(&whole)), [1, 2, 3]);
        assert_eq!(world.rows(&scope.playing_order(&whole)), played);
        // By a copy's own id that copy is meant.
        let own = item(scope.find(world.copy_id(2), None));
        assert_eq!(own.id, world.copy_id(2));
        assert_eq!(world.rows(&scope.copies(&own))[0], 2);
        assert_eq!(world.rows(&scope.playing_order(&own))[0], 2);
    }
}

#[test]
fn a_hidden_copys_id_opens_what_is_seen_of_its_item_and_no_more() {
    let world = world(&[(Strategy::ProviderIds, SourcePolicy::Quality, &[0, 1, 2])]);
    let scope = world.scope(&[2, 3]);
    let found = item(scope.find(world.copy_id(1), None));
    assert_eq!(world.rows(&[found.lead]), [2], "the first that is seen");
    assert_eq!(world.rows(&scope.copies(&found)), [2, 3]);
    assert_eq!(world.rows(&scope.playing_order(&found)), [3, 2]);
    let blind = world.scope(&[9]);
    assert_eq!(blind.find(world.copy_id(1), None), None);
    let film = world.snapshot.item(found.item).id;
    assert_eq!(blind.find(film, None), None);
    assert_eq!(world.scope(&[]).projection.members(None).count(), 0);
}

#[test]
fn a_library_leads_with_a_copy_of_its_own() {
    let by_priority = SourcePolicy::Priority;
    let world = world(&[
        (Strategy::ProviderIds, by_priority, &[0, 1, 2]),
        (Strategy::ProviderIds, by_priority, &[1, 2]),
    ]);
    let scope = world.scope(ALL);
    let film = item(scope.find(world.copy_id(1), None));
    let id = world.snapshot.item(film.item).id;
    let libraries: Vec<PublicId> = world
        .snapshot
        .merged_libraries
        .iter()
        .map(|library| library.id)
        .collect();
    for (library, lead) in [(Some(libraries[0]), 1), (Some(libraries[1]), 2), (None, 1)] {
        let found = item(scope.find(id, library));
        assert_eq!(world.rows(&[found.lead]), [lead], "{library:?}");
    }
    // A library that lists none of the copies that are seen leads with what is seen.
    let scope = world.scope(&[1]);
    let found = item(scope.find(id, Some(libraries[1])));
    assert_eq!(world.rows(&[found.lead]), [1]);
    assert_eq!(
        scope.find(libraries[0], None),
        Some(Entry::Library(LibraryRef::Merged(0)))
    );
}

#[test]
fn where_nothing_is_joined_each_copy_is_an_entry_of_its_own() {
    let world = world(&[(Strategy::None, SourcePolicy::Priority, &[0, 1, 2])]);
    let scope = world.scope(&[1, 3]);
    let library = LibraryRef::Merged(0);
    let entries = scope.projection.members(Some(library));
    let mut listed: Vec<i64> = entries
        .iter()
        .map(|entry| world.rows(&[entry.lead])[0])
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, [1, 3], "what is hidden is not listed");
    for entry in entries.iter() {
        assert!(entry.single);
        assert_eq!(scope.copies(&entry), [entry.lead], "no copy beside it");
        assert_eq!(scope.playing_order(&entry), [entry.lead]);
        assert_eq!(entry.id, world.snapshot.copy(entry.lead).id);
        let opened = item(scope.find(entry.id, None));
        assert_eq!((opened.lead, opened.single), (entry.lead, true));
    }
}

#[test]
fn whose_metadata_somebody_chose_says_nothing_of_what_plays() {
    let World { snapshot, ids } =
        world(&[(Strategy::ProviderIds, SourcePolicy::Priority, &[0, 1, 2])]);
    let mut snapshot = Arc::into_inner(snapshot).expect("nobody else has it");
    let last = snapshot.copy_by_row(3).map(|copy| snapshot.copy(copy).id);
    snapshot.choose(&Chosen {
        leads: last.into_iter().collect(),
        posters: Vec::new(),
    });
    let world = World {
        snapshot: Arc::new(snapshot),
        ids,
    };
    let scope = world.scope(ALL);
    let film = item(scope.find(world.copy_id(1), None));
    let id = world.snapshot.item(film.item).id;
    let found = item(scope.find(id, None));
    assert_eq!(world.rows(&[found.lead]), [3]);
    assert_eq!(world.rows(&scope.copies(&found)), [3, 1, 2]);
    assert_eq!(world.rows(&scope.playing_order(&found)), [1, 2, 3]);
}

#[test]
fn the_root_and_the_playlists_are_found_by_who_sees_them() {
    let world = world(&[(Strategy::ProviderIds, SourcePolicy::Priority, &[0, 1, 2])]);
    let scope = world.scope(ALL);
    assert_eq!(
        scope.find(scope.projection.root_id, None),
        Some(Entry::Root)
    );
    let listed = |scope: &Scope| -> Vec<i64> {
        let entries = scope.projection.members(Some(LibraryRef::Playlists));
        entries
            .iter()
            .map(|entry| world.rows(&[entry.lead])[0])
            .collect()
    };
    assert_eq!(listed(&scope), [9]);
    assert!(listed(&world.scope(&[1])).is_empty());
    assert!(scope.view(LibraryRef::Playlists).is_some());
    assert!(scope.find(PublicId(Uuid::from_u128(4)), None).is_none());
}
