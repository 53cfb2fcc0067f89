//! For any filter, sort and page size: walking all pages gives every item once, in order, and as many
//! as are counted. Held against a model that knows nothing of copies, projections or indexes.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use manyfin::accounts::{PublicIds, SessionInfo, Viewer};
use manyfin::catalog::query;
use manyfin::catalog::scope::{AccessSet, Entry, LinkAccess, Projection, Scope, ServersNow};
use manyfin::catalog::snapshot::{
    CopySeed, KnownCopy, MergedLibrary, MergedSource, Parts, ServerEntry, Snapshot, SourceLibrary,
    SourcePolicy, Strategy as Joining, build,
};
use manyfin::catalog::watch::{UserItem, UserItems};
use manyfin::model::{
    ItemFilter, ItemKind, ItemQuery, ItemSort, Page, PublicId, ServerKey, SortBy, SortOrder,
    StatusFilter, UpstreamId,
};
use manyfin::wire::{LightItem, Packed};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use crate::support::gateway::{Gateway, sources};

/// The last server's library leads, then the first's.
const PRIORITIES: [i32; 3] = [20, 10, 30];
const GENRES: [&str; 4] = ["Drama", "Comedy", "Crime", "War"];

/// What one server says of a work.
#[derive(Debug, Clone)]
struct Told {
    visible: bool,
    name: u8,
    year: Option<i32>,
    rating: Option<u8>,
    genres: u8,
    minutes: Option<i64>,
}

#[derive(Debug, Clone)]
struct Work {
    copies: [Option<Told>; 3],
    played: bool,
    favorite: bool,
}

impl Work {
    /// What leads: the visible copy of the highest priority.
    fn lead(&self) -> Option<&Told> {
        let seen = self.copies.iter().zip(PRIORITIES);
        seen.filter_map(|(copy, priority)| Some((priority, copy.as_ref()?)))
            .filter(|(_, copy)| copy.visible)
            .max_by_key(|(priority, _)| *priority)
            .map(|(_, copy)| copy)
    }
}

fn told() -> impl Strategy<Value = Told> {
    let year = proptest::option::weighted(0.9, 1990..1996i32);
    let rating = proptest::option::weighted(0.8, 0..10u8);
    let minutes = proptest::option::weighted(0.9, 80..84i64);
    (
        proptest::bool::weighted(0.8),
        0..6u8,
        year,
        rating,
        0..16u8,
        minutes,
    )
        .prop_map(|(visible, name, year, rating, genres, minutes)| Told {
            visible,
            name,
            year,
            rating,
            genres,
            minutes,
        })
}

fn works() -> impl Strategy<Value = Vec<Work>> {
    let copy = || proptest::option::weighted(0.6, told());
    let work = ([copy(), copy(), copy()], any::<bool>(), any::<bool>());
    let work = work.prop_map(|(copies, played, favorite)| Work {
        copies,
        played,
        favorite,
    });
    proptest::collection::vec(work, 0..120)
}

/// A question, and the model's answer to whether a work belongs.
#[derive(Debug, Clone)]
struct Question {
    years: Vec<i32>,
    genres: Vec<usize>,
    least_rating: Option<u8>,
    starts: Option<u8>,
    played: Option<bool>,
    favorite: Option<bool>,
    in_library: bool,
    sort: Vec<(SortBy, bool)>,
    seed: i64,
    page: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let by = proptest::sample::select(vec![
        SortBy::SortName,
        SortBy::ProductionYear,
        SortBy::CommunityRating,
        SortBy::Runtime,
        SortBy::IsPlayed,
        SortBy::IsFavoriteOrLiked,
        SortBy::Random,
    ]);
    (
        proptest::collection::vec(1990..1996i32, 0..4),
        proptest::collection::vec(0..GENRES.len(), 0..3),
        proptest::option::weighted(0.3, 0..10u8),
        proptest::option::weighted(0.3, 0..6u8),
        proptest::option::weighted(0.3, any::<bool>()),
        proptest::option::weighted(0.3, any::<bool>()),
        any::<bool>(),
        proptest::collection::vec((by, any::<bool>()), 0..4),
        any::<i64>(),
        1..40usize,
    )
        .prop_map(
            |(
                years,
                genres,
                least_rating,
                starts,
                played,
                favorite,
                in_library,
                sort,
                seed,
                page,
            )| {
                Question {
                    years,
                    genres,
                    least_rating,
                    starts,
                    played,
                    favorite,
                    in_library,
                    sort,
                    seed,
                    page,
                }
            },
        )
}

fn name(number: u8) -> String {
    format!("{} picture", char::from(b'a' + number))
}

impl Question {
    fn asks_for(&self, work: &Work) -> bool {
        let Some(lead) = work.lead() else {
            return false;
        };
        (self.years.is_empty() || lead.year.is_some_and(|year| self.years.contains(&year)))
            && (self.genres.is_empty()
                || self
                    .genres
                    .iter()
                    .any(|genre| lead.genres & (1 << genre) != 0))
            && self
                .least_rating
                .is_none_or(|least| lead.rating.is_some_and(|rating| rating >= least))
            && self.starts.is_none_or(|number| lead.name == number)
            && self.played.is_none_or(|played| work.played == played)
            && self
                .favorite
                .is_none_or(|favorite| work.favorite == favorite)
    }

    /// How two works stand by the keys that were asked for; chance is not the model's to know.
    fn order(&self, a: &Work, b: &Work) -> Ordering {
        let (left, right) = (a.lead().expect("listed"), b.lead().expect("listed"));
        for (by, descending) in &self.sort {
            let order = match by {
                SortBy::SortName => left.name.cmp(&right.name),
                SortBy::ProductionYear => left.year.cmp(&right.year),
                SortBy::CommunityRating => left.rating.cmp(&right.rating),
                SortBy::Runtime => left.minutes.cmp(&right.minutes),
                SortBy::IsPlayed => b.played.cmp(&a.played),
                SortBy::IsFavoriteOrLiked => b.favorite.cmp(&a.favorite),
                _ => return Ordering::Equal,
            };
            let order = if *descending { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        if self.sort.is_empty() || self.sort.iter().all(|(by, _)| *by != SortBy::Random) {
            return left.name.cmp(&right.name);
        }
        Ordering::Equal
    }

    fn query(&self, library: PublicId) -> ItemQuery {
        let sort = self.sort.iter().map(|(by, descending)| ItemSort {
            by: *by,
            order: match descending {
                true => SortOrder::Descending,
                false => SortOrder::Ascending,
            },
        });
        ItemQuery {
            filter: ItemFilter {
                parent_id: self.in_library.then_some(library),
                recursive: true,
                kinds: vec![ItemKind::Movie],
                years: self.years.clone(),
                genres: self
                    .genres
                    .iter()
                    .map(|at| GENRES[*at].to_owned())
                    .collect(),
                min_community_rating: self.least_rating.map(f64::from),
                name_starts_with: self.starts.map(|number| name(number)[..1].to_owned()),
                status: StatusFilter {
                    played: self.played,
                    favorite: self.favorite,
                    ..StatusFilter::default()
                },
                random_seed: Some(self.seed),
                ..ItemFilter::default()
            },
            sort: sort.collect(),
        }
    }
}

fn upstream(server: usize, work: usize) -> UpstreamId {
    UpstreamId(Uuid::from_u128(
        ((server as u128 + 1) << 64) | (work as u128 + 1),
    ))
}

fn light(server: usize, work: usize, told: &Told) -> LightItem {
    let genres: Vec<&str> = GENRES
        .iter()
        .enumerate()
        .filter(|(at, _)| told.genres & (1 << at) != 0)
        .map(|(_, genre)| *genre)
        .collect();
    serde_json::from_value(json!({
        "Id": upstream(server, work), "Type": "Movie", "Name": name(told.name),
        "ProductionYear": told.year, "CommunityRating": told.rating, "Genres": genres,
        "RunTimeTicks": told.minutes.map(|minutes| minutes * 600_000_000),
        "ProviderIds": { "Tmdb": (work + 1).to_string() },
    }))
    .expect("a light item reads")
}

struct World {
    snapshot: Arc<Snapshot>,
    access: Vec<LinkAccess>,
    ids: PublicIds,
    library: PublicId,
}

fn world(works: &[Work]) -> World {
    let ids = PublicIds::new([7; 32]);
    let key = |server: usize| ServerKey(Uuid::from_u128(server as u128 + 1));
    let library = |server: usize| UpstreamId(Uuid::from_u128(server as u128 + 100));
    let mut copies: Vec<CopySeed> = Vec::new();
    let mut access: Vec<LinkAccess> = (0..3)
        .map(|server| LinkAccess {
            server_id: server as i64 + 1,
            libraries: vec![library(server)],
            ..LinkAccess::default()
        })
        .collect();
    for (at, work) in works.iter().enumerate() {
        for (server, told) in work.copies.iter().enumerate() {
            let Some(told) = told else { continue };
            let row = copies.len() as i64 + 1;
            if told.visible {
                access[server].copies.insert(row as u32);
            }
            let seed = CopySeed {
                row,
                server_id: server as i64 + 1,
                library_row: Some(server as i64 + 1),
                light: Packed::from(&light(server, at, told)),
                first_seen_at: 0,
                changed_at: 0,
                members: Box::default(),
            };
            copies.push(seed);
        }
    }
    let merged = ids.fixed("films");
    let servers = (0..3).map(|server| ServerEntry {
        id: server as i64 + 1,
        key: key(server),
        name: format!("Server {server}"),
    });
    let servers: Vec<ServerEntry> = servers.collect();
    let known = copies
        .into_iter()
        .map(|seed| KnownCopy::of(seed, &servers, &ids));
    let known = known
        .collect::<Result<_, _>>()
        .expect("every server is known");
    let parts = Parts {
        servers,
        source_libraries: (0..3)
            .map(|server| SourceLibrary {
                row: server as i64 + 1,
                server: server as u32,
                library_id: library(server),
                id: ids.library(key(server), library(server)),
                name: "Films".to_owned(),
                collection_type: Some("movies".to_owned()),
                body: None,
            })
            .collect(),
        merged_libraries: vec![MergedLibrary {
            row: 1,
            id: merged,
            name: "Films".to_owned(),
            collection_type: "movies".to_owned(),
            strategy: Joining::ProviderIds,
            policy: SourcePolicy::Priority,
            is_global: true,
            owner: None,
            sources: (0..3)
                .map(|server| MergedSource {
                    row: server as i64 + 1,
                    library: server as u32,
                    priority: PRIORITIES[server],
                })
                .collect(),
        }],
        copies: known,
        joined: &[],
        parted: &[],
        remembered: &Default::default(),
        ids: &ids,
        generation: 1,
    };
    let (snapshot, _) = build(parts);
    World {
        snapshot: Arc::new(snapshot),
        access,
        ids,
        library: merged,
    }
}

impl World {
    /// The work that an item is, by its provider id.
    fn work(&self, item: u32) -> usize {
        let copy = self.snapshot.copy(self.snapshot.item(item).copies[0]);
        let id = copy.light.provider_ids().next().expect("an id").1;
        id.parse::<usize>().expect("a number") - 1
    }

    /// A viewer with three links; nothing that was computed before is remembered.
    fn scope(&self, works: &[Work]) -> Scope {
        let access = AccessSet::of(&self.snapshot, self.access.iter());
        let states = self.snapshot.items.places().map(|(item, _)| {
            let work = &works[self.work(item)];
            let state = UserItem {
                played: work.played,
                is_favorite: work.favorite,
                ..UserItem::default()
            };
            (self.snapshot.item(item).id, state)
        });
        Scope {
            viewer: Arc::new(Viewer {
                user_id: PublicId(Uuid::from_u128(9)),
                name: "ann".to_owned(),
                is_administrator: false,
                session: SessionInfo {
                    id: PublicId(Uuid::from_u128(8)),
                    device_id: String::new(),
                    device_name: String::new(),
                    client: String::new(),
                    version: String::new(),
                },
                settings: serde_json::Value::Null,
                source_policy: None,
                links: Arc::from([]),
            }),
            projection: Arc::new(Projection::new(
                self.snapshot.clone(),
                access,
                None,
                self.ids.clone(),
            )),
            user_items: Arc::new(UserItems::new(states)),
            servers: ServersNow::default(),
        }
    }
}

/// All pages of a question; asserts that each counts the same.
fn walk(scope: &Scope, query: &ItemQuery, size: usize) -> (Vec<u32>, usize) {
    let (mut found, mut total) = (Vec::new(), None);
    loop {
        let page = Page {
            offset: found.len(),
            limit: Some(size),
        };
        let page = query::run(scope, query, page).expect("an answer");
        assert_eq!(*total.get_or_insert(page.total), page.total);
        assert!(page.entries.len() <= size);
        let items = page.entries.iter().map(|entry| match entry {
            Entry::Item(item) => item.item,
            other => panic!("not asked for: {other:?}"),
        });
        let before = found.len();
        found.extend(items);
        if found.len() == before {
            return (found, total.unwrap_or(0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn walking_all_pages_gives_every_item_once_and_in_order(
        works in works(),
        questions in proptest::collection::vec(question(), 8),
    ) {
        let world = world(&works);
        let scope = world.scope(&works);
        for question in questions {
            let query = question.query(world.library);
            let has_views = scope.find(world.library, None).is_some();
            prop_assert!(has_views, "a library that a link opens is there");
            let (items, total) = walk(&scope, &query, question.page);
            let walked: Vec<usize> = items.iter().map(|item| world.work(*item)).collect();
            let once: BTreeSet<usize> = walked.iter().copied().collect();
            let model: BTreeSet<usize> = (0..works.len())
                .filter(|at| question.asks_for(&works[*at]))
                .collect();
            prop_assert_eq!(walked.len(), total);
            prop_assert_eq!(once.len(), walked.len(), "an item came twice");
            prop_assert_eq!(&once, &model);
            for pair in walked.windows(2) {
                let order = question.order(&works[pair[0]], &works[pair[1]]);
                prop_assert!(order.is_le(), "{:?} before {:?}", works[pair[0]], works[pair[1]]);
            }
            // Another replica, another page size: the same order.
            let (again, _) = walk(&world.scope(&works), &query, works.len() + 1);
            prop_assert_eq!(items, again);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_through_the_door_are_exact_too() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(3, 70).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for sort in ["SortName", "ProductionYear", "CommunityRating", "Random"] {
        for limit in [1, 7, 33, 100] {
            let mut seen = Vec::new();
            loop {
                let path = format!(
                    "/Items?recursive=true&includeItemTypes=Movie&sortBy={sort}&sortOrder=Descending\
                     &startIndex={}&limit={limit}",
                    seen.len()
                );
                let page = ann.get(&path).await;
                assert_eq!(page["TotalRecordCount"], 70, "{path}");
                let items = page["Items"].as_array().expect("a list");
                if items.is_empty() {
                    break;
                }
                seen.extend(items.iter().map(|item| item["Id"].to_string()));
            }
            let once: BTreeSet<&String> = seen.iter().collect();
            assert_eq!((seen.len(), once.len()), (70, 70), "{sort}, {limit} a page");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_copies_than_one_are_no_question() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(1, 3).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for least in [0, -1] {
        let query = format!("{{ items(filter: {{ minCopies: {least} }}) {{ totalCount }} }}");
        let answer = ann.post("/graphql", json!({ "query": query })).await;
        let error = &answer["errors"][0]["extensions"];
        assert_eq!(error["code"], "BAD_INPUT", "{answer}");
        assert_eq!(error["field"], "minCopies", "{answer}");
        assert_eq!(error["allowed"], "1 or more", "{answer}");
    }
}
