//! Makes the scope of a viewer, sharing what viewers with equal rights share.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use lru::LruCache;

use super::budget::Budget;
use super::query::{self, ResultCache};
use super::render::{self, Kept};
use super::scope::{AccessSet, LinkAccess, Projection};
use super::snapshot::{CopyIx, Snapshot, for_owner};
use super::store::Access;
use crate::accounts::{PublicIds, Viewer};
use crate::model::PublicId;
use crate::telemetry::Metrics;
use crate::telemetry::metrics::{CacheName, Lookups};

/// How many access sets are kept projected.
const PROJECTIONS: NonZeroUsize = NonZeroUsize::new(32).expect("not zero");

/// As many copies or items are looked at again; beyond that, everything is.
const MOST: usize = 20_000;

/// Projections, found by the viewer's links and shared by what they show.
pub struct Projections {
    ids: PublicIds,
    lists: (Lookups, Budget),
    texts: (Lookups, Budget),
    by_links: Mutex<LruCache<Links, Known>>,
    by_access: Mutex<LruCache<Shown, Arc<Projection>>>,
    /// [`MOST`].
    most: usize,
}

/// The question: whose links.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Links {
    links: Vec<i64>,
    owner: Option<PublicId>,
}

/// What the answer was, and of what it was made.
#[derive(Clone)]
struct Known {
    projection: Arc<Projection>,
    /// [`Access::generation`].
    access: u64,
    links: Vec<Arc<LinkAccess>>,
}

/// The answer: what is shown as of which snapshot; the owner where own libraries make a difference.
#[derive(PartialEq, Eq, Hash)]
struct Shown {
    generation: u64,
    access: u64,
    owner: Option<PublicId>,
}

impl Shown {
    fn of(generation: u64, access: &AccessSet, owner: Option<PublicId>) -> Self {
        let access = access.digest();
        Self {
            generation,
            access,
            owner,
        }
    }
}

impl Projections {
    /// What is found in them again is counted in `metrics`.
    pub fn new(ids: PublicIds, metrics: &Metrics) -> Self {
        Self {
            ids,
            lists: (
                metrics.lookups(CacheName::Lists),
                Budget::new(query::budget(0)),
            ),
            texts: (
                metrics.lookups(CacheName::Texts),
                Budget::new(render::TEXTS),
            ),
            by_links: Mutex::new(LruCache::new(PROJECTIONS)),
            by_access: Mutex::new(LruCache::new(PROJECTIONS)),
            most: MOST,
        }
    }

    pub fn of(
        &self,
        viewer: &Viewer,
        snapshot: &Arc<Snapshot>,
        access: &Access,
    ) -> Arc<Projection> {
        let owns = snapshot
            .merged_libraries
            .iter()
            .any(|library| library.owner == Some(viewer.user_id));
        let owner = owns.then_some(viewer.user_id);
        let mut links: Vec<i64> = viewer.active_links().map(|link| link.id).collect();
        links.sort_unstable();
        let question = Links { links, owner };
        let known = lock(&self.by_links).get(&question).cloned();
        if let Some(known) = &known
            && known.projection.snapshot.generation == snapshot.generation
            && known.access == access.generation
        {
            return known.projection.clone();
        }
        let lists = query::budget(snapshot.copies.len());
        self.lists.1.set(lists);
        let links = question.links.iter();
        let links: Vec<_> = links
            .filter_map(|link| access.links.get(link).cloned())
            .collect();
        let carried = known.and_then(|known| self.carried(&known, snapshot, &links, owner));
        let projection = carried.unwrap_or_else(|| self.made(snapshot, &links, owner));
        let mut by_links = lock(&self.by_links);
        // What cannot be carried over any more holds an old snapshot for nothing.
        forget(&mut by_links, |_, old| {
            !snapshot.follows(&old.projection.snapshot)
        });
        let known = Known {
            projection: projection.clone(),
            access: access.generation,
            links,
        };
        by_links.put(question, known);
        projection
    }

    /// From what there was, where it is known what changed since.
    fn carried(
        &self,
        known: &Known,
        snapshot: &Arc<Snapshot>,
        links: &[Arc<LinkAccess>],
        owner: Option<PublicId>,
    ) -> Option<Arc<Projection>> {
        // An owner's own snapshot is grouped anew each time.
        if owner.is_some() {
            return None;
        }
        let before = &known.projection;
        let mut changed = snapshot.since(&before.snapshot)?;
        changed
            .copies
            .extend(shown_otherwise(known, snapshot, links, self.most)?);
        let touched = |snapshot: &Snapshot| -> Vec<_> {
            let copies = changed.copies.iter();
            let live = copies.filter(|copy| snapshot.copies.get(**copy).is_some());
            live.map(|copy| snapshot.item_of(*copy)).collect()
        };
        let items = [touched(&before.snapshot), touched(snapshot)];
        changed.items.extend(items.into_iter().flatten());
        let changed = changed.tidied();
        if changed.items.len() > self.most {
            return None;
        }
        let copies = changed.copies.iter().copied();
        let access = before.access.again(snapshot, links, copies);
        let shown = Shown::of(snapshot.generation, &access, None);
        let mut by_access = lock(&self.by_access);
        let found = by_access.get(&shown);
        if let Some(found) = found.filter(|found| found.access == access) {
            return Some(found.clone());
        }
        let carried = Arc::new(before.carried(snapshot, access, &changed));
        self.keep(&mut by_access, shown, &carried);
        Some(carried)
    }

    fn made(
        &self,
        snapshot: &Arc<Snapshot>,
        links: &[Arc<LinkAccess>],
        owner: Option<PublicId>,
    ) -> Arc<Projection> {
        let access = AccessSet::of(snapshot, links.iter().map(AsRef::as_ref));
        let shown = Shown::of(snapshot.generation, &access, owner);
        let mut by_access = lock(&self.by_access);
        let found = by_access.get(&shown);
        if let Some(found) = found.filter(|found| found.access == access) {
            return found.clone();
        }
        let own = owner
            .and_then(|owner| for_owner(snapshot, owner))
            .map(Arc::new);
        let mut made = Projection::new(
            own.unwrap_or_else(|| snapshot.clone()),
            access,
            owner,
            self.ids.clone(),
        );
        made.results = ResultCache::sharing(self.lists.0.clone(), self.lists.1.share());
        made.bodies = Kept::sharing(self.texts.0.clone(), self.texts.1.share());
        let made = Arc::new(made);
        self.keep(&mut by_access, shown, &made);
        made
    }

    /// What an older snapshot showed is of no use to others any more.
    fn keep(
        &self,
        by_access: &mut LruCache<Shown, Arc<Projection>>,
        shown: Shown,
        projection: &Arc<Projection>,
    ) {
        let generation = shown.generation;
        forget(by_access, |old, _| old.generation < generation);
        by_access.put(shown, projection.clone());
    }
}

/// The copies that the links show now and did not then, or the other way round; none where the links
/// themselves are others, or show more than `most` otherwise.
fn shown_otherwise(
    known: &Known,
    snapshot: &Snapshot,
    links: &[Arc<LinkAccess>],
    most: usize,
) -> Option<Vec<CopyIx>> {
    if known.links.len() != links.len() {
        return None;
    }
    let mut copies = Vec::new();
    for (then, now) in known.links.iter().zip(links) {
        if Arc::ptr_eq(then, now) {
            continue;
        }
        if then.server_id != now.server_id || then.libraries != now.libraries {
            return None;
        }
        let rows = &then.copies ^ &now.copies;
        if rows.len() > most as u64 {
            return None;
        }
        let rows = rows.iter().map(i64::from);
        copies.extend(rows.filter_map(|row| snapshot.copy_by_row(row)));
    }
    Some(copies)
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().expect("no panic while locked")
}

fn forget<K: std::hash::Hash + Eq, V>(kept: &mut LruCache<K, V>, old: impl Fn(&K, &V) -> bool) {
    let mut fresh = LruCache::new(PROJECTIONS);
    while let Some((key, value)) = kept.pop_lru() {
        if !old(&key, &value) {
            fresh.put(key, value);
        }
    }
    *kept = fresh;
}

#[cfg(test)]
#[path = "scopes_tests.rs"]
mod tests;
