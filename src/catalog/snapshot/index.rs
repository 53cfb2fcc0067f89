//! Finds places by a key that lies at the place itself: some six bytes an entry, whatever the key. It is cut
//! into shards that snapshots share: a change copies those that it touches.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Index {
    hasher: RandomState,
    shards: Vec<Arc<HashTable<u32>>>,
}

/// So many entries fill a shard's table nearly.
const SHARD: usize = 1_600;

impl Default for Index {
    fn default() -> Self {
        Self::of(0..0, |at| at)
    }
}

impl Index {
    /// Of equal keys the first place is found.
    pub(super) fn of<K: Hash + Eq>(
        places: impl ExactSizeIterator<Item = u32>,
        key: impl Fn(u32) -> K,
    ) -> Self {
        let count = places.len().div_ceil(SHARD).max(1);
        let each = places.len() / count;
        let mut index = Self {
            hasher: RandomState::new(),
            shards: (0..count)
                .map(|_| Arc::new(HashTable::with_capacity(each)))
                .collect(),
        };
        for at in places {
            index.insert(at, &key);
        }
        index
    }

    /// The place whose key this is.
    pub(super) fn find<K: Hash + Eq>(&self, wanted: &K, key: impl Fn(u32) -> K) -> Option<u32> {
        let hash = self.hasher.hash_one(wanted);
        let shard = self.shards.get(self.shard_of(hash))?;
        shard.find(hash, |at| key(*at) == *wanted).copied()
    }

    /// Puts a place in; where another has its key, that one stays.
    pub(super) fn insert<K: Hash + Eq>(&mut self, at: u32, key: impl Fn(u32) -> K) {
        let wanted = key(at);
        let hash = self.hasher.hash_one(&wanted);
        let shard = self.shard_of(hash);
        let shard = Arc::make_mut(&mut self.shards[shard]);
        if shard.find(hash, |known| key(*known) == wanted).is_none() {
            shard.insert_unique(hash, at, |at| self.hasher.hash_one(key(*at)));
        }
    }

    /// Takes a place out that had this key.
    pub(super) fn remove<K: Hash + Eq>(&mut self, at: u32, had: &K) {
        let hash = self.hasher.hash_one(had);
        let shard = self.shard_of(hash);
        if let Some(shard) = self.shards.get_mut(shard)
            && let Ok(found) = Arc::make_mut(shard).find_entry(hash, |known| *known == at)
        {
            found.remove();
        }
    }

    fn shard_of(&self, hash: u64) -> usize {
        // The table uses the lowest bits and the highest seven.
        let middle = hash >> 20 & 0xffff_ffff;
        (middle as usize * self.shards.len()) >> 32
    }
}
