//! Lists that were computed already, for one projection; within its share of what all may take.

use std::sync::{Arc, Mutex};

use lru::LruCache;
use roaring::RoaringBitmap;

use super::Place;
use super::list::List;
use super::sort::By;
use crate::catalog::budget::{Budget, Share};
use crate::catalog::scope::Scope;
use crate::model::{ItemFilter, ItemQuery};
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
    /// The positions that pass a filter, of the version that there is now.
    passing: LruCache<String, Arc<RoaringBitmap>>,
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
            passing: LruCache::unbounded(),
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
        let mut kept = self.kept().clone();
        kept.forget_passing();
        Self {
            kept: Mutex::new(kept),
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
        self.shrink(&mut kept);
    }

    /// The positions that pass a filter, if they were looked for since something changed.
    pub fn passing(&self, key: &str) -> Option<Arc<RoaringBitmap>> {
        self.kept().passing.get(key).cloned()
    }

    pub fn put_passing(&self, key: String, passing: Arc<RoaringBitmap>) {
        let mut kept = self.kept();
        kept.bytes += set_weight(&passing);
        if let Some(former) = kept.passing.put(key, passing) {
            kept.bytes -= set_weight(&former);
        }
        self.shrink(&mut kept);
    }

    fn shrink(&self, kept: &mut Kept) {
        while kept.bytes > self.share.bytes() {
            if let Some((_, oldest)) = kept.passing.pop_lru() {
                kept.bytes -= set_weight(&oldest);
            } else if kept.lists.len() > 1
                && let Some((_, oldest)) = kept.lists.pop_lru()
            {
                kept.bytes -= weight(&oldest.list);
            } else {
                // The last one stays, however large: it is being read.
                break;
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().expect("no panic while locked")
    }
}

impl Kept {
    fn forget_passing(&mut self) {
        let forgotten: usize = self.passing.iter().map(|(_, set)| set_weight(set)).sum();
        self.passing.clear();
        self.bytes -= forgotten;
    }
}

fn weight(list: &List) -> usize {
    list.weight() + OVERHEAD
}

fn set_weight(set: &RoaringBitmap) -> usize {
    set.serialized_size() + OVERHEAD
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

/// The positions that a filter lets pass, whatever they are sorted by.
pub fn passing_key(scope: &Scope, filter: &ItemFilter) -> String {
    let unsorted = ItemQuery {
        filter: ItemFilter {
            random_seed: None,
            ..filter.clone()
        },
        sort: Vec::new(),
    };
    key(scope, &unsorted)
}

/// The order of everything that a library holds, whatever is left out of it later.
pub fn order_key(place: &Place, by: &By<'_>) -> Option<String> {
    let library = place.library?;
    let of_user = by.keys.iter().any(|key| super::sort::of_user(key.by));
    let is_shared = !of_user && !by.keys.is_empty();
    is_shared.then(|| format!("order {library:?} {:?} {}", by.keys, by.seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(count: u32) -> Arc<RoaringBitmap> {
        Arc::new((0..count).map(|at| at * 3).collect())
    }

    #[test]
    fn what_passes_is_forgotten_before_lists_are_and_at_every_change() {
        let results = ResultCache::sharing(Lookups::default(), Budget::new(3500).share());
        let list = || List::of(Vec::new());
        results.put("list".to_owned(), list(), 1);
        results.put_passing("few".to_owned(), positions(10));
        assert_eq!(results.passing("few"), Some(positions(10)));
        assert_eq!(results.carried().passing("few"), None);

        results.put_passing("many".to_owned(), positions(1000));
        assert_eq!(
            results.passing("few"),
            None,
            "the one asked for longest ago"
        );
        assert_eq!(results.passing("many"), Some(positions(1000)));
        for at in 0..4 {
            results.put(format!("list {at}"), list(), 1);
        }
        assert_eq!(results.passing("many"), None);
        assert!(results.get("list").is_some());

        let kept = results.kept();
        assert_eq!(kept.bytes, 5 * OVERHEAD);
    }
}
