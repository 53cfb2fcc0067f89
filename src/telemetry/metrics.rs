//! What Manyfin counts and measures, for Prometheus.
//!
//! Labels are few and bounded: routes as they are declared, names of servers, fixed words. Never a
//! token, a user, an id or a path as it was asked.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: from an answer out of memory to a crawl's slow page.
const BUCKETS: [f64; 11] = [
    0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0,
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// One set of numbers. Cheap to clone; the clones are one set.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histograms<RouteLabels>,
    upstream: Family<UpstreamLabels, Counter>,
    upstream_seconds: Histograms<UpstreamSeconds>,
    cache: Family<CacheLabels, Counter>,
    cache_bytes: Family<CacheLabel, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    server: String,
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamSeconds {
    server: String,
    purpose: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    cache: CacheName,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabel {
    cache: CacheName,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabel {
    server: String,
}

/// What keeps answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheName {
    /// Bodies of copies.
    Bodies,
    /// Lists that were computed.
    Lists,
    /// Items as they are told, rendered.
    Texts,
    /// Pictures, on disk.
    Images,
}

impl EncodeLabelValue for CacheName {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            Self::Bodies => "bodies",
            Self::Lists => "lists",
            Self::Texts => "texts",
            Self::Images => "images",
        })
    }
}

/// Counts looks into one cache, at the cost of an addition. The clones count together.
#[derive(Clone, Default)]
pub struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    pub fn count(&self, hits: u64, misses: u64) {
        self.hits.inc_by(hits);
        self.misses.inc_by(misses);
    }
}

/// How a server and what is known of it is at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerNow {
    pub name: String,
    pub online: bool,
    /// 0 closed, 1 half-open, 2 open.
    pub breaker: i64,
    pub copies: i64,
    /// Since a crawl last came to its end; none where none did.
    pub crawl_age: Option<Duration>,
    /// The same of a full one.
    pub full_crawl_age: Option<Duration>,
}

/// What is asked when the numbers are read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Now {
    pub servers: Vec<ServerNow>,
    /// Works in the catalog.
    pub items: i64,
    /// What servers are still to be told; none while the database does not answer.
    pub outbox: Option<i64>,
}

impl Default for Inner {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut registry = Registry::with_prefix("manyfin");
        let requests = Family::default();
        registry.register("http_requests", "Answered requests", requests.clone());
        let request_seconds = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "http_request_duration",
            "Time to the head of an answer",
            Unit::Seconds,
            request_seconds.clone(),
        );
        let upstream = Family::default();
        registry.register(
            "upstream_requests",
            "Requests sent to source servers",
            upstream.clone(),
        );
        let upstream_seconds = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "upstream_request_duration",
            "Time until a source server answered or failed",
            Unit::Seconds,
            upstream_seconds.clone(),
        );
        let cache = Family::default();
        registry.register(
            "cache_lookups",
            "What was looked up in caches",
            cache.clone(),
        );
        let cache_bytes = Family::default();
        registry.register("cache_bytes", "What caches take", cache_bytes.clone());
        let version: Family<[(&str, &str); 1], Gauge> = Family::default();
        version
            .get_or_create(&[("version", env!("CARGO_PKG_VERSION"))])
            .set(1);
        registry.register("build_info", "The running version", version);
        Self {
            registry,
            requests,
            request_seconds,
            upstream,
            upstream_seconds,
            cache,
            cache_bytes,
        }
    }
}

impl Metrics {
    /// An answered request. `route` is the route as declared.
    pub fn request(&self, method: &http::Method, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let labels = RequestLabels {
            method: method_name(method),
            route: route.clone(),
            status,
        };
        self.0.requests.get_or_create(&labels).inc();
        let seconds = self.0.request_seconds.get_or_create(&RouteLabels { route });
        seconds.observe(took.as_secs_f64());
    }

    /// A request that was sent to a server; `outcome` is `ok` or a fixed word for the failure.
    pub fn upstream(
        &self,
        server: &str,
        purpose: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        let labels = UpstreamLabels {
            server: server.to_owned(),
            purpose,
            outcome,
        };
        self.0.upstream.get_or_create(&labels).inc();
        let server = server.to_owned();
        let seconds = UpstreamSeconds { server, purpose };
        let seconds = self.0.upstream_seconds.get_or_create(&seconds);
        seconds.observe(took.as_secs_f64());
    }

    /// So many looks into a cache found what they looked for, so many did not.
    pub fn cache(&self, cache: CacheName, hits: u64, misses: u64) {
        for (result, count) in [("hit", hits), ("miss", misses)] {
            if count > 0 {
                let labels = CacheLabels { cache, result };
                self.0.cache.get_or_create(&labels).inc_by(count);
            }
        }
    }

    /// For a cache that is looked into often.
    pub fn lookups(&self, cache: CacheName) -> Lookups {
        let of = |result| {
            let labels = CacheLabels { cache, result };
            self.0.cache.get_or_create_owned(&labels)
        };
        Lookups {
            hits: of("hit"),
            misses: of("miss"),
        }
    }

    /// What a cache takes now.
    pub fn cache_bytes(&self, cache: CacheName, bytes: u64) {
        let gauge = self.0.cache_bytes.get_or_create(&CacheLabel { cache });
        gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Everything in the text format of OpenMetrics, which Prometheus reads.
    pub fn encode(&self, now: &Now) -> String {
        let mut text = String::new();
        encode(&mut text, &self.0.registry).expect("a text takes any text");
        // Both parts are one document: the first one's end is not the end.
        let length = text.trim_end_matches("# EOF\n").len();
        text.truncate(length);
        let written = write!(text, "{}", state(now));
        written.expect("a text takes any text");
        text
    }
}

/// What is so now, in a registry of its own: a server that is gone leaves no number behind.
fn state(now: &Now) -> String {
    let mut registry = Registry::with_prefix("manyfin");
    let mut gauge = |name: &str, help: &str, of: &dyn Fn(&ServerNow) -> Option<i64>| {
        let family: Family<ServerLabel, Gauge> = Family::default();
        for server in &now.servers {
            if let Some(value) = of(server) {
                let server = server.name.clone();
                family.get_or_create(&ServerLabel { server }).set(value);
            }
        }
        registry.register(name, help, family);
    };
    let seconds = |age: Option<Duration>| age.and_then(|age| i64::try_from(age.as_secs()).ok());
    gauge("server_up", "Whether a source server answers", &|server| {
        Some(server.online.into())
    });
    gauge(
        "server_breaker_state",
        "0 closed, 1 half-open, 2 open: an open one is not asked",
        &|server| Some(server.breaker),
    );
    gauge(
        "catalog_copies",
        "Copies that a source server holds",
        &|server| Some(server.copies),
    );
    gauge(
        "catalog_age_seconds",
        "Since a server was last crawled to the end",
        &|server| seconds(server.crawl_age),
    );
    gauge(
        "catalog_full_age_seconds",
        "Since a server was last crawled fully",
        &|server| seconds(server.full_crawl_age),
    );
    for (name, help, value) in [
        ("catalog_items", "Works in the catalog", Some(now.items)),
        (
            "outbox_length",
            "Marks that source servers are still to be told",
            now.outbox,
        ),
    ] {
        let Some(value) = value else { continue };
        let single = Gauge::<i64>::default();
        single.set(value);
        registry.register(name, help, single);
    }
    let mut text = String::new();
    encode(&mut text, &registry).expect("a text takes any text");
    text
}

/// A client may invent methods; they share one word.
fn method_name(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
