//! Lists that were computed already, for one projection; within its share of what all may take.

use std::sync::Mutex;

use lru::LruCache;

use super::Place;
use super::list::List;
use super::sort::By;
use crate::catalog::budget::{Budget, Share};
use crate::catalog::scope::Scope;
use crate::model::ItemQuery;
use crate::telemetry::metrics::Lookups;

/// What the lists of all projections may take, in bytes: some hundred lists of ten thousand; of a large catalog
/// two dozen orders of everything, so that one who browses it seldom waits for one to be made again.
pub fn budget(copies: usize) -> usize {
    LEAST.max(copies * BYTES_A_COPY)
}

const LEAST: usize = 32 << 20;
const BYTES_A_COPY: usize = 96;
/// What a list costs beside its entries: the key and the cache's own.
const OVERHEAD: usize = 512;

/// See the module.
pub struct ResultCache {
    kept: Mutex<Kept>,
    lookups: Lookups,
    share: Share,
}

#[derive(Clone)]
struct Kept {
    lists: LruCache<String, Found>,
    bytes: usize,
}

/// A list as it was when the projection was of this version.
#[derive(Clone)]
pub struct Found {
    pub list: List,
    pub version: u64,
}

impl Default for ResultCache {
    fn default() -> Self {
        let kept = Kept {
            lists: LruCache::unbounded(),
            bytes: 0,
        };
        Self {
            kept: Mutex::new(kept),
            lookups: Lookups::default(),
            share: Budget::new(LEAST).share(),
        }
    }
}

impl ResultCache {
    /// A cache that counts what is found in it, and has this share of what all may take.
    pub fn sharing(lookups: Lookups, share: Share) -> Self {
        Self {
            lookups,
            share,
            ..Self::default()
        }
    }

    /// One that begins with the same lists, for what this one's projection becomes.
    pub fn carried(&self) -> Self {
        Self {
            kept: Mutex::new(self.kept().clone()),
            lookups: self.lookups.clone(),
            share: self.share.another(),
        }
    }

    pub fn get(&self, key: &str) -> Option<Found> {
        let found = self.kept().lists.get(key).cloned();
        self.lookups
            .count(found.is_some().into(), found.is_none().into());
        found
    }

    pub fn put(&self, key: String, list: List, version: u64) {
        let mut kept = self.kept();
        kept.bytes += weight(&list);
        if let Some(former) = kept.lists.put(key, Found { list, version }) {
            kept.bytes -= weight(&former.list);
        }
        // The last one stays, however large: it is being read.
        while kept.bytes > self.share.bytes() && kept.lists.len() > 1 {
            if let Some((_, oldest)) = kept.lists.pop_lru() {
                kept.bytes -= weight(&oldest.list);
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().expect("no panic while locked")
    }
}

fn weight(list: &List) -> usize {
    list.weight() + OVERHEAD
}

/// The projection stands for access and catalog; what was watched counts only where it is asked about.
pub fn key(scope: &Scope, query: &ItemQuery) -> String {
    let user = if super::sort::uses_user_data(query) {
        format!("{}/{}", scope.viewer.user_id, scope.user_items.generation)
    } else {
        String::new()
    };
    format!("{user}|{query:?}")
}

/// The order of everything that a library holds, whatever is left out of it later.
pub fn order_key(place: &Place, by: &By<'_>) -> Option<String> {
    let library = place.library?;
    let of_user = by.keys.iter().any(|key| super::sort::of_user(key.by));
    let is_shared = !of_user && !by.keys.is_empty();
    is_shared.then(|| format!("order {library:?} {:?} {}", by.keys, by.seed))
}
