//! Lists that were computed already, for one projection; bounded by bytes.

use std::sync::Mutex;

use lru::LruCache;

use super::Place;
use super::list::List;
use crate::catalog::scope::Scope;
use crate::model::{ItemQuery, ItemSort};

/// What the lists of a projection may take, in bytes: eight orders of a million items, some hundred lists
/// of ten thousand.
const BUDGET: usize = 32 << 20;
/// What a list costs beside its entries: the key and the cache's own.
const OVERHEAD: usize = 512;

/// See the module.
pub struct ResultCache(Mutex<Kept>);

struct Kept {
    lists: LruCache<String, List>,
    bytes: usize,
}

impl Default for ResultCache {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            lists: LruCache::unbounded(),
            bytes: 0,
        }))
    }
}

impl ResultCache {
    pub fn get(&self, key: &str) -> Option<List> {
        self.kept().lists.get(key).cloned()
    }

    pub fn put(&self, key: String, list: List) {
        let mut kept = self.kept();
        kept.bytes += weight(&list);
        if let Some(former) = kept.lists.put(key, list) {
            kept.bytes -= weight(&former);
        }
        // The last one stays, however large: it is being read.
        while kept.bytes > BUDGET && kept.lists.len() > 1 {
            if let Some((_, oldest)) = kept.lists.pop_lru() {
                kept.bytes -= weight(&oldest);
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().expect("no panic while locked")
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
