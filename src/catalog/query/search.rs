//! Search by name: what begins with the term first, then what holds it, each by sort name.

use crate::catalog::names::NameRef;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::merge::name::fold;
use crate::model::{ItemFilter, ItemKind, NameKind, PublicId, UpstreamId};

/// The entries that hold the term (they were filtered by it), with the names that are asked for, and
/// people where no kind was.
pub fn ranked(
    scope: &Scope,
    filter: &ItemFilter,
    entries: impl Iterator<Item = ItemEntry>,
    term: &str,
) -> Vec<Entry> {
    let term = fold(term);
    let mut found: Vec<(Rank, Entry)> = entries
        .filter(|_| !filter.search_no_items)
        .map(|entry| {
            let copy = scope.snapshot().copy(entry.lead);
            (
                (
                    score(copy.searched(), &term),
                    copy.sort_name().to_string(),
                    Tie::Item(copy.upstream_id(), entry.id),
                ),
                Entry::Item(entry),
            )
        })
        .collect();
    let kinds = match &filter.search_names {
        Some(kinds) => kinds.clone(),
        None if wants_people(filter) => vec![NameKind::Person],
        None => Vec::new(),
    };
    for kind in kinds {
        let names = scope.projection.names();
        found.extend(names.of_kind(kind).filter_map(|at| {
            let name = &names.entry(at).name;
            let folded = fold(name);
            folded.contains(&term).then(|| {
                (
                    (score(&folded, &term), name.to_lowercase(), Tie::Name),
                    Entry::Name(at),
                )
            })
        }));
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// Score, name, and what decides where they are equal.
type Rank = (u8, String, Tie);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Item(UpstreamId, PublicId),
    /// Their own order stays.
    Name,
}

fn wants_people(filter: &ItemFilter) -> bool {
    let bare = ItemFilter {
        search: filter.search.clone(),
        recursive: filter.recursive,
        exclude_kinds: filter.exclude_kinds.clone(),
        is_missing: filter.is_missing,
        ..Default::default()
    };
    let asked = filter.kinds.contains(&ItemKind::Person);
    (asked || *filter == bare) && !filter.exclude_kinds.contains(&ItemKind::Person)
}

/// 0: the name itself, 1: it begins with the term, 2: it holds it.
fn score(folded: &str, term: &str) -> u8 {
    folded
        .lines()
        .map(|name| match name {
            name if name == term => 0,
            name if name.starts_with(term) => 1,
            _ => 2,
        })
        .min()
        .unwrap_or(2)
}

/// Keeps the names that answer the name conditions of a filter.
pub fn filter_names(scope: &Scope, filter: &ItemFilter, found: &mut Vec<NameRef>) {
    let names = scope.projection.names();
    let term = filter.search.as_deref().map(fold);
    found.retain(|at| {
        let entry = names.entry(*at);
        let name = entry.name.to_lowercase();
        let favorite = || {
            scope
                .user_items
                .get(entry.id)
                .is_some_and(|state| state.is_favorite)
        };
        term.as_ref()
            .is_none_or(|term| fold(&entry.name).contains(term.as_str()))
            && filter
                .name_starts_with
                .as_ref()
                .is_none_or(|start| name.starts_with(&start.to_lowercase()))
            && filter
                .name_starts_with_or_greater
                .as_ref()
                .is_none_or(|least| name >= least.to_lowercase())
            && filter
                .name_less_than
                .as_ref()
                .is_none_or(|bound| name < bound.to_lowercase())
            && filter
                .status
                .favorite
                .is_none_or(|wanted| favorite() == wanted)
    });
}
