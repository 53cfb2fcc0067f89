//! Pages of a viewer who sees a part (seven of ten servers, two copies in three there): what a list costs the
//! first time, a page of it afterwards, and the first page after one copy changed.
//!
//!     cargo bench --bench pages [-- COUNT]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use manyfin::accounts::{Link, LinkState, SessionInfo, Viewer};
use manyfin::catalog::Remembered;
use manyfin::catalog::query::{self, EntryPage};
use manyfin::catalog::scope::{LinkAccess, Scope, ServersNow};
use manyfin::catalog::scopes::Projections;
use manyfin::catalog::snapshot::{Change, CopySeed, KnownCopy, Ledger, Snapshot, update};
use manyfin::catalog::store::Access;
use manyfin::catalog::watch::UserItems;
use manyfin::jellyfin::Account;
use manyfin::model::{
    ItemFilter, ItemKind, ItemQuery, ItemSort, Page, PublicId, Secret, SortBy, SortOrder,
    UpstreamId,
};
use manyfin::telemetry::Metrics;
use manyfin::wire::Packed;
use uuid::Uuid;

#[path = "catalog.rs"]
mod catalog;
#[path = "library.rs"]
mod library;

/// As the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SORTS: [(SortBy, SortOrder); 10] = [
    (SortBy::SortName, SortOrder::Ascending),
    (SortBy::DateCreated, SortOrder::Descending),
    (SortBy::PremiereDate, SortOrder::Descending),
    (SortBy::CommunityRating, SortOrder::Descending),
    (SortBy::Runtime, SortOrder::Ascending),
    (SortBy::ProductionYear, SortOrder::Ascending),
    (SortBy::OfficialRating, SortOrder::Ascending),
    (SortBy::Random, SortOrder::Ascending),
    (SortBy::Copies, SortOrder::Descending),
    (SortBy::Size, SortOrder::Descending),
];
const PAGES: usize = 20_000;
const CHANGES: usize = 200;
const PAGE: Page = Page {
    offset: 0,
    limit: Some(100),
};

struct Bed {
    generated: catalog::Generated,
    snapshot: Arc<Snapshot>,
    ledger: Ledger,
    remembered: Remembered,
    projections: Projections,
    viewer: Arc<Viewer>,
    access: Access,
    queries: Vec<(ItemQuery, usize)>,
    state: u64,
}

impl Bed {
    fn new(count: u32) -> Self {
        let generated = catalog::generate(count);
        let (snapshot, ledger, remembered) = generated.begin();
        let servers = &generated.servers[..7];
        let links = servers.iter().map(|server| {
            let copies = generated.copies.iter();
            let seen = copies.filter(|copy| copy.server_id() == server.id && copy.row() % 3 != 0);
            let libraries = generated.source_libraries.iter();
            let access = LinkAccess {
                server_id: server.id,
                copies: seen.map(|copy| copy.row() as u32).collect(),
                libraries: libraries.map(|library| library.library_id).collect(),
            };
            (server.id, Arc::new(access))
        });
        let access = Access {
            generation: 1,
            links: links.collect(),
        };
        Self {
            viewer: viewer(servers.iter().map(|server| server.id)),
            queries: queries(&generated),
            projections: Projections::new(generated.ids.clone(), &Metrics::default()),
            snapshot: Arc::new(snapshot),
            access,
            ledger,
            remembered,
            generated,
            state: 88_172_645_463_325_252,
        }
    }

    fn scope(&self) -> Scope {
        let projection = self
            .projections
            .of(&self.viewer, &self.snapshot, &self.access);
        Scope {
            viewer: self.viewer.clone(),
            projection,
            user_items: Arc::new(UserItems::default()),
            servers: ServersNow::default(),
        }
    }

    /// Asks for each list once.
    fn first_times(&mut self) {
        let begun = Instant::now();
        let scope = self.scope();
        println!(
            "what the viewer sees: {:.1?} the first time",
            begun.elapsed()
        );
        let mut times: Vec<Duration> = Vec::new();
        for (query, total) in &mut self.queries {
            let begun = Instant::now();
            *total = query::run(&scope, query, PAGE).expect("a page").total;
            times.push(begun.elapsed());
        }
        let longest = self.queries.iter().map(|(_, total)| *total).max();
        println!(
            "{} lists of up to {} entries, the first time: {}",
            times.len(),
            longest.unwrap_or(0),
            percentiles(times),
        );
    }

    /// Any of the lists, any place in it.
    fn next(&mut self) -> EntryPage {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let random = (self.state >> 11) as usize;
        let (query, total) = &self.queries[random % self.queries.len()];
        let page = Page {
            offset: (random >> 8) % (*total).max(1),
            ..PAGE
        };
        query::run(&self.scope(), query, page).expect("a page")
    }

    fn pages(&mut self) -> String {
        let page = |_| {
            let begun = Instant::now();
            std::hint::black_box(self.next());
            begun.elapsed()
        };
        percentiles((0..PAGES).map(page).collect())
    }

    /// A film gets another date; till the next snapshot, then till the viewer's list shows it first.
    fn changes(&mut self) {
        let films: Vec<Arc<KnownCopy>> = {
            let seen = |copy: &&Arc<KnownCopy>| copy.server_id() <= 7 && copy.row() % 3 != 0;
            let films = self.generated.copies.iter().filter(seen);
            let films = films.filter(|copy| copy.light.kind == ItemKind::Movie);
            films.take(CHANGES).cloned().collect()
        };
        let all = |by: SortBy| ItemQuery {
            filter: ItemFilter {
                recursive: true,
                random_seed: Some(7),
                ..ItemFilter::default()
            },
            sort: vec![sort((by, SortOrder::Descending))],
        };
        let (newest, largest) = (all(SortBy::DateCreated), all(SortBy::Size));
        for query in [&newest, &largest] {
            query::run(&self.scope(), query, PAGE).expect("a page");
        }
        let (mut made, mut shown, mut sized) = (Vec::new(), Vec::new(), Vec::new());
        for (film, second) in films.iter().zip(0..) {
            let mut light = film.light.unpack();
            light.date_created = chrono::DateTime::from_timestamp(4_000_000_000 + second, 0);
            let seed = CopySeed {
                row: film.row(),
                server_id: film.server_id(),
                library_row: film.library_row(),
                light: Packed::from(&light),
                first_seen_at: film.first_seen_at(),
                changed_at: film.changed_at() + 1,
                members: film.members().into(),
            };
            let begun = Instant::now();
            let known = KnownCopy::of(seed, &self.generated.servers, &self.generated.ids);
            let change = Change {
                upserted: &[known.expect("its server is there")],
                removed: &[],
                renewed: &[],
                joined: &[],
                parted: &[],
                remembered: &self.remembered,
                ids: &self.generated.ids,
                most: 100_000,
            };
            let next = update(&self.snapshot, &mut self.ledger, &change);
            let (next, changes) = next.expect("it is a small change");
            self.remembered.apply(&changes, 2);
            self.snapshot = Arc::new(next);
            made.push(begun.elapsed());
            let begun = Instant::now();
            std::hint::black_box(query::run(&self.scope(), &newest, PAGE).expect("a page"));
            shown.push(begun.elapsed());
            let begun = Instant::now();
            std::hint::black_box(query::run(&self.scope(), &largest, PAGE).expect("a page"));
            sized.push(begun.elapsed());
        }
        println!(
            "one changed copy, till the next snapshot: {}",
            percentiles(made)
        );
        println!(
            "and till a list of everything shows it: {}",
            percentiles(shown)
        );
        println!("and one of everything by size: {}", percentiles(sized));
    }
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    let (half, most, all) = (at(0.5), at(0.99), at(1.0));
    format!("p50 {half:.1?}, p99 {most:.1?}, slowest {all:.1?}")
}

fn sort((by, order): (SortBy, SortOrder)) -> ItemSort {
    ItemSort { by, order }
}

/// Every order of everything, of films and of episodes; and films of a genre, of some years, in 4K.
fn queries(generated: &catalog::Generated) -> Vec<(ItemQuery, usize)> {
    let all = ItemFilter {
        recursive: true,
        random_seed: Some(7),
        ..ItemFilter::default()
    };
    let films = ItemFilter {
        parent_id: Some(generated.merged_libraries[0].id),
        kinds: vec![ItemKind::Movie],
        ..all.clone()
    };
    let filters = [
        all.clone(),
        films.clone(),
        ItemFilter {
            kinds: vec![ItemKind::Episode],
            ..all
        },
        ItemFilter {
            genres: vec!["Drama".to_owned()],
            ..films.clone()
        },
        ItemFilter {
            years: (1990..2000).collect(),
            ..films.clone()
        },
        ItemFilter {
            is_4k: Some(true),
            ..films
        },
    ];
    let queries = SORTS.iter().flat_map(|by| {
        let queries = filters.iter().cloned();
        queries.map(|filter| ItemQuery {
            filter,
            sort: vec![sort(*by)],
        })
    });
    queries.map(|query| (query, 0)).collect()
}

fn viewer(servers: impl Iterator<Item = i64>) -> Arc<Viewer> {
    let link = |server_id: i64| Link {
        id: server_id,
        server_id,
        account: Account {
            user_id: UpstreamId(Uuid::from_u128(1)),
            token: Secret::new("t"),
            device_id: String::new(),
            link: Some(server_id),
        },
        state: LinkState::Active,
        shared: false,
    };
    Arc::new(Viewer {
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
        links: servers.map(link).collect(),
    })
}

fn main() {
    let asked: Vec<u32> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let counts = match asked.as_slice() {
        [] => &[10_000, 100_000, 1_000_000],
        some => some,
    };
    let mut criterion = Criterion::default();
    for count in counts {
        println!("{count} copies");
        let mut bed = Bed::new(*count);
        bed.first_times();
        println!("a page of 100: {}", bed.pages());
        criterion.bench_function(&format!("page/{count}"), |bencher| {
            bencher.iter(|| std::hint::black_box(bed.next()));
        });
        bed.changes();
    }
    criterion.final_summary();
}
