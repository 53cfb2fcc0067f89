//! The full bodies of copies: from memory, below it from the database, below it from the servers.
//!
//! A body is kept once a copy for all who may see it, so whatever is one account's is taken out
//! first. What is kept and old is answered at once and renewed behind; what is kept is also what a
//! silent server's copies are shown by. Whether a viewer may see a copy is the caller's to check.

mod codec;
mod flight;
mod readable;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;

pub use codec::{pack, strip, unpack};
pub use readable::clean;

use crate::clock::Clock;
use crate::db::Db;
use crate::db::bodies::{self, BodyRow};
use crate::jellyfin::{Account, Registry};
use crate::model::UpstreamId;
use crate::telemetry::metrics::CacheName;
use crate::wire::Body;
use flight::Flights;

/// How much is kept, and for how long it counts as fresh.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of bodies in memory, packed.
    pub max_bytes: u64,
    /// Until a body in memory is read again from the database, where crawls renew it; and until one that is
    /// looked at by itself is asked for again.
    pub memory: Duration,
    /// Until a body in the database is asked for again, though no crawl saw a change.
    pub database: Duration,
    /// How long it is believed that a server does not show a copy to an account.
    pub absent: Duration,
    /// How long an answer waits for a server; what comes later is there for the next.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 20,
            memory: Duration::from_secs(60),
            database: Duration::from_secs(12 * 3600),
            absent: Duration::from_secs(60),
            patience: Duration::from_secs(3),
        }
    }
}

/// Who asks for no more copies looks at one item; a page of a list has more.
const LOOKED_AT: usize = 8;

/// A copy whose body is wanted.
#[derive(Debug, Clone)]
pub struct CopyRef {
    /// `copies.id`.
    pub copy_id: i64,
    pub server_id: i64,
    pub upstream_id: UpstreamId,
    /// Whom to ask as; none: only what is kept is answered.
    pub account: Option<Account>,
}

/// See the module. Cheap to clone; the clones share what is kept.
#[derive(Clone)]
pub struct Hydrate(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    registry: Registry,
    settings: Settings,
    memory: Cache<i64, Kept>,
    /// What a server did not show to an upstream user.
    absent: Cache<(i64, UpstreamId), ()>,
    flights: Flights,
    generation: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    /// As in the database: a tenth of what the parsed body takes.
    packed: Arc<[u8]>,
    /// When it came into memory, milliseconds.
    read_at: i64,
}

impl Hydrate {
    pub fn new(db: Db, clock: Clock, registry: Registry) -> Self {
        Self::with_settings(db, clock, registry, Settings::default())
    }

    pub fn with_settings(db: Db, clock: Clock, registry: Registry, settings: Settings) -> Self {
        let memory = Cache::builder()
            .max_capacity(settings.max_bytes)
            .weigher(|_, kept: &Kept| weight(&kept.packed))
            .build();
        let absent = Cache::builder()
            .max_capacity(100_000)
            .time_to_live(settings.absent)
            .build();
        Self(Arc::new(Inner {
            db,
            clock,
            registry,
            settings,
            memory,
            absent,
            flights: Flights::default(),
            generation: AtomicU64::new(0),
        }))
    }

    /// The bodies by `copies.id`. What no server shows and nothing is kept of is absent. Costs each
    /// server one request a hundred copies at the most, and none for what is kept.
    pub async fn bodies(&self, copies: &[CopyRef]) -> HashMap<i64, Arc<Body>> {
        let now = self.0.clock.millis();
        let bound = match copies.len() <= LOOKED_AT {
            true => self.0.settings.memory,
            false => self.0.settings.database,
        };
        let mut found = HashMap::with_capacity(copies.len());
        let (mut missing, mut old) = (Vec::new(), Vec::new());
        for copy in copies {
            let kept = self.0.memory.get(&copy.copy_id).await;
            let kept = kept.and_then(|kept| Some((unpack(&kept.packed)?, kept)));
            let Some((body, kept)) = kept else {
                missing.push(copy.clone());
                continue;
            };
            found.insert(copy.copy_id, Arc::new(body));
            if is_old(now, kept.read_at, self.0.settings.memory) {
                old.push(copy.clone());
                // Whoever comes next need not renew it as well.
                let again = Kept {
                    read_at: now,
                    ..kept
                };
                self.0.memory.insert(copy.copy_id, again).await;
            }
        }
        let (hits, misses) = (found.len() as u64, missing.len() as u64);
        let metrics = self.0.registry.metrics();
        metrics.cache(CacheName::Bodies, hits, misses);
        let missing = self.take_kept(missing, bound, &mut found, &mut old).await;
        if !old.is_empty() {
            let hydrate = self.clone();
            tokio::spawn(async move { hydrate.renew(old, bound).await });
        }
        found.extend(self.ask_servers(missing).await);
        found
    }

    /// Forgets what is in memory of these copies: the database has something newer.
    pub async fn forget(&self, copies: &[i64]) {
        for copy in copies {
            self.0.memory.invalidate(copy).await;
        }
        if !copies.is_empty() {
            self.0.generation.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Grows whenever a body that was given out became another.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    /// Takes what the database has; gives what it has not. Old ones are taken, and added to `old`.
    async fn take_kept(
        &self,
        wanted: Vec<CopyRef>,
        bound: Duration,
        found: &mut HashMap<i64, Arc<Body>>,
        old: &mut Vec<CopyRef>,
    ) -> Vec<CopyRef> {
        if wanted.is_empty() {
            return wanted;
        }
        let now = self.0.clock.millis();
        let mut rows = self.rows(&wanted).await;
        let mut missing = Vec::new();
        for copy in wanted {
            let row = rows.remove(&copy.copy_id);
            let row = row.and_then(|row| Some((unpack(&row.body)?, row)));
            let Some((
                body,
                BodyRow {
                    body: packed,
                    fetched_at,
                    ..
                },
            )) = row
            else {
                missing.push(copy);
                continue;
            };
            self.keep(copy.copy_id, packed).await;
            found.insert(copy.copy_id, Arc::new(body));
            if is_old(now, fetched_at, bound) {
                old.push(copy);
            }
        }
        missing
    }

    async fn rows(&self, wanted: &[CopyRef]) -> HashMap<i64, BodyRow> {
        let ids: Vec<i64> = wanted.iter().map(|copy| copy.copy_id).collect();
        let rows = bodies::get(&self.0.db, &ids).await.unwrap_or_else(|error| {
            // The servers can still answer.
            tracing::warn!(%error, "kept bodies could not be read");
            Vec::new()
        });
        rows.into_iter().map(|row| (row.copy_id, row)).collect()
    }

    /// Reads old bodies again: from the database, and from the servers what is old there too.
    async fn renew(&self, old: Vec<CopyRef>, bound: Duration) {
        let now = self.0.clock.millis();
        let mut rows = self.rows(&old).await;
        let mut older = Vec::new();
        for copy in old {
            match rows.remove(&copy.copy_id) {
                Some(row) if !is_old(now, row.fetched_at, bound) => {
                    self.keep(copy.copy_id, row.body).await;
                }
                _ => older.push(copy),
            }
        }
        self.ask_servers(older).await;
    }

    async fn keep(&self, copy_id: i64, packed: Vec<u8>) {
        let before = self.0.memory.get(&copy_id).await;
        if before.is_some_and(|before| *before.packed != *packed) {
            self.0.generation.fetch_add(1, Ordering::Relaxed);
        }
        let kept = Kept {
            packed: packed.into(),
            read_at: self.0.clock.millis(),
        };
        self.0.memory.insert(copy_id, kept).await;
    }
}

fn weight(packed: &[u8]) -> u32 {
    // The cache's own beside it.
    u32::try_from(packed.len() + 256).unwrap_or(u32::MAX)
}

fn is_old(now: i64, since: i64, bound: Duration) -> bool {
    now - since >= i64::try_from(bound.as_millis()).unwrap_or(i64::MAX)
}
