//! Makes the scope of a viewer, sharing what viewers with equal rights share.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;

use super::budget::Budget;
use super::query::{self, ResultCache};
use super::render::{self, Kept};
use super::scope::{AccessSet, Projection};
use super::snapshot::{Snapshot, for_owner};
use super::store::Access;
use crate::accounts::{PublicIds, Viewer};
use crate::model::PublicId;
use crate::telemetry::Metrics;
use crate::telemetry::metrics::{CacheName, Lookups};

/// How many access sets are kept projected.
const PROJECTIONS: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

/// Projections, found by the viewer's links and shared by what they show.
pub struct Projections {
    ids: PublicIds,
    lists: (Lookups, Budget),
    texts: (Lookups, Budget),
    by_links: Mutex<LruCache<Links, Arc<Projection>>>,
    by_access: Mutex<LruCache<Shown, Arc<Projection>>>,
}

/// The question: whose links, as of which snapshot and access (their addresses, which stay taken as
/// long as the projection lives).
#[derive(PartialEq, Eq, Hash)]
struct Links {
    generation: u64,
    access: u64,
    links: Vec<i64>,
    owner: Option<PublicId>,
}

/// The answer: what is shown; the owner where own libraries make a difference.
#[derive(PartialEq, Eq, Hash)]
struct Shown {
    generation: u64,
    access: u64,
    owner: Option<PublicId>,
}

impl Projections {
    /// What is found in them again is counted in `metrics`.
    pub fn new(ids: PublicIds, metrics: &Metrics) -> Self {
        let empty = || LruCache::new(PROJECTIONS);
        Self {
            ids,
            lists: (metrics.lookups(CacheName::Lists), Budget::new(query::LISTS)),
            texts: (
                metrics.lookups(CacheName::Texts),
                Budget::new(render::TEXTS),
            ),
            by_links: Mutex::new(LruCache::new(PROJECTIONS)),
            by_access: Mutex::new(empty()),
        }
    }

    pub fn of(
        &self,
        viewer: &Viewer,
        snapshot: &Arc<Snapshot>,
        access: &Access,
    ) -> Arc<Projection> {
        let owns = snapshot
            .merged_libraries
            .iter()
            .any(|library| library.owner == Some(viewer.user_id));
        let owner = owns.then_some(viewer.user_id);
        let mut links: Vec<i64> = viewer.active_links().map(|link| link.id).collect();
        links.sort_unstable();
        let generation = snapshot.generation;
        let question = Links {
            generation,
            access: access.generation,
            links,
            owner,
        };
        if let Some(found) = self
            .by_links
            .lock()
            .expect("no panic while locked")
            .get(&question)
        {
            return found.clone();
        }
        let seen = viewer
            .active_links()
            .filter_map(|link| access.links.get(&link.id).map(AsRef::as_ref));
        let set = AccessSet::of(snapshot, seen);
        let shown = Shown {
            generation,
            access: hash(&set),
            owner,
        };
        let mut by_access = self.by_access.lock().expect("no panic while locked");
        let found = by_access
            .get(&shown)
            .filter(|found| found.access == set)
            .cloned();
        let projection = found.unwrap_or_else(|| {
            let own = owner
                .and_then(|owner| for_owner(snapshot, owner))
                .map(Arc::new);
            let mut made = Projection::new(
                own.unwrap_or_else(|| snapshot.clone()),
                set,
                owner,
                self.ids.clone(),
            );
            made.results = ResultCache::sharing(self.lists.0.clone(), self.lists.1.share());
            made.bodies = Kept::sharing(self.texts.0.clone(), self.texts.1.share());
            let made = Arc::new(made);
            forget_before(&mut by_access, |old| old.generation < generation);
            by_access.put(shown, made.clone());
            made
        });
        let mut by_links = self.by_links.lock().expect("no panic while locked");
        forget_before(&mut by_links, |old| old.generation < generation);
        by_links.put(question, projection.clone());
        projection
    }
}

/// What an older snapshot showed is of no use any more.
fn forget_before<K: std::hash::Hash + Eq, V>(kept: &mut LruCache<K, V>, old: impl Fn(&K) -> bool) {
    let mut fresh = LruCache::new(PROJECTIONS);
    while let Some((key, value)) = kept.pop_lru() {
        if !old(&key) {
            fresh.put(key, value);
        }
    }
    *kept = fresh;
}

fn hash(set: &AccessSet) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for part in [&set.copies, &set.libraries] {
        part.len().hash(&mut hasher);
        part.iter().for_each(|at| at.hash(&mut hasher));
    }
    hasher.finish()
}
