//! The items of the next snapshot: their ids and places, their families, what contradicts itself in them.

use std::collections::{BTreeSet, HashMap};

use super::{Group, Step};
use crate::catalog::identity::{self, IdChanges};
use crate::catalog::snapshot::family::{family, is_endless, members};
use crate::catalog::snapshot::rare::Rare;
use crate::catalog::snapshot::relatives::Relatives;
use crate::catalog::snapshot::{CopyIx, Item, ItemIx};
use crate::merge;
use crate::model::{ItemKind, PublicId};

impl Step<'_> {
    /// Gives the groups their ids and places, and links them with their families.
    pub(super) fn put_groups(
        &mut self,
        groups: Vec<Group>,
        touched: BTreeSet<ItemIx>,
    ) -> Option<IdChanges> {
        let public: Vec<_> = groups
            .iter()
            .map(|group| self.public(&group.copies))
            .collect();
        let (ids, changes) = identity::assign(&public, self.change.remembered, self.change.ids);
        let mut gone = touched;
        let mut again: BTreeSet<ItemIx> = BTreeSet::new();
        let mut moved: Vec<CopyIx> = Vec::new();
        for (group, id) in groups.into_iter().zip(ids) {
            let at = match self.before.item_by_id(id) {
                Some(at) => gone.remove(&at).then_some(at)?,
                None => self.new_item(id),
            };
            again.insert(at);
            for copy in &group.copies {
                let item = self.next.item_of.get_mut(*copy).expect("it is there");
                if *item != at {
                    *item = at;
                    moved.push(*copy);
                    self.items.insert(at);
                }
            }
            let kind = self.next.copy(group.copies[0]).light.kind;
            let item = self.next.item(at);
            if (item.kind, &item.copies, &item.joins) != (kind, &group.copies, &group.joins) {
                let item = self.next.items.get_mut(at).expect("it is there");
                (item.kind, item.copies, item.joins) = (kind, group.copies, group.joins);
                self.items.insert(at);
            }
        }
        for copy in &moved {
            let namers = self.ledger.namers(&self.next, *copy).into_iter();
            again.extend(namers.map(|namer| self.next.item_of(namer)));
            if again.len() > self.change.most {
                return None;
            }
        }
        self.copies.extend(moved);
        for at in again {
            self.relink(at)?;
        }
        for at in gone {
            let item = self.before.item(at);
            if let Some(parent) = item.family.parent() {
                self.detach(parent, at);
            }
            self.next.items_by_id.remove(at, &item.id);
            self.next.items.remove(at);
            self.items.insert(at);
        }
        for at in &self.copies {
            if self.next.copies.get(*at).is_some() {
                self.items.insert(self.next.item_of(*at));
            }
        }
        Some(changes)
    }

    /// Without copies for now.
    fn new_item(&mut self, id: PublicId) -> ItemIx {
        let next = &mut self.next;
        let at = next.items.insert(Item {
            id,
            kind: ItemKind::Unknown,
            copies: Box::default(),
            joins: Box::default(),
            family: Relatives::default(),
            children: Vec::new(),
            members: Rare::default(),
        });
        let items = &next.items;
        next.items_by_id.insert(at, |at| items[at].id);
        at
    }

    /// Finds the family and members of an item again. None: what is below it may be without end, or was.
    fn relink(&mut self, at: ItemIx) -> Option<()> {
        let next = &self.next;
        let item = next.item(at);
        let mut found = family(next, at);
        let had = item.family;
        let was = self.before.items.get(at).filter(|was| was.id == item.id);
        let named_before = was.and_then(|_| family(self.before, at).parent());
        let is_other = found.parent() != named_before;
        if is_other || found.parent() != had.parent() {
            let is_named = || {
                let mut copies = item.copies.iter();
                copies.any(|copy| !self.ledger.namers(next, *copy).is_empty())
            };
            let above = |at| family(next, at).parent();
            let is_endless = found
                .parent()
                .is_some_and(|parent| is_endless(parent, above));
            if is_other && (is_endless || self.ledger.has_cut) && is_named() {
                return None;
            }
            if is_endless {
                found = found.with_parent(None);
                self.ledger.has_cut = true;
            }
        }
        let members = members(next, &item.copies);
        if found == had && *members == *item.members {
            return Some(());
        }
        let item = self.next.items.get_mut(at).expect("it is there");
        item.family = found;
        item.members = members.into();
        self.items.insert(at);
        if found.parent() != had.parent() {
            if let Some(parent) = had.parent() {
                self.detach(parent, at);
            }
            if let Some(parent) = found.parent() {
                let parent_item = self.next.items.get_mut(parent).expect("it is there");
                parent_item.children.push(at);
                self.items.insert(parent);
            }
        }
        Some(())
    }

    fn detach(&mut self, parent: ItemIx, child: ItemIx) {
        if let Some(item) = self.next.items.get_mut(parent) {
            item.children.retain(|known| *known != child);
            self.items.insert(parent);
        }
    }

    /// Those of what was touched give way to those that there are now.
    pub(super) fn put_conflicts(
        &mut self,
        touched: &BTreeSet<ItemIx>,
        conflicts: Vec<merge::Conflict>,
    ) {
        let mut by_item: HashMap<ItemIx, Vec<merge::Conflict>> = HashMap::new();
        for conflict in conflicts {
            let item = self.next.item_of(conflict.left);
            by_item.entry(item).or_default().push(conflict);
        }
        for item in touched {
            self.next.conflicts.remove(item);
        }
        for (item, list) in by_item {
            self.next.conflicts.insert(item, list.into());
        }
    }
}
