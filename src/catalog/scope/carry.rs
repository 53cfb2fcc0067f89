//! A projection of a later moment, made from an earlier one: only what changed is looked at again.

use std::sync::{Arc, Mutex, OnceLock};

use super::projection::Projection;
use super::{AccessSet, views};
use crate::catalog::names::each_name;
use crate::catalog::snapshot::{CopyIx, Delta, ItemIx, Snapshot};
use crate::model::{ItemKind, NameKind, UpstreamId};

/// As many steps back is it known what changed.
const STEPS: usize = 64;

/// What changed lately, so that what was made before can be brought up to date.
#[derive(Clone, Default)]
pub(super) struct History {
    /// How many steps there were.
    version: u64,
    /// The last ones.
    steps: Vec<Arc<Delta>>,
}

impl History {
    fn and(&self, changed: Delta) -> Self {
        let skip = (self.steps.len() + 1).saturating_sub(STEPS);
        let mut steps = self.steps[skip..].to_vec();
        steps.push(Arc::new(changed));
        Self {
            version: self.version + 1,
            steps,
        }
    }

    fn since(&self, version: u64) -> Option<Delta> {
        let back = usize::try_from(self.version.checked_sub(version)?).ok()?;
        let from = self.steps.len().checked_sub(back)?;
        let mut all = Delta::default();
        for step in &self.steps[from..] {
            all.items.extend(&step.items);
            all.copies.extend(&step.copies);
        }
        Some(all.tidied())
    }
}

impl Projection {
    /// Counts how often it was carried over.
    pub(in crate::catalog) fn version(&self) -> u64 {
        self.history.version
    }

    /// What a list of that version has to be looked through for; none where that is not known any more.
    pub(in crate::catalog) fn changed_since(&self, version: u64) -> Option<Delta> {
        self.history.since(version)
    }

    /// The projection of a later snapshot or of other rights. `changed`: the copies that are not as they
    /// were in this one, or not shown as they were, and their items.
    pub(in crate::catalog) fn carried(
        &self,
        snapshot: &Arc<Snapshot>,
        access: AccessSet,
        changed: &Delta,
    ) -> Self {
        let mut next = Self {
            snapshot: snapshot.clone(),
            access,
            root_id: self.root_id,
            ids: self.ids.clone(),
            views: self.views.clone(),
            everything: self.everything.clone(),
            members: Mutex::default(),
            names: OnceLock::new(),
            history: self.history.and(changed.clone()),
            results: self.results.carried(),
            bodies: self.bodies.share_anew(),
        };
        if self.changes_views(&next, changed) {
            next.views = views::of(&next, None);
        }
        let leads = |item: &ItemIx| (*item, next.choose_lead(*item));
        let leads: Vec<_> = changed.items.iter().map(leads).collect();
        next.everything = Arc::new(self.everything.with(snapshot, leads));
        let known = self.members.lock().expect("no panic while locked").clone();
        let known = known.into_iter().map(|(library, members)| {
            let kind = members.kind;
            let places = kind.places(changed).iter();
            let leads = places.map(|at| (*at, next.listed_at(library, kind, *at)));
            let members = members.with(snapshot, leads.collect());
            (library, Arc::new(members))
        });
        let known = known.collect();
        next.members = Mutex::new(known);
        if let Some(names) = self.names.get()
            && changed
                .items
                .iter()
                .all(|item| carried_names(self, *item) == carried_names(&next, *item))
        {
            next.names = OnceLock::from(names.clone());
        }
        if self.leaves_others(&next, changed) {
            let changed = changed.items.iter().copied().collect();
            self.bodies.hand_over(&next.bodies, &changed);
        }
        next
    }

    /// Whether all that changed is the same item as before, and shown or hidden as before: then what others
    /// tell of it (ids, counts) is true still.
    fn leaves_others(&self, next: &Self, changed: &Delta) -> bool {
        let item_of = |projection: &Self, copy: CopyIx| {
            let snapshot = &projection.snapshot;
            snapshot.copies.get(copy)?;
            Some(snapshot.item(snapshot.item_of(copy)).id)
        };
        let shown = |projection: &Self, item: ItemIx| {
            let row = projection.snapshot.items.get(item)?;
            Some((row.id, projection.sees_item(item)))
        };
        let copies = changed.copies.iter();
        let mut items = changed.items.iter();
        copies
            .clone()
            .all(|copy| item_of(self, *copy) == item_of(next, *copy))
            && items.all(|item| shown(self, *item) == shown(next, *item))
    }

    /// Whether there are collections or playlists now where there were none, or the other way round.
    fn changes_views(&self, next: &Self, changed: &Delta) -> bool {
        let is_listed = |projection: &Self, copy: CopyIx| {
            let copy = projection.snapshot.copies.get(copy);
            copy.is_some_and(|copy| copy.light.kind.has_members())
        };
        let both = |copy| is_listed(self, copy) || is_listed(next, copy);
        changed.copies.iter().any(|copy| both(*copy))
            || self.access.libraries != next.access.libraries
    }
}

type Carried = (NameKind, String, Option<UpstreamId>, Option<String>);

/// Everything of an item that the lists of names are made of.
fn carried_names(
    projection: &Projection,
    item: ItemIx,
) -> Option<(ItemKind, Vec<Carried>, Vec<CopyIx>)> {
    let row = projection.snapshot.items.get(item)?;
    projection.everything.lead(item)?;
    let mut carried = Vec::new();
    for copy in row.copies.iter().filter(|copy| projection.sees(**copy)) {
        each_name(projection.snapshot.copy(*copy), |kind, name, id, tag| {
            carried.push((kind, name.to_owned(), id, tag.map(str::to_owned)));
        });
    }
    Some((row.kind, carried, row.copies.to_vec()))
}
