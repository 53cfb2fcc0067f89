//! A list of before, brought up to date: what changed is taken out and put in where it belongs now.

use std::collections::BTreeSet;

use super::cache::Found;
use super::list::{List, Listed};
use super::sort::{self, By};
use crate::catalog::scope::ItemEntry;
use crate::catalog::snapshot::{Delta, ItemIx};
use crate::model::{ItemQuery, SortBy};

/// Whether each entry of the list stands for itself. Where one is listed for what others are (an id that may
/// open another item now, what was watched in it), the list is made anew.
pub fn may(query: &ItemQuery) -> bool {
    let filter = &query.filter;
    let ids = [
        &filter.exclude_ids,
        &filter.genre_ids,
        &filter.studio_ids,
        &filter.person_ids,
        &filter.artist_ids,
        &filter.album_artist_ids,
        &filter.contributing_artist_ids,
        &filter.exclude_artist_ids,
        &filter.album_ids,
    ];
    let names_others = ids.iter().any(|ids| !ids.is_empty()) || filter.adjacent_to.is_some();
    !names_others && !sort::uses_user_data(query)
}

/// What changed, and whatever an order places by it: the size of a series is that of its episodes, and
/// episodes may be sorted by the name of their series.
fn with_dependent(by: &By<'_>, mut changed: Delta) -> Delta {
    let sorts = |sort: SortBy| by.keys.iter().any(|key| key.by == sort);
    let mut items: BTreeSet<ItemIx> = BTreeSet::new();
    if sorts(SortBy::Size) {
        items.extend(by.scope.with_holders(&changed.items));
    }
    if sorts(SortBy::SeriesSortName) {
        items.extend(by.scope.with_episodes(&changed.items));
    }
    let snapshot = by.scope.snapshot();
    let rows = items.iter().filter_map(|item| snapshot.items.get(*item));
    let copies = rows.flat_map(|item| item.copies.iter());
    changed.copies.extend(copies);
    changed.items.extend(items);
    changed.tidied()
}

/// The positions in order, of those that pass; none where too much changed, or it is not known what.
pub fn order(by: &By<'_>, known: &Found, passes: impl Fn(&ItemEntry) -> bool) -> Option<Vec<u32>> {
    let (Listed::Shared(members), List::Placed { listed, order }) = (by.listed, &known.list) else {
        return None;
    };
    let is_of_user = by.keys.iter().any(|key| sort::of_user(key.by));
    if matches!(listed, Listed::Own(_)) || by.keys.is_empty() || is_of_user {
        return None;
    }
    let changed = by.scope.projection.changed_since(known.version)?;
    let changed = with_dependent(by, changed);
    let changed = members.kind.places(&changed);
    // Sorting all costs about as much.
    if changed.len() > 64 + order.len() / 8 {
        return None;
    }
    let stays = without(order, changed);
    let comes = changed.iter().copied();
    let comes = comes.filter(|at| members.get(*at).is_some_and(|entry| passes(&entry)));
    Some(merged(by, stays, by.sorted(comes.collect())))
}

fn without(order: &[u32], changed: &[u32]) -> Vec<u32> {
    let bound = changed.last().map_or(0, |last| *last as usize + 1);
    let mut is_changed = vec![false; bound];
    for at in changed {
        is_changed[*at as usize] = true;
    }
    let is_changed = |at: &u32| is_changed.get(*at as usize).copied().unwrap_or(false);
    // Stretches are copied as wholes: of a million entries a few go.
    let mut stays = Vec::with_capacity(order.len() + changed.len());
    let mut from = 0;
    for (place, _) in order.iter().enumerate().filter(|(_, at)| is_changed(at)) {
        stays.extend_from_slice(&order[from..place]);
        from = place + 1;
    }
    stays.extend_from_slice(&order[from..]);
    stays
}

/// Both are in order.
fn merged(by: &By<'_>, stays: Vec<u32>, comes: Vec<u32>) -> Vec<u32> {
    let mut all = Vec::with_capacity(stays.len() + comes.len());
    let mut rest = stays.as_slice();
    for new in comes {
        let row = by.row(new);
        let before = rest.partition_point(|at| by.compare(&by.row(*at), &row).is_lt());
        all.extend_from_slice(&rest[..before]);
        all.push(new);
        rest = &rest[before..];
    }
    all.extend_from_slice(rest);
    all
}
