//! What a user has watched, in memory: loaded once a user, replaced on every change.

use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, ItemIx};
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
}

impl UserItem {
    pub fn changed_at(&self) -> i64 {
        self.play_changed_at
            .max(self.favorite_changed_at)
            .max(self.likes_changed_at)
    }

    /// The position, unless it was made on a cut whose runtime differs by more than 2%.
    pub fn position_on(&self, copy: &Copy) -> i64 {
        let (Some(made_on), Some(runtime)) =
            (self.position_runtime_ticks, copy.light.run_time_ticks)
        else {
            return self.position_ticks;
        };
        let apart = (made_on - runtime).abs();
        if apart * 50 > made_on.max(runtime) {
            0
        } else {
            self.position_ticks
        }
    }
}

/// Everything that one user has watched or marked.
#[derive(Debug, Clone, Default)]
pub struct UserItems {
    /// Grows with every change.
    pub generation: u64,
    items: imbl::HashMap<PublicId, UserItem>,
}

impl UserItems {
    pub fn new(items: impl IntoIterator<Item = (PublicId, UserItem)>) -> Self {
        Self {
            generation: 0,
            items: items.into_iter().collect(),
        }
    }

    /// By the item's own id.
    pub fn get(&self, item: PublicId) -> Option<&UserItem> {
        self.items.get(&item)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PublicId, &UserItem)> {
        self.items.iter()
    }

    /// The same with one item changed.
    pub fn with(&self, item: PublicId, state: UserItem) -> Self {
        Self {
            generation: self.generation + 1,
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
            state.position_ticks = own.position_on(snapshot.copy(entry.lead));
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

fn below(scope: &Scope, item: ItemIx) -> (u32, u32) {
    let snapshot = scope.snapshot();
    let found = snapshot.item(item);
    let members = found
        .members
        .iter()
        .copied()
        .filter(|member| scope.projection.sees_item(*member));
    let children = scope.children(item).into_iter().chain(members);
    children.fold((0, 0), |(unplayed, all), child| {
        let held = snapshot.item(child);
        if held.kind.is_folder() {
            let (more_unplayed, more) = below(scope, child);
            (unplayed + more_unplayed, all + more)
        } else {
            let played = scope
                .user_items
                .get(held.id)
                .is_some_and(|state| state.played);
            (unplayed + u32::from(!played), all + 1)
        }
    })
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
        }
    }
}
