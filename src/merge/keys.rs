//! Finds copies by a key: eight bytes for each key of each copy, in one sorted list. What changed lies
//! beside it until it is much.

use std::collections::BTreeSet;

/// A key, cut short, and a copy. Two keys that are one cut short only make more be looked at.
type Entry = (u32, u32);

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct KeyIndex {
    settled: Vec<Entry>,
    /// Where the keys that begin with the same bits start; one more at the end.
    starts: Vec<u32>,
    shift: u32,
    added: BTreeSet<Entry>,
    removed: BTreeSet<Entry>,
}

/// So many entries share their first bits.
const BUCKET: usize = 32;
/// As many changes wait at least.
const WAITING: usize = 16_384;

impl KeyIndex {
    pub fn of(entries: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let short = |(key, copy)| (cut(key), copy);
        let mut index = Self {
            settled: entries.into_iter().map(short).collect(),
            ..Self::default()
        };
        index.settled.sort_unstable();
        index.settled.dedup();
        index.settled.shrink_to_fit();
        index.find_starts();
        index
    }

    /// Of keys that are cut short, sorted, each once.
    pub(super) fn of_sorted(mut entries: Vec<(u32, u32)>) -> Self {
        entries.shrink_to_fit();
        let mut index = Self {
            settled: entries,
            ..Self::default()
        };
        index.find_starts();
        index
    }

    /// Calls `each` with every copy that has this key, and seldom with one that has not.
    pub fn each(&self, key: u64, mut each: impl FnMut(u32)) {
        let key = cut(key);
        let bucket = (key >> self.shift) as usize;
        if let Some([from, to]) = self.starts.get(bucket..bucket + 2) {
            let bucket = &self.settled[*from as usize..*to as usize];
            let from = bucket.partition_point(|entry| entry.0 < key);
            let run = bucket[from..].iter().take_while(|entry| entry.0 == key);
            run.filter(|entry| !self.removed.contains(entry))
                .for_each(|entry| each(entry.1));
        }
        let added = self.added.range((key, 0)..=(key, u32::MAX));
        added.for_each(|entry| each(entry.1));
    }

    /// A copy has these keys now and had those.
    pub fn replace(&mut self, copy: u32, had: &[u64], has: &[u64]) {
        let has: BTreeSet<Entry> = has.iter().map(|key| (cut(*key), copy)).collect();
        for entry in had.iter().map(|key| (cut(*key), copy)) {
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
            self.starts[(entry.0 >> self.shift) as usize + 1] += 1;
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
        for key in (0..500).map(mix) {
            let mut found = BTreeSet::new();
            index.each(key, |copy| assert!(found.insert(copy), "told twice"));
            let expected = versions
                .iter()
                .filter(|(copy, version)| keys(**copy, **version).contains(&key));
            let expected: BTreeSet<u32> = expected.map(|(copy, _)| *copy).collect();
            assert_eq!(found, expected);
        }
    }
}
