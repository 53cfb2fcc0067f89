//! Values that are kept once and known by a number: four bytes wherever one is used.
//!
//! What was taken in stays until the process ends: a catalog uses its words again and again.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Mutex;

use hashbrown::HashTable;

const SHARDS: usize = 16;

/// See the module.
pub(super) struct Interner<T: ?Sized + 'static> {
    values: boxcar::Vec<Box<T>>,
    numbers: [Mutex<HashTable<u32>>; SHARDS],
    hasher: RandomState,
}

impl<T: ?Sized + Hash + Eq> Interner<T> {
    pub(super) fn new() -> Self {
        Self {
            values: boxcar::Vec::new(),
            numbers: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// The number of a value; equal values have the same.
    ///
    /// # Panics
    /// After four billion different values.
    pub(super) fn number(&self, value: &T, own: impl FnOnce() -> Box<T>) -> u32 {
        let hash = self.hasher.hash_one(value);
        let shard = &self.numbers[(hash >> 57) as usize % SHARDS];
        let mut numbers = shard.lock().expect("no panic while locked");
        let found = numbers.find(hash, |number| self.get(*number) == value);
        if let Some(found) = found {
            return *found;
        }
        let number = u32::try_from(self.values.push(own())).expect("fewer than four billion");
        numbers.insert_unique(hash, number, |number| {
            self.hasher.hash_one(self.get(*number))
        });
        number
    }

    /// # Panics
    /// For a number that was not given out.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number_whoever_asks() {
        let interner: Interner<str> = Interner::new();
        let all: Vec<Vec<u32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let texts = (0..5_000).map(|number| format!("word {number}"));
                        texts
                            .map(|text| interner.number(&text, || text.as_str().into()))
                            .collect()
                    })
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.iter().all(|numbers| *numbers == all[0]));
        assert_eq!(interner.get(all[0][4_711]), "word 4711");
        assert_eq!(interner.values.count(), 5_000);
    }
}
