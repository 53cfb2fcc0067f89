//! All items of a server, with the orders that lists are asked for in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::extras::ExtraKind;
use super::item::Item;
use crate::wire::Body;

/// A library as `/UserViews` shows it.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub id: Uuid,
    pub name: String,
    pub collection_type: Option<String>,
    pub locations: Vec<String>,
    pub body: Body,
    /// Its `LibraryOptions`.
    pub options: serde_json::Value,
}

/// A key of an order, over the item alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Name,
    Created,
    Premiere,
    Year,
    Rating,
    Official,
    Runtime,
    Index,
    ParentIndex,
    IsFolder,
    Random,
}

#[derive(Debug, Default)]
pub(super) struct Library {
    items: HashMap<Uuid, Arc<Item>>,
    children: HashMap<Uuid, Vec<Uuid>>,
    /// Members of box sets and playlists, in order.
    pub members: HashMap<Uuid, Vec<Uuid>>,
    pub views: Vec<View>,
    /// Lyrics (`LyricDto`) by track.
    pub lyrics: HashMap<Uuid, serde_json::Value>,
    /// By the item that they hang on; in no list.
    extras: HashMap<Uuid, Vec<(ExtraKind, Uuid)>>,
    hanging: HashMap<Uuid, Arc<Item>>,
    /// Ids of media sources that are not the item's own id.
    sources: HashMap<Uuid, Uuid>,
    orders: Mutex<HashMap<Vec<(Key, bool)>, Ordered>>,
}

pub(super) type Ordered = Arc<Vec<Arc<Item>>>;

impl Library {
    pub fn get(&self, id: Uuid) -> Option<&Arc<Item>> {
        self.items.get(&id)
    }

    /// The item that owns a media source; extras too.
    pub fn owner(&self, source: Uuid) -> Option<&Arc<Item>> {
        let id = self.sources.get(&source).unwrap_or(&source);
        self.items.get(id).or_else(|| self.hanging.get(id))
    }

    /// What of this kind hangs on an item, in order.
    pub fn extras(&self, owner: Uuid, kind: ExtraKind) -> Vec<Arc<Item>> {
        let hung = self.extras.get(&owner).into_iter().flatten();
        let hung = hung.filter(|(is, _)| *is == kind);
        hung.filter_map(|(_, id)| self.hanging.get(id).cloned())
            .collect()
    }

    pub fn hang(&mut self, owner: Uuid, kind: ExtraKind, item: Item) {
        let hung = self.extras.entry(owner).or_default();
        hung.push((kind, item.id));
        self.hanging.insert(item.id, Arc::new(item));
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.items.values()
    }

    pub fn view(&self, id: Uuid) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    pub fn children(&self, id: Uuid) -> &[Uuid] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    pub fn insert(&mut self, item: Item) {
        if let Some(parent) = item.parent {
            let siblings = self.children.entry(parent).or_default();
            // Only an id that is known already can be among its siblings.
            if !self.items.contains_key(&item.id) || !siblings.contains(&item.id) {
                siblings.push(item.id);
            }
        }
        if let super::item::Source::Body(body) = &item.source
            && let Some(sources) = body.get("MediaSources").and_then(|list| list.as_array())
        {
            for source in sources {
                let id = source.get("Id").and_then(|id| id.as_str());
                if let Some(id) = id.and_then(|id| Uuid::try_parse(id).ok())
                    && id != item.id
                {
                    self.sources.insert(id, item.id);
                }
            }
        }
        self.items.insert(item.id, Arc::new(item));
        self.forget_orders();
    }

    pub fn remove(&mut self, id: Uuid) -> Option<Arc<Item>> {
        let item = self.items.remove(&id);
        let item = item.or_else(|| self.hanging.remove(&id))?;
        if let Some(siblings) = item.parent.and_then(|id| self.children.get_mut(&id)) {
            siblings.retain(|child| *child != id);
        }
        for members in self.members.values_mut() {
            members.retain(|member| *member != id);
        }
        self.sources.retain(|_, owner| *owner != id);
        self.forget_orders();
        Some(item)
    }

    /// Whether `id` lies below `ancestor` (a view, a folder, a series …).
    pub fn is_below(&self, item: &Item, ancestor: Uuid) -> bool {
        if item.view == Some(ancestor) || item.series == Some(ancestor) {
            return true;
        }
        let mut parent = item.parent;
        for _ in 0..8 {
            match parent {
                Some(id) if id == ancestor => return true,
                Some(id) => parent = self.items.get(&id).and_then(|item| item.parent),
                None => return false,
            }
        }
        false
    }

    /// The items above `item`, nearest first.
    pub fn above(&self, item: &Item) -> Vec<Arc<Item>> {
        let mut out = Vec::new();
        let mut parent = item.parent;
        while let Some(above) = parent.and_then(|id| self.items.get(&id)) {
            out.push(above.clone());
            parent = above.parent;
            if out.len() > 8 {
                break;
            }
        }
        out
    }

    /// Everything that plays below a folder or in a box set.
    pub fn leaves(&self, id: Uuid) -> Vec<Arc<Item>> {
        let mut out = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let members = self.members.get(&id).map_or(&[][..], Vec::as_slice);
            for child in self.children(id).iter().chain(members) {
                match self.items.get(child) {
                    Some(item) if item.is_leaf() => out.push(item.clone()),
                    Some(item) => open.push(item.id),
                    None => {}
                }
            }
        }
        out
    }

    /// All items by `keys` (`true`: descending), ties by sort name and id; kept until a change.
    pub fn ordered(&self, keys: &[(Key, bool)]) -> Ordered {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.get(keys) {
            return order.clone();
        }
        let mut all: Vec<Arc<Item>> = self.items.values().cloned().collect();
        all.sort_unstable_by(|a, b| compare(a, b, keys));
        let order = Arc::new(all);
        orders.insert(keys.to_vec(), order.clone());
        order
    }

    fn forget_orders(&mut self) {
        let orders = self.orders.get_mut();
        orders.unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The order of two items by `keys`, then by sort name and id, so that it is total.
pub(super) fn compare(a: &Item, b: &Item, keys: &[(Key, bool)]) -> std::cmp::Ordering {
    for (key, descending) in keys {
        let order = match key {
            Key::Name => a.sort_name.cmp(&b.sort_name),
            Key::Created => a.created.cmp(&b.created),
            Key::Premiere => a.premiere.cmp(&b.premiere),
            Key::Year => a.year.cmp(&b.year),
            Key::Rating => a
                .community_rating
                .partial_cmp(&b.community_rating)
                .unwrap_or(std::cmp::Ordering::Equal),
            Key::Official => a.official_rating.cmp(&b.official_rating),
            Key::Runtime => a.runtime.cmp(&b.runtime),
            Key::Index => a.index.cmp(&b.index),
            Key::ParentIndex => a.parent_index.cmp(&b.parent_index),
            Key::IsFolder => b.is_leaf().cmp(&a.is_leaf()),
            Key::Random => scatter(a.id).cmp(&scatter(b.id)),
        };
        let order = if *descending { order.reverse() } else { order };
        if order.is_ne() {
            return order;
        }
    }
    a.sort_name.cmp(&b.sort_name).then_with(|| a.id.cmp(&b.id))
}

fn scatter(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low.rotate_left(23)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
