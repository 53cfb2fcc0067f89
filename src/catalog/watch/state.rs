//! What a user has watched, in memory: loaded once a user, replaced on every change.

use std::collections::HashSet;

use super::Cut;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{ItemIx, Snapshot, Target};
use crate::model::{ItemKind, PublicId};

/// A user's registers of one item (`docs/adr/0005-watch-state.md`). Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserItem {
    pub played: bool,
    pub play_count: i32,
    pub position_ticks: i64,
    /// The runtime of the copy that the position was made on.
    pub position_runtime_ticks: Option<i64>,
    pub last_played_at: Option<i64>,
    /// When played, count or position last changed.
    pub play_changed_at: i64,
    pub is_favorite: bool,
    pub favorite_changed_at: i64,
    pub likes: Option<bool>,
    pub likes_changed_at: i64,
    /// Cuts of other lengths that have a position of their own, the one begun last at the end.
    pub cuts: Vec<Cut>,
}

impl UserItem {
    pub fn changed_at(&self) -> i64 {
        self.play_changed_at
            .max(self.favorite_changed_at)
            .max(self.likes_changed_at)
    }

    /// The later register of both: what two items were before they became one.
    fn joined(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        if other.play_changed_at > self.play_changed_at {
            joined.played = other.played;
            joined.play_count = other.play_count;
            joined.position_ticks = other.position_ticks;
            joined.position_runtime_ticks = other.position_runtime_ticks;
            joined.cuts.clone_from(&other.cuts);
            joined.last_played_at = other.last_played_at;
            joined.play_changed_at = other.play_changed_at;
        }
        if other.favorite_changed_at > self.favorite_changed_at {
            joined.is_favorite = other.is_favorite;
            joined.favorite_changed_at = other.favorite_changed_at;
        }
        if other.likes_changed_at > self.likes_changed_at {
            joined.likes = other.likes;
            joined.likes_changed_at = other.likes_changed_at;
        }
        joined
    }
}

/// Everything that one user has watched or marked.
#[derive(Debug, Clone, Default)]
pub struct UserItems {
    /// Grows with every change.
    pub generation: u64,
    /// The snapshot whose items these are.
    snapshot: Option<u64>,
    items: imbl::HashMap<PublicId, UserItem>,
}

impl UserItems {
    pub fn new(items: impl IntoIterator<Item = (PublicId, UserItem)>) -> Self {
        Self {
            items: items.into_iter().collect(),
            ..Self::default()
        }
    }

    /// What was marked under an id that an item only had formerly counts for the item: two items that
    /// became one keep what both were. None: these are of this snapshot already.
    pub fn of_snapshot(&self, snapshot: &Snapshot) -> Option<Self> {
        if self.snapshot == Some(snapshot.generation) {
            return None;
        }
        let mut items = self.items.clone();
        let mut generation = self.generation;
        for (id, state) in &self.items {
            // Of a name or of what is gone: it waits under its own id.
            let Some(Target::Item(item)) = snapshot.target(*id) else {
                continue;
            };
            let now = snapshot.item(item).id;
            if now == *id {
                continue;
            }
            let known = items.get(&now);
            let joined = known.map_or_else(|| state.clone(), |known| known.joined(state));
            if known != Some(&joined) {
                items.insert(now, joined);
                generation += 1;
            }
        }
        Some(Self {
            generation,
            snapshot: Some(snapshot.generation),
            items,
        })
    }

    /// By the item's own id.
    pub fn get(&self, item: PublicId) -> Option<&UserItem> {
        self.items.get(&item)
    }

    /// The same with one item changed.
    pub fn with(&self, item: PublicId, state: UserItem) -> Self {
        Self {
            generation: self.generation + 1,
            snapshot: self.snapshot,
            items: self.items.update(item, state),
        }
    }
}

/// What a viewer's entry shows: their own marks, and for folders what lies below.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemState {
    pub played: bool,
    pub play_count: i64,
    pub position_ticks: i64,
    pub last_played_at: Option<i64>,
    pub favorite: bool,
    pub likes: Option<bool>,
    pub resumable: bool,
    /// Folders: playable items below that are not played, and all of them.
    pub unplayed: Option<(u32, u32)>,
}

impl ItemState {
    pub fn of(scope: &Scope, entry: &ItemEntry) -> Self {
        let snapshot = scope.snapshot();
        let item = snapshot.item(entry.item);
        let mut state = Self::default();
        if let Some(own) = scope.user_items.get(item.id) {
            let runtime = |copy| snapshot.copy(copy).light.run_time_ticks();
            // Asked by its own id, a copy tells what is its own; else a fitting one is offered first.
            state.position_ticks = match snapshot.copy(entry.lead).id == entry.id {
                true => own.position_on(runtime(entry.lead)).unwrap_or(0),
                false if own.position_ticks == 0 => 0,
                false => {
                    let mut copies = scope.copies(entry).into_iter();
                    let fits = copies.any(|copy| own.position_fits(runtime(copy)));
                    if fits { own.position_ticks } else { 0 }
                }
            };
            state.played = own.played;
            state.play_count = i64::from(own.play_count);
            state.last_played_at = own.last_played_at;
            state.favorite = own.is_favorite;
            state.likes = own.likes;
            state.resumable = state.position_ticks > 0;
        }
        if item.kind.is_folder() {
            let (unplayed, all) = below(scope, entry.item);
            state.unplayed = Some((unplayed, all));
            // Jellyfin marks what lies in a folder, never the folder itself.
            state.played = all > 0 && unplayed == 0 && counts_unplayed(item.kind);
            state.position_ticks = 0;
            state.resumable = false;
        }
        state
    }
}

/// Kinds of folder that tell how much in them is unplayed (`SupportsPlayedStatus`).
pub fn counts_unplayed(kind: ItemKind) -> bool {
    matches!(
        kind,
        ItemKind::Series | ItemKind::Season | ItemKind::BoxSet | ItemKind::Folder
    )
}

/// How many of the items below one are unplayed, and how many there are. Sets that hold each other are
/// looked into once.
fn below(scope: &Scope, item: ItemIx) -> (u32, u32) {
    let snapshot = scope.snapshot();
    let (mut unplayed, mut all) = (0, 0);
    let mut seen = HashSet::from([item]);
    let mut folders = vec![item];
    while let Some(folder) = folders.pop() {
        let members = snapshot.item(folder).members.iter().copied();
        let members = members.filter(|member| scope.projection.sees_item(*member));
        let held = scope.children(folder).into_iter().chain(members);
        for item in held.filter(|item| seen.insert(*item)) {
            let row = snapshot.item(item);
            if row.kind.is_folder() {
                folders.push(item);
                continue;
            }
            let state = scope.user_items.get(row.id);
            unplayed += u32::from(!state.is_some_and(|state| state.played));
            all += 1;
        }
    }
    (unplayed, all)
}

impl From<crate::db::user_items::UserItemRow> for UserItem {
    fn from(row: crate::db::user_items::UserItemRow) -> Self {
        Self {
            played: row.played,
            play_count: row.play_count,
            position_ticks: row.position_ticks,
            position_runtime_ticks: row.position_runtime_ticks,
            last_played_at: row.last_played_at,
            play_changed_at: row.play_changed_at,
            is_favorite: row.is_favorite,
            favorite_changed_at: row.favorite_changed_at,
            likes: row.likes,
            likes_changed_at: row.likes_changed_at,
            cuts: row
                .cuts
                .and_then(|cuts| serde_json::from_str(&cuts).ok())
                .unwrap_or_default(),
        }
    }
}

impl UserItem {
    pub(super) fn to_row(
        &self,
        user: PublicId,
        item: PublicId,
    ) -> crate::db::user_items::UserItemRow {
        crate::db::user_items::UserItemRow {
            user_id: user.to_string(),
            item_id: item.to_string(),
            played: self.played,
            play_count: self.play_count,
            position_ticks: self.position_ticks,
            position_runtime_ticks: self.position_runtime_ticks,
            last_played_at: self.last_played_at,
            play_changed_at: self.play_changed_at,
            is_favorite: self.is_favorite,
            favorite_changed_at: self.favorite_changed_at,
            likes: self.likes,
            likes_changed_at: self.likes_changed_at,
            cuts: match self.cuts.is_empty() {
                true => None,
                false => serde_json::to_string(&self.cuts).ok(),
            },
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
