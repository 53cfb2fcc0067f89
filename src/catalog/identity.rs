//! Which public id an item has: stable over re-crawls, merges and splits (`docs/adr/0004-identity.md`).
//!
//! An item's id comes from the copy that it was first seen as, and is remembered for every copy that
//! was ever part of it. When groups merge, the oldest id leads and the others keep answering; when a
//! group splits, the part with the founding copy keeps the id.

use std::collections::HashMap;

use crate::accounts::PublicIds;
use crate::model::PublicId;

/// What the database remembers of ids.
#[derive(Debug, Default, Clone)]
pub struct Remembered {
    /// The item that each copy was last part of.
    pub item_of_copy: HashMap<PublicId, PublicId>,
    /// When each item was first seen, and as which copy.
    pub items: HashMap<PublicId, Founded>,
    /// Former item ids and the item that answers to them now.
    pub aliases: HashMap<PublicId, PublicId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Founded {
    /// The public id of the founding copy.
    pub founder: PublicId,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// What a grouping changes in what is remembered.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct IdChanges {
    /// New items: id, founder.
    pub items: Vec<(PublicId, PublicId)>,
    /// Copies that are part of another item than before: copy, item.
    pub copies: Vec<(PublicId, PublicId)>,
    /// Ids that another item answers to from now on: former id, item.
    pub aliases: Vec<(PublicId, PublicId)>,
}

impl IdChanges {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.copies.is_empty() && self.aliases.is_empty()
    }
}

/// Gives each group (its copies' public ids, in copy order) its item id.
pub fn assign(
    groups: &[Vec<PublicId>],
    known: &Remembered,
    ids: &PublicIds,
) -> (Vec<PublicId>, IdChanges) {
    let mut changes = IdChanges::default();
    let mut holder: HashMap<PublicId, usize> = HashMap::new();

    // Every group names the ids that its copies carried; each id goes to one group only.
    let claims: Vec<Vec<PublicId>> = groups
        .iter()
        .map(|copies| {
            let mut claimed: Vec<PublicId> = copies
                .iter()
                .filter_map(|copy| known.item_of_copy.get(copy).copied())
                .collect();
            claimed.sort_unstable();
            claimed.dedup();
            claimed
        })
        .collect();
    for (at, (copies, claimed)) in groups.iter().zip(&claims).enumerate() {
        for id in claimed {
            let founds = known
                .items
                .get(id)
                .is_some_and(|item| copies.contains(&item.founder));
            let held = holder.entry(*id).or_insert(at);
            if founds {
                *held = at;
            }
        }
    }

    let assigned = groups
        .iter()
        .enumerate()
        .map(|(at, copies)| {
            let mut own: Vec<PublicId> = claims[at]
                .iter()
                .copied()
                .filter(|id| holder.get(id) == Some(&at))
                .collect();
            own.sort_by_key(|id| (known.items.get(id).map_or(i64::MAX, |item| item.at), *id));
            let id = match own.first() {
                Some(id) => *id,
                None => {
                    let founder = free_founder(copies, known, ids);
                    let id = ids.item(founder);
                    changes.items.push((id, founder));
                    id
                }
            };
            for former in own.iter().skip(1) {
                if known.aliases.get(former) != Some(&id) {
                    changes.aliases.push((*former, id));
                }
            }
            for copy in copies {
                if known.item_of_copy.get(copy) != Some(&id) {
                    changes.copies.push((*copy, id));
                }
            }
            id
        })
        .collect();
    (assigned, changes)
}

/// The first copy whose item id was not given out before; a part that splits off needs an id of its own.
fn free_founder(copies: &[PublicId], known: &Remembered, ids: &PublicIds) -> PublicId {
    copies
        .iter()
        .copied()
        .find(|copy| !known.items.contains_key(&ids.item(*copy)))
        .unwrap_or(copies[0])
}

impl Remembered {
    /// Takes the changes over, as the database does.
    pub fn apply(&mut self, changes: &IdChanges, at: i64) {
        for (id, founder) in &changes.items {
            self.items.insert(
                *id,
                Founded {
                    founder: *founder,
                    at,
                },
            );
            self.aliases.remove(id);
        }
        for (copy, item) in &changes.copies {
            self.item_of_copy.insert(*copy, *item);
        }
        for (former, item) in &changes.aliases {
            self.aliases.insert(*former, *item);
        }
    }
}
