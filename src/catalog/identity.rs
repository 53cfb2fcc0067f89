//! Which public id an item has: stable over re-crawls, merges and splits (`docs/adr/0004-identity.md`).
//!
//! An item's id comes from the copy that it was first seen as. Of every copy it is remembered which item
//! it is part of and which ones it was part of. When groups merge, the oldest id leads; when a group
//! splits, the part with the founding copy keeps the id, or takes back the one that it had. An id that no
//! item has any more answers as long as a copy lives that it stood for ([`Past`]).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::accounts::PublicIds;
use crate::model::PublicId;

/// What the database remembers of ids.
#[derive(Debug, Default, Clone)]
pub struct Remembered {
    /// The item that each copy was last part of.
    pub item_of_copy: HashMap<PublicId, PublicId>,
    /// The items that a copy was part of before.
    pub former: HashMap<PublicId, Vec<PublicId>>,
    /// When each item was first seen, and as which copy.
    pub items: HashMap<PublicId, Founded>,
    /// Items that became part of another one.
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
    /// What they were part of until then: copy, item.
    pub former: Vec<(PublicId, PublicId)>,
    /// Ids that another item answers to from now on: former id, item.
    pub aliases: Vec<(PublicId, PublicId)>,
}

impl IdChanges {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.copies.is_empty()
            && self.former.is_empty()
            && self.aliases.is_empty()
    }
}

/// Gives each group (its copies' public ids, in copy order) its item id.
pub fn assign(
    groups: &[Vec<PublicId>],
    known: &Remembered,
    ids: &PublicIds,
) -> (Vec<PublicId>, IdChanges) {
    let mut changes = IdChanges::default();
    let claims: Vec<Vec<PublicId>> = groups.iter().map(|copies| claims(copies, known)).collect();
    // Each id goes to one group only: to that with its founder, else to the first that has it now.
    let mut holder: HashMap<PublicId, usize> = HashMap::new();
    for (at, (copies, claimed)) in groups.iter().zip(&claims).enumerate() {
        for id in claimed {
            let held = holder.entry(*id).or_insert(at);
            if founds(copies, *id, known) {
                *held = at;
            }
        }
    }

    let mut given: HashSet<PublicId> = HashSet::new();
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
                Some(id) => {
                    // It is an item of its own again.
                    if known.aliases.contains_key(id) {
                        changes.items.push((*id, known.items[id].founder));
                    }
                    *id
                }
                None => {
                    let (id, founder) = new_id(copies, ids, |id| {
                        let is_known = known.items.contains_key(id) || holder.contains_key(id);
                        !is_known && !given.contains(id)
                    });
                    given.insert(id);
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
                let before = known.item_of_copy.get(copy);
                if before == Some(&id) {
                    continue;
                }
                changes.copies.push((*copy, id));
                let told = known.former.get(copy).map_or(&[][..], Vec::as_slice);
                changes.former.extend(
                    before
                        .filter(|before| !told.contains(before))
                        .map(|before| (*copy, *before)),
                );
            }
            id
        })
        .collect();
    (assigned, changes)
}

/// The ids that a group may have: what its copies are part of, and what they founded and were part of.
pub fn claims(copies: &[PublicId], known: &Remembered) -> Vec<PublicId> {
    let now = copies
        .iter()
        .filter_map(|copy| known.item_of_copy.get(copy));
    let mut claimed: Vec<PublicId> = now.copied().collect();
    if !known.former.is_empty() {
        let former = copies.iter().filter_map(|copy| known.former.get(copy));
        claimed.extend(
            former
                .flatten()
                .copied()
                .filter(|id| founds(copies, *id, known)),
        );
    }
    claimed.sort_unstable();
    claimed.dedup();
    claimed
}

fn founds(copies: &[PublicId], id: PublicId, known: &Remembered) -> bool {
    let item = known.items.get(&id);
    item.is_some_and(|item| copies.contains(&item.founder))
}

/// An id that nobody has or had, and the copy that founds it: the first copy whose own id is free; where all
/// are taken (a copy was renewed, and came back itself), one that follows from the first copy's.
fn new_id(
    copies: &[PublicId],
    ids: &PublicIds,
    is_free: impl Fn(&PublicId) -> bool,
) -> (PublicId, PublicId) {
    let own = copies.iter().map(|copy| (ids.item(*copy), *copy));
    own.clone().find(|(id, _)| is_free(id)).unwrap_or_else(|| {
        let mut id = ids.item(copies[0]);
        while !is_free(&id) {
            id = ids.item(id);
        }
        (id, copies[0])
    })
}

/// What ids stood for that no item and no copy has now. Small where little was merged, split or removed;
/// cloned at once.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The copies that were part of an item, and are part of another.
    formerly: imbl::HashMap<PublicId, Arc<[PublicId]>>,
    /// Items that became part of another one.
    aliases: imbl::HashMap<PublicId, PublicId>,
    /// What copies that are gone were part of.
    gone: imbl::HashMap<PublicId, PublicId>,
}

impl Past {
    /// `is_here` tells which copies live.
    pub fn of(known: &Remembered, is_here: impl Fn(PublicId) -> bool) -> Self {
        let gone = known.item_of_copy.iter();
        let gone = gone.filter(|(copy, _)| !is_here(**copy));
        let mut past = Self {
            formerly: imbl::HashMap::new(),
            aliases: known
                .aliases
                .iter()
                .map(|(id, item)| (*id, *item))
                .collect(),
            gone: gone.map(|(copy, item)| (*copy, *item)).collect(),
        };
        for (copy, items) in &known.former {
            items.iter().for_each(|item| past.was_part(*copy, *item));
        }
        past
    }

    pub fn apply(&mut self, changes: &IdChanges) {
        for (id, _) in &changes.items {
            self.aliases.remove(id);
        }
        for (copy, item) in &changes.former {
            self.was_part(*copy, *item);
        }
        for (former, item) in &changes.aliases {
            self.aliases.insert(*former, *item);
        }
    }

    /// A copy was part of an item, and is part of another.
    pub fn was_part(&mut self, copy: PublicId, item: PublicId) {
        let known = self.formerly.get(&item);
        if known.is_some_and(|copies| copies.contains(&copy)) {
            return;
        }
        let copies = known.into_iter().flat_map(|copies| copies.iter().copied());
        self.formerly.insert(item, copies.chain([copy]).collect());
    }

    /// A copy of an item is gone.
    pub fn went(&mut self, copy: PublicId, item: PublicId) {
        self.gone.insert(copy, item);
    }

    pub fn came(&mut self, copy: PublicId) {
        self.gone.remove(&copy);
    }

    /// The living item that answers to an id that no item and no copy has. `live` tells the item of an id
    /// that one has, and its place among all items: of several the first one answers.
    pub fn answer<K: Ord>(
        &self,
        id: PublicId,
        live: impl Fn(PublicId) -> Option<(K, u32)>,
    ) -> Option<u32> {
        // What living copies were part of. Where they went several ways, the first item answers.
        let parts = |id: PublicId| {
            let copies = self.formerly.get(&id)?.iter();
            let first = copies.filter_map(|copy| live(*copy)).min();
            first.map(|(_, item)| item)
        };
        if let Some(item) = parts(id) {
            return Some(item);
        }
        // Items whose own copies are gone, but not the item that they became part of; then copies that are
        // gone, as the item that they were part of.
        let mut at = *self.aliases.get(&id).or_else(|| self.gone.get(&id))?;
        for _ in 0..MOST_STEPS {
            if let Some(item) = live(at).map(|(_, item)| item).or_else(|| parts(at)) {
                return Some(item);
            }
            at = *self.aliases.get(&at)?;
        }
        None
    }
}

/// As many merges of merges are followed; a circle ends here.
const MOST_STEPS: usize = 64;

impl Remembered {
    /// Takes the changes over, as the database does.
    pub fn apply(&mut self, changes: &IdChanges, at: i64) {
        for (id, founder) in &changes.items {
            self.items.entry(*id).or_insert(Founded {
                founder: *founder,
                at,
            });
            self.aliases.remove(id);
        }
        for (copy, item) in &changes.copies {
            self.item_of_copy.insert(*copy, *item);
        }
        for (copy, item) in &changes.former {
            let former = self.former.entry(*copy).or_default();
            if !former.contains(item) {
                former.push(*item);
            }
        }
        for (former, item) in &changes.aliases {
            self.aliases.insert(*former, *item);
        }
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
