//! Lists: filter, sort, page, count, all over what one viewer may see. Exact: the same item never on two
//! pages, the order total, the count that of all pages.

mod cache;
mod filter;
mod list;
mod place;
mod renew;
mod search;
mod sort;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::catalog::CatalogError;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::ItemIx;
use crate::model::{ItemFilter, ItemKind, ItemQuery, ItemSort, NameKind, Page};

use cache::Found;
pub use cache::{ResultCache, budget};
pub use filter::{is_hd, size};
use list::Listed;
pub use list::{Entries, List};
use place::Place;
pub use place::{collect, is_location};
use sort::By;
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

/// The whole list in order; remembered, and brought up to date where little changed since.
pub fn select(scope: &Scope, query: &ItemQuery) -> Result<List, CatalogError> {
    let key = cache::key(scope, query);
    let version = scope.projection.version();
    let known = scope.projection.results.get(&key);
    match known {
        Some(known) if known.version == version => Ok(known.list),
        known => {
            let known = known.filter(|_| renew::may(query));
            let found = make(scope, query, known)?;
            scope.projection.results.put(key, found.clone(), version);
            Ok(found)
        }
    }
}

fn make(scope: &Scope, query: &ItemQuery, known: Option<Found>) -> Result<List, CatalogError> {
    let place = place::of(scope, &query.filter)?;
    let filter = filter::Compiled::new(scope, &query.filter);
    if let Some(term) = &query.filter.search {
        let found = place.listed.entries();
        let found = found.filter(|entry| filter.matches(entry));
        let found = search::ranked(scope, &query.filter, found, term);
        return Ok(List::Mixed(found.into()));
    }
    let keys = sort::keys(query, place.order);
    let seed = query.filter.random_seed.unwrap_or(0);
    if query.filter.collapse_box_sets == Some(true) {
        let all = place.listed.entries();
        let all = all.filter(|entry| filter.matches(entry)).collect();
        return Ok(sorted(scope, &keys, seed, with_box_sets(scope, all)));
    }
    let order = By::new(scope, &keys, seed, &place.listed);
    let passes = |entry: &ItemEntry| filter.matches(entry);
    let renewed = known.and_then(|known| renew::order(&order, &known, passes));
    let positions = match renewed {
        Some(renewed) => Arc::new(renewed),
        None => match in_order(&place, &order) {
            Some(all) => {
                let passing = passing(scope, &place, &query.filter, passes);
                let passes = |at: &u32| passing.contains(*at);
                let kept: Vec<u32> = all.iter().copied().filter(passes).collect();
                match kept.len() == all.len() {
                    // Kept once.
                    true => all,
                    false => Arc::new(kept),
                }
            }
            None => {
                let few = place.listed.positions();
                let few = few.filter(|(_, entry)| passes(entry));
                Arc::new(order.sorted(few.map(|(at, _)| at).collect()))
            }
        },
    };
    let list = List::Placed {
        order: positions,
        listed: place.listed.clone(),
    };
    Ok(match query.filter.adjacent_to {
        Some(id) => List::of(place::adjacent(scope, &list, id)),
        None => list,
    })
}

/// All of a library in order: sorted once for all lists of it, whatever each leaves out. None where the
/// order is of one user's marks, which change often, or where nobody else looks.
fn in_order(place: &Place, order: &By<'_>) -> Option<Arc<Vec<u32>>> {
    let projection = &order.scope.projection;
    let key = cache::order_key(place, order)?;
    let known = projection.results.get(&key);
    if let Some(known) = &known
        && known.version == projection.version()
        && let List::Placed { order, .. } = &known.list
    {
        return Some(order.clone());
    }
    let renewed = known.and_then(|known| renew::order(order, &known, |_| true));
    let all = place.listed.positions().map(|(at, _)| at);
    let all = Arc::new(renewed.unwrap_or_else(|| order.sorted(all.collect())));
    let list = List::Placed {
        listed: place.listed.clone(),
        order: Arc::clone(&all),
    };
    projection.results.put(key, list, projection.version());
    Some(all)
}

/// The positions of a library that pass: looked for once for all orders.
fn passing(
    scope: &Scope,
    place: &Place,
    filter: &ItemFilter,
    passes: impl Fn(&ItemEntry) -> bool,
) -> Arc<RoaringBitmap> {
    let results = &scope.projection.results;
    let key = cache::passing_key(scope, filter);
    results.passing(&key).unwrap_or_else(|| {
        let passing = place.listed.positions().filter(|(_, entry)| passes(entry));
        let passing: Arc<RoaringBitmap> = Arc::new(passing.map(|(at, _)| at).collect());
        results.put_passing(key, passing.clone());
        passing
    })
}

fn sorted(scope: &Scope, keys: &[ItemSort], seed: i64, entries: Vec<ItemEntry>) -> List {
    let positions = (0..entries.len() as u32).collect();
    let listed = Listed::Own(entries.into());
    let order = By::new(scope, keys, seed, &listed).sorted(positions);
    List::Placed {
        listed,
        order: Arc::new(order),
    }
}

/// Items that a box set holds give way to the box set.
fn with_box_sets(scope: &Scope, mut entries: Vec<ItemEntry>) -> Vec<ItemEntry> {
    let snapshot = scope.snapshot();
    let all = scope.projection.members(None);
    let sets = all
        .iter()
        .filter(|entry| snapshot.item(entry.item).kind == ItemKind::BoxSet);
    for set in sets {
        let members: HashSet<ItemIx> = snapshot.item(set.item).members.iter().copied().collect();
        let before = entries.len();
        entries.retain(|entry| !members.contains(&entry.item));
        if entries.len() < before {
            entries.push(set);
        }
    }
    entries
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
