//! Finds copies by a key: one sorted set of short keys, each with a copy. A change costs a few steps down a
//! tree, so no change waits for what others left to be done.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// See the module. A key is cut short by default: two keys that are one cut short only make more be looked at.
#[derive(Debug, Clone)]
pub struct KeyIndex<K = u32>(BTreeSet<(K, u32)>);

impl<K> Default for KeyIndex<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl KeyIndex {
    pub fn of(entries: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let short = |(key, copy)| (cut(key), copy);
        Self::of_all(entries.into_iter().map(short).collect())
    }

    /// Calls `each` with every copy that has this key, and seldom with one that has not.
    pub fn each(&self, key: u64, each: impl FnMut(u32)) {
        self.within(cut(key)..=cut(key)).for_each(each);
    }

    /// A copy has these keys now and had those.
    pub fn replace(&mut self, copy: u32, had: &[u64], has: &[u64]) {
        let short = |keys: &[u64]| keys.iter().map(|key| cut(*key)).collect::<Vec<_>>();
        self.put(copy, &short(had), &short(has));
    }
}

impl<K: Copy + Ord> KeyIndex<K> {
    /// At once, which packs the tree tighter than one by one.
    pub(super) fn of_all(entries: Vec<(K, u32)>) -> Self {
        Self(entries.into_iter().collect())
    }

    /// The copies whose keys lie in this range.
    pub(super) fn within(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = u32> + '_ {
        let (first, last) = (*keys.start(), *keys.end());
        let found = self.0.range((first, 0)..=(last, u32::MAX));
        found.map(|(_, copy)| *copy)
    }

    /// As [`KeyIndex::replace`].
    pub(super) fn put(&mut self, copy: u32, had: &[K], has: &[K]) {
        for key in had.iter().filter(|key| !has.contains(key)) {
            self.0.remove(&(*key, copy));
        }
        self.0.extend(has.iter().map(|key| (*key, copy)));
    }
}

fn cut(key: u64) -> u32 {
    (key >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::merge::name::mix;

    #[test]
    fn it_finds_what_has_a_key_now() {
        let keys = |copy: u32, version: u64| -> Vec<u64> {
            (0..3)
                .map(|n| mix((u64::from(copy) + n * version) % 500))
                .collect()
        };
        let mut versions: BTreeMap<u32, u64> = (0..2_000).map(|copy| (copy, 1)).collect();
        let all = versions
            .keys()
            .flat_map(|copy| keys(*copy, 1).into_iter().map(move |key| (key, *copy)));
        let mut index = KeyIndex::of(all);
        for round in 0..40_000u64 {
            let copy = (mix(round) % 2_000) as u32;
            let had = versions.get(&copy).map(|version| keys(copy, *version));
            let has = (round % 5 != 0).then(|| keys(copy, round % 7));
            index.replace(copy, &had.unwrap_or_default(), &has.unwrap_or_default());
            match round % 5 {
                0 => versions.remove(&copy),
                _ => versions.insert(copy, round % 7),
            };
        }
        let mut expected: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (copy, version) in &versions {
            for key in keys(*copy, *version) {
                expected.entry(key).or_default().insert(*copy);
            }
        }
        for key in (0..500).map(mix) {
            let mut found = BTreeSet::new();
            index.each(key, |copy| assert!(found.insert(copy), "told twice"));
            assert_eq!(found, expected.remove(&key).unwrap_or_default());
        }
    }

    #[test]
    fn an_index_of_nothing_finds_nothing() {
        KeyIndex::<u32>::default().each(u64::MAX, |copy| panic!("there is {copy}"));
    }
}
