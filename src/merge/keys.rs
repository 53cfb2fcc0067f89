//! Finds copies by a key: eight bytes for each key of each copy, in one sorted list. What changed lies
//! beside it until it is much.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What copies are sorted by.
pub trait SortKey: Copy + Ord {
    /// What comes first in the order, evenly spread.
    fn first(self) -> u32;
}

/// A key, cut short. Two keys that are one cut short only make more be looked at.
impl SortKey for u32 {
    fn first(self) -> u32 {
        self
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct KeyIndex<K = u32> {
    settled: Vec<(K, u32)>,
    /// Where the keys that begin with the same bits start; one more at the end.
    starts: Vec<u32>,
    shift: u32,
    added: BTreeSet<(K, u32)>,
    removed: BTreeSet<(K, u32)>,
}

/// So many entries share their first bits.
const BUCKET: usize = 32;
/// As many changes wait at least.
const WAITING: usize = 16_384;

impl<K> Default for KeyIndex<K> {
    fn default() -> Self {
        Self {
            settled: Vec::new(),
            starts: Vec::new(),
            shift: 0,
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
        }
    }
}

impl KeyIndex {
    pub fn of(entries: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let short = |(key, copy)| (cut(key), copy);
        let mut entries: Vec<(u32, u32)> = entries.into_iter().map(short).collect();
        entries.sort_unstable();
        entries.dedup();
        Self::of_sorted(entries)
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

impl<K: SortKey> KeyIndex<K> {
    /// Of entries that are sorted, each once.
    pub(super) fn of_sorted(mut entries: Vec<(K, u32)>) -> Self {
        entries.shrink_to_fit();
        let mut index = Self {
            settled: entries,
            ..Self::default()
        };
        index.find_starts();
        index
    }

    /// The copies whose keys lie in this range.
    pub(super) fn within(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = u32> + '_ {
        let (first, last) = (*keys.start(), *keys.end());
        let bucket = |key: K| (key.first() >> self.shift) as usize;
        let starts = self.starts.get(bucket(first)..=bucket(last) + 1);
        let settled = match starts {
            Some([from, .., to]) => &self.settled[*from as usize..*to as usize],
            _ => &[],
        };
        let from = settled.partition_point(|entry| entry.0 < first);
        let settled = settled[from..].iter();
        let settled = settled.take_while(move |entry| entry.0 <= last);
        let stays = settled.filter(|entry| !self.removed.contains(entry));
        let added = self.added.range((first, 0)..=(last, u32::MAX));
        stays.chain(added).map(|entry| entry.1)
    }

    /// As [`KeyIndex::replace`].
    pub(super) fn put(&mut self, copy: u32, had: &[K], has: &[K]) {
        let has: BTreeSet<(K, u32)> = has.iter().map(|key| (*key, copy)).collect();
        for entry in had.iter().map(|key| (*key, copy)) {
            if !has.contains(&entry) && !self.added.remove(&entry) {
                self.removed.insert(entry);
            }
        }
        for entry in has {
            if !self.removed.remove(&entry) && self.settled.binary_search(&entry).is_err() {
                self.added.insert(entry);
            }
        }
        if self.added.len() + self.removed.len() > WAITING.max(self.settled.len() / 64) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        let (added, removed) = (
            std::mem::take(&mut self.added),
            std::mem::take(&mut self.removed),
        );
        let mut all = Vec::with_capacity(self.settled.len() + added.len());
        let mut added = added.into_iter().peekable();
        for entry in self.settled.drain(..) {
            while let Some(new) = added.next_if(|new| *new < entry) {
                all.push(new);
            }
            if removed.is_empty() || !removed.contains(&entry) {
                all.push(entry);
            }
        }
        all.extend(added);
        self.settled = all;
        self.find_starts();
    }

    fn find_starts(&mut self) {
        let buckets = (self.settled.len() / BUCKET).next_power_of_two();
        let bits = buckets.trailing_zeros().clamp(1, 24);
        self.shift = 32 - bits;
        self.starts = vec![0; (1 << bits) + 1];
        for entry in &self.settled {
            self.starts[(entry.0.first() >> self.shift) as usize + 1] += 1;
        }
        for at in 1..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
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
        let check = |index: &KeyIndex, versions: &BTreeMap<u32, u64>| {
            let mut expected: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
            for (copy, version) in versions {
                for key in keys(*copy, *version) {
                    expected.entry(key).or_default().insert(*copy);
                }
            }
            for key in (0..500).map(mix) {
                let mut found = BTreeSet::new();
                index.each(key, |copy| assert!(found.insert(copy), "told twice"));
                assert_eq!(found, expected.remove(&key).unwrap_or_default());
            }
        };
        check(&index, &versions);
        // So many that they are settled, with what went before; and a few afterwards.
        assert!(!index.added.is_empty() && !index.removed.is_empty());
        for copy in 2_000..12_000 {
            index.replace(copy, &[], &keys(copy, 1));
            versions.insert(copy, 1);
        }
        assert!(index.added.len() < WAITING && index.settled.len() > WAITING);
        check(&index, &versions);
    }

    #[test]
    fn an_index_of_nothing_finds_nothing() {
        KeyIndex::<u32>::default().each(u64::MAX, |copy| panic!("there is {copy}"));
    }
}
