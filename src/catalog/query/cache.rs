//! Lists that were computed already, for one projection.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;

use crate::catalog::scope::{Entry, Scope};
use crate::model::ItemQuery;

/// How many lists a projection remembers.
const LISTS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// See the module.
pub struct ResultCache(Mutex<LruCache<String, Arc<[Entry]>>>);

impl Default for ResultCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(LISTS)))
    }
}

impl ResultCache {
    pub fn get(&self, key: &str) -> Option<Arc<[Entry]>> {
        self.0
            .lock()
            .expect("no panic while locked")
            .get(key)
            .cloned()
    }

    pub fn put(&self, key: String, list: Arc<[Entry]>) {
        self.0.lock().expect("no panic while locked").put(key, list);
    }
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
