//! Finds positions by a key that lies at the position itself: five bytes an entry, whatever the key.

use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    positions: HashTable<u32>,
}

impl Index {
    /// Of equal keys the first position is found.
    pub(super) fn of<K: Hash + Eq>(len: u32, key: impl Fn(u32) -> K) -> Self {
        let mut index = Self {
            hasher: RandomState::new(),
            positions: HashTable::with_capacity(len as usize),
        };
        for at in 0..len {
            let wanted = key(at);
            let hash = index.hasher.hash_one(&wanted);
            if index
                .positions
                .find(hash, |known| key(*known) == wanted)
                .is_none()
            {
                let rehash = |at: &u32| index.hasher.hash_one(key(*at));
                index.positions.insert_unique(hash, at, rehash);
            }
        }
        index
    }

    /// The position whose key this is; `key` as it was when the index was made.
    pub(super) fn find<K: Hash + Eq>(&self, wanted: &K, key: impl Fn(u32) -> K) -> Option<u32> {
        let hash = self.hasher.hash_one(wanted);
        let found = self.positions.find(hash, |at| key(*at) == *wanted);
        found.copied()
    }
}
