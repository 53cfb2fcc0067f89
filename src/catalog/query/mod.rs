//! Lists: filter, sort, page, count, all over what one viewer may see. Exact: the same item never on two
//! pages, the order total, the count that of all pages.

mod cache;
mod filter;
mod list;
mod place;
mod search;
mod sort;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use crate::catalog::CatalogError;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::ItemIx;
use crate::model::{ItemFilter, ItemKind, ItemQuery, ItemSort, NameKind, Page};

pub use cache::{BUDGET as LISTS, ResultCache};
pub use filter::{is_hd, size};
pub use list::{Entries, List};
use place::Place;
pub use place::{collect, is_location};
pub use values::{FilterValues, filter_values};

/// A page of a list and how many entries all pages have.
#[derive(Debug, Clone, Default)]
pub struct EntryPage {
    pub total: usize,
    pub offset: usize,
    pub entries: Vec<Entry>,
}

impl EntryPage {
    /// Cuts a page out of a list.
    pub fn of(all: &List, page: Page) -> Self {
        let start = page.offset.min(all.len());
        let end = page.limit.map_or(all.len(), |limit| {
            start.saturating_add(limit).min(all.len())
        });
        Self {
            total: all.len(),
            offset: page.offset,
            entries: all.cut(start..end),
        }
    }

    /// Cuts a page out of a whole list.
    pub fn cut<T: Clone>(all: &[T], page: Page, entry: impl Fn(T) -> Entry) -> Self {
        let start = page.offset.min(all.len());
        let end = page.limit.map_or(all.len(), |limit| {
            start.saturating_add(limit).min(all.len())
        });
        let entries = all[start..end].iter().cloned().map(entry).collect();
        Self {
            total: all.len(),
            offset: page.offset,
            entries,
        }
    }
}

/// Answers a query. A library of libraries (no parent, not recursive, nothing asked) lists the views.
pub fn run(scope: &Scope, query: &ItemQuery, page: Page) -> Result<EntryPage, CatalogError> {
    if query.filter.asks_for_views() {
        return Ok(EntryPage::cut(&scope.views(), page, |view| {
            Entry::Library(view.library)
        }));
    }
    Ok(EntryPage::of(&select(scope, query)?, page))
}

/// The whole list in order; remembered as long as nothing that it depends on changes.
pub fn select(scope: &Scope, query: &ItemQuery) -> Result<List, CatalogError> {
    let key = cache::key(scope, query);
    if let Some(found) = scope.projection.results.get(&key) {
        return Ok(found);
    }
    let found = make(scope, query)?;
    scope.projection.results.put(key, found.clone());
    Ok(found)
}

fn make(scope: &Scope, query: &ItemQuery) -> Result<List, CatalogError> {
    let place = place::of(scope, &query.filter)?;
    let filter = filter::Compiled::new(scope, &query.filter);
    let passes = |at: &u32| filter.matches(&place.entries[*at as usize]);
    if let Some(term) = &query.filter.search {
        let all = 0..place.entries.len() as u32;
        let found = all.filter(passes).map(|at| place.entries[at as usize]);
        let found = search::ranked(scope, &query.filter, found, term);
        return Ok(List::Mixed(found.into()));
    }
    if query.filter.collapse_box_sets == Some(true) {
        let all = place.entries.iter().filter(|entry| filter.matches(entry));
        return Ok(collapsed(scope, query, &place, all.copied().collect()));
    }
    let keys = sort::keys(query, place.order);
    let seed = query.filter.random_seed.unwrap_or(0);
    let mut order: Vec<u32> = match in_order(scope, &place, &keys, seed) {
        Some(all) => all.iter().copied().filter(passes).collect(),
        None => {
            let mut few: Vec<u32> = (0..place.entries.len() as u32).filter(passes).collect();
            sort::sort(scope, &keys, seed, &place.entries, &mut few);
            few
        }
    };
    if let Some(id) = query.filter.adjacent_to {
        order = place::adjacent(scope, &place.entries, &order, id);
    }
    Ok(List::placed(&place.entries, order))
}

/// All of a library in order: sorted once for all lists of it, whatever each leaves out. None where the
/// order is of one user's marks, which change often, or where nobody else looks.
fn in_order(scope: &Scope, place: &Place, keys: &[ItemSort], seed: i64) -> Option<Arc<[u32]>> {
    let key = cache::order_key(place, keys, seed)?;
    if let Some(List::Placed { order, .. }) = scope.projection.results.get(&key) {
        return Some(order);
    }
    let mut order: Vec<u32> = (0..place.entries.len() as u32).collect();
    sort::sort(scope, keys, seed, &place.entries, &mut order);
    let order: Arc<[u32]> = order.into();
    let list = List::Placed {
        entries: Arc::clone(&place.entries),
        order: Arc::clone(&order),
    };
    scope.projection.results.put(key, list);
    Some(order)
}

/// Items that a box set holds give way to the box set.
fn collapsed(scope: &Scope, query: &ItemQuery, place: &Place, mut entries: Vec<ItemEntry>) -> List {
    let snapshot = scope.snapshot();
    let all = scope.projection.entries(None);
    let sets = all
        .iter()
        .filter(|entry| snapshot.item(entry.item).kind == ItemKind::BoxSet);
    for set in sets {
        let members: HashSet<ItemIx> = snapshot.item(set.item).members.iter().copied().collect();
        let before = entries.len();
        entries.retain(|entry| !members.contains(&entry.item));
        if entries.len() < before {
            entries.push(*set);
        }
    }
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    let seed = query.filter.random_seed.unwrap_or(0);
    sort::sort(
        scope,
        &sort::keys(query, place.order),
        seed,
        &entries,
        &mut order,
    );
    List::Placed {
        entries: entries.into(),
        order: order.into(),
    }
}

/// Lists names (genres, studios, people …) that the filtered items carry.
pub fn names(
    scope: &Scope,
    kind: NameKind,
    query: &ItemQuery,
    page: Page,
) -> Result<EntryPage, CatalogError> {
    let names = scope.projection.names();
    let unfiltered = ItemFilter {
        search: None,
        name_starts_with: None,
        name_less_than: None,
        name_starts_with_or_greater: None,
        status: Default::default(),
        recursive: true,
        ..query.filter.clone()
    };
    let whole = ItemFilter {
        recursive: true,
        ..Default::default()
    };
    let mut found: Vec<NameRef> = if unfiltered == whole {
        names.of_kind(kind).collect()
    } else {
        let items = select(
            scope,
            &ItemQuery {
                filter: unfiltered,
                sort: Vec::new(),
            },
        )?;
        values::names_of(scope, kind, &items)
    };
    search::filter_names(scope, &query.filter, &mut found);
    sort::sort_names(scope, query, &mut found);
    Ok(EntryPage::cut(&found, page, Entry::Name))
}
