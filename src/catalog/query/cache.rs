//! Lists that were computed already, for one projection; within its share of what all may take.

use std::sync::Mutex;

use lru::LruCache;

use super::Place;
use super::list::List;
use crate::catalog::budget::{Budget, Share};
use crate::catalog::scope::Scope;
use crate::model::{ItemQuery, ItemSort};
use crate::telemetry::metrics::Lookups;

/// What the lists of all projections may take, in bytes: eight orders of a million items, some hundred
/// lists of ten thousand.
pub const BUDGET: usize = 32 << 20;
/// What a list costs beside its entries: the key and the cache's own.
const OVERHEAD: usize = 512;

/// See the module.
pub struct ResultCache {
    kept: Mutex<Kept>,
    lookups: Lookups,
    share: Share,
}

struct Kept {
    lists: LruCache<String, List>,
    bytes: usize,
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
            share: Budget::new(BUDGET).share(),
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

    pub fn get(&self, key: &str) -> Option<List> {
        let found = self.kept().lists.get(key).cloned();
        self.lookups
            .count(found.is_some().into(), found.is_none().into());
        found
    }

    pub fn put(&self, key: String, list: List) {
        let mut kept = self.kept();
        kept.bytes += weight(&list);
        if let Some(former) = kept.lists.put(key, list) {
            kept.bytes -= weight(&former);
        }
        // The last one stays, however large: it is being read.
        while kept.bytes > self.share.bytes() && kept.lists.len() > 1 {
            if let Some((_, oldest)) = kept.lists.pop_lru() {
                kept.bytes -= weight(&oldest);
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
pub fn order_key(place: &Place, keys: &[ItemSort], seed: i64) -> Option<String> {
    let shared = place.shared?;
    let of_user = keys.iter().any(|key| super::sort::of_user(key.by));
    (!of_user && !keys.is_empty()).then(|| format!("order {shared:?} {keys:?} {seed}"))
}
