//! Lists: filter, sort, page, count, all over what one viewer may see. Exact: the same item never on two
//! pages, the order total, the count that of all pages.

mod cache;
mod filter;
mod place;
mod search;
mod sort;
mod values;

use std::sync::Arc;

use crate::catalog::CatalogError;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::model::{ItemFilter, ItemQuery, NameKind, Page};

pub use cache::ResultCache;
pub use filter::{is_hd, size};
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
    let all = select(scope, query)?;
    Ok(EntryPage::cut(&all, page, |entry| entry))
}

/// The whole list in order; remembered as long as nothing that it depends on changes.
pub fn select(scope: &Scope, query: &ItemQuery) -> Result<Arc<[Entry]>, CatalogError> {
    let key = cache::key(scope, query);
    if let Some(found) = scope.projection.results.get(&key) {
        return Ok(found);
    }
    let place = place::of(scope, &query.filter)?;
    let filter = filter::Compiled::new(scope, &query.filter);
    let mut entries: Vec<ItemEntry> = place
        .entries
        .iter()
        .filter(|entry| filter.matches(entry))
        .copied()
        .collect();
    if query.filter.collapse_box_sets == Some(true) {
        collapse_box_sets(scope, &mut entries);
    }
    let found: Arc<[Entry]> = match &query.filter.search {
        Some(term) => search::ranked(scope, &query.filter, entries, term).into(),
        None => {
            sort::sort(scope, query, &place, &mut entries);
            if let Some(id) = query.filter.adjacent_to {
                entries = place::adjacent(scope, entries, id);
            }
            entries
                .into_iter()
                .map(Entry::Item)
                .collect::<Vec<_>>()
                .into()
        }
    };
    scope.projection.results.put(key, found.clone());
    Ok(found)
}

/// Items that a box set holds give way to the box set.
fn collapse_box_sets(scope: &Scope, entries: &mut Vec<ItemEntry>) {
    let snapshot = scope.snapshot();
    let sets: Vec<ItemEntry> = scope
        .projection
        .entries(None)
        .iter()
        .filter(|entry| snapshot.item(entry.item).kind == crate::model::ItemKind::BoxSet)
        .copied()
        .collect();
    for set in sets {
        let members = &snapshot.item(set.item).members;
        let before = entries.len();
        entries.retain(|entry| !members.contains(&entry.item));
        if entries.len() < before {
            entries.push(set);
        }
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
