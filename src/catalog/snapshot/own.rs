//! The snapshot as the owner of libraries sees it: what these join beyond the global grouping is one
//! item for them, and for nobody else.

use std::sync::Arc;

use super::build::{Input, add_items};
use super::{Item, Snapshot};
use crate::merge;
use crate::model::PublicId;

/// The owner's own snapshot; nothing where their libraries join nothing.
pub fn for_owner(base: &Snapshot, owner: PublicId) -> Option<Snapshot> {
    let own = base
        .merged_libraries
        .iter()
        .filter(|library| !library.is_global && library.owner == Some(owner));
    let scopes: Vec<merge::Scope> = own
        .map(|library| merge::Scope {
            strategy: library.strategy,
            libraries: library
                .sources
                .iter()
                .map(|source| source.library)
                .collect(),
        })
        .collect();
    let grouping = merge::extend(&Input(base), base, &scopes, &base.decisions);
    if grouping.len() == base.items.len() {
        return None;
    }
    // An item keeps the id of the part that comes first; the others' ids open it too.
    let ids: Vec<PublicId> = grouping
        .groups()
        .map(|copies| base.item(base.item_of(copies[0])).id)
        .collect();
    let joined = |item: &Item| grouping.group_of(item.copies[0]);
    let parts = base.items.iter().map(|item| (item.id, joined(item)));
    let parts = parts.filter(|(id, item)| ids[*item as usize] != *id);
    let mut snapshot = Snapshot {
        parts: Arc::new(parts.collect()),
        delta: None,
        // Its items have places of their own.
        built: u64::MAX - base.generation,
        ..base.clone()
    };
    add_items(&mut snapshot, grouping, ids);
    Some(snapshot)
}
