//! Bodies that were rendered already, as text, for one projection: a page is then put together from its
//! parts, whatever its sort, filter and place. Without `UserData`, which changes at every moment and is
//! added to each.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use lru::LruCache;

use crate::catalog::budget::{Budget, Share};
use crate::catalog::scope::ItemEntry;
use crate::catalog::snapshot::ItemIx;
use crate::model::BodyOptions;
use crate::telemetry::metrics::Lookups;

/// What the texts of all projections may take, in bytes.
pub const BUDGET: usize = 16 << 20;
/// What a text costs beside its bytes: the key and its place in the map.
const OVERHEAD: usize = 96;
/// Different selections of fields; an app has a few.
const SELECTIONS: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// See the module.
pub struct Kept {
    texts: Mutex<Texts>,
    lookups: Lookups,
    share: Share,
}

struct Texts {
    by_options: LruCache<BodyOptions, Selection>,
    bytes: usize,
}

#[derive(Default)]
struct Selection {
    texts: HashMap<ItemEntry, Arc<str>>,
    bytes: usize,
}

impl Default for Kept {
    fn default() -> Self {
        let texts = Texts {
            by_options: LruCache::new(SELECTIONS),
            bytes: 0,
        };
        Self {
            texts: Mutex::new(texts),
            lookups: Lookups::default(),
            share: Budget::new(BUDGET).share(),
        }
    }
}

impl Kept {
    /// Counts what is found in it, and has this share of what all may take.
    pub fn sharing(lookups: Lookups, share: Share) -> Self {
        Self {
            lookups,
            share,
            ..Self::default()
        }
    }

    /// Another one that counts alike, with a share of its own.
    pub fn share_anew(&self) -> Self {
        Self::sharing(self.lookups.clone(), self.share.another())
    }

    /// Gives all texts to the one that takes its place, save those of these items.
    pub fn hand_over(&self, next: &Self, changed: &HashSet<ItemIx>) {
        let (mut own, mut theirs) = (self.lock(), next.lock());
        std::mem::swap(&mut *own, &mut *theirs);
        let mut bytes = 0;
        for (_, selection) in theirs.by_options.iter_mut() {
            selection.texts.retain(|entry, text| {
                let stays = !changed.contains(&entry.item);
                if !stays {
                    selection.bytes -= text.len() + OVERHEAD;
                }
                stays
            });
            bytes += selection.bytes;
        }
        theirs.bytes = bytes;
    }

    /// The texts of these entries, where there are any.
    pub fn get(
        &self,
        options: &BodyOptions,
        entries: impl Iterator<Item = ItemEntry>,
    ) -> Vec<Option<Arc<str>>> {
        let mut kept = self.lock();
        let found: Vec<Option<Arc<str>>> = match kept.by_options.get(options) {
            Some(selection) => entries
                .map(|entry| selection.texts.get(&entry).cloned())
                .collect(),
            None => entries.map(|_| None).collect(),
        };
        let hits = found.iter().flatten().count() as u64;
        self.lookups.count(hits, found.len() as u64 - hits);
        found
    }

    pub fn put(&self, options: &BodyOptions, made: Vec<(ItemEntry, Arc<str>)>) {
        if made.is_empty() {
            return;
        }
        let mut kept = self.lock();
        if !kept.by_options.contains(options)
            && let Some((_, former)) = kept.by_options.push(options.clone(), Selection::default())
        {
            kept.bytes -= former.bytes;
        }
        let mut added = 0;
        if let Some(selection) = kept.by_options.get_mut(options) {
            for (entry, text) in made {
                let bytes = text.len() + OVERHEAD;
                if selection.texts.insert(entry, text).is_none() {
                    added += bytes;
                }
            }
            selection.bytes += added;
        }
        kept.bytes += added;
        while kept.bytes > self.share.bytes() {
            let Some((_, oldest)) = kept.by_options.pop_lru() else {
                break;
            };
            kept.bytes -= oldest.bytes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().expect("no panic while locked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PublicId;

    fn entry(item: u32) -> ItemEntry {
        ItemEntry {
            id: PublicId::default(),
            item,
            lead: item,
            single: false,
        }
    }

    #[test]
    fn texts_are_found_by_entry_and_selection() {
        let kept = Kept::default();
        let (plain, detail) = (BodyOptions::default(), BodyOptions::detail());
        kept.put(&plain, vec![(entry(1), "one".into())]);
        let found = kept.get(&plain, [entry(1), entry(2)].into_iter());
        assert_eq!(found, [Some("one".into()), None]);
        assert_eq!(kept.get(&detail, [entry(1)].into_iter()), [None]);
        let alone = ItemEntry {
            single: true,
            ..entry(1)
        };
        assert_eq!(kept.get(&plain, [alone].into_iter()), [None]);
    }

    #[test]
    fn a_successor_has_all_texts_but_those_of_what_changed() {
        let (kept, plain) = (Kept::default(), BodyOptions::default());
        kept.put(
            &plain,
            vec![(entry(1), "one".into()), (entry(2), "two".into())],
        );
        let next = kept.share_anew();
        kept.hand_over(&next, &HashSet::from([2]));
        let found = next.get(&plain, [entry(1), entry(2)].into_iter());
        assert_eq!(found, [Some("one".into()), None]);
        assert_eq!(next.lock().bytes, "one".len() + OVERHEAD);
        assert_eq!(kept.get(&plain, [entry(1)].into_iter()), [None]);
    }

    #[test]
    fn what_is_kept_stays_within_its_budget() {
        let kept = Kept::default();
        let text: Arc<str> = "x".repeat(1 << 20).into();
        for item in 0..40 {
            kept.put(&BodyOptions::default(), vec![(entry(item), text.clone())]);
            assert!(kept.lock().bytes <= BUDGET);
        }
        kept.put(&BodyOptions::default(), vec![(entry(99), "last".into())]);
        let found = kept.get(&BodyOptions::default(), [entry(99)].into_iter());
        assert_eq!(found, [Some("last".into())]);
    }
}
