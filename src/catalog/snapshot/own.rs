//! The snapshot as the owner of libraries sees it: what these join beyond the global grouping is one
//! item for them, and for nobody else.

use super::build::{Input, add_items};
use super::{Index, ItemIx, Snapshot, Target};
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
    let grouping = merge::extend(&Input(base), &*base.grouping, &scopes, &base.decisions);
    if grouping.len() == base.grouping.len() {
        return None;
    }
    // An item keeps the id of the part that comes first; the others' ids open it too.
    let ids = grouping
        .groups()
        .map(|copies| base.item(base.item_of(copies[0])).id)
        .collect();
    let joined = |item: ItemIx| grouping.group_of(base.item(item).copies[0]);
    let others = base.others.iter().map(|(id, target)| {
        let target = match target {
            Target::Item(item) => Target::Item(joined(*item)),
            other => *other,
        };
        (*id, target)
    });
    let parts = base.items.places();
    let parts = parts.map(|(ix, item)| (item.id, Target::Item(joined(ix))));
    let others = parts.chain(others).collect();
    let mut snapshot = Snapshot {
        generation: base.generation,
        servers: base.servers.clone(),
        source_libraries: base.source_libraries.clone(),
        merged_libraries: base.merged_libraries.clone(),
        copies: base.copies.clone(),
        decisions: base.decisions.clone(),
        by_hand: base.by_hand.clone(),
        libraries: base.libraries.clone(),
        by_copy: base.by_copy.clone(),
        ..Snapshot::default()
    };
    snapshot.grouping = std::sync::Arc::new(grouping);
    add_items(&mut snapshot, ids);
    let items = &snapshot.items;
    snapshot.items_by_id = Index::of(items.bound(), |ix| items[ix].id);
    snapshot.others = others;
    Some(snapshot)
}
