//! What the caller has watched and marked.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::time;
use crate::catalog::watch::ItemState;
use crate::graphql::scalars::Long;

/// What the caller has watched and marked; of a folder, what lies in it.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserData {
    /// Seen to the end; a folder: everything in it.
    pub played: bool,
    /// How often.
    pub play_count: Long,
    /// Where to go on, in ticks of 100 ns; 0 at the start.
    pub position_ticks: Long,
    /// When it was last played.
    pub last_played_at: Option<DateTime<Utc>>,
    /// Marked as a favourite.
    pub is_favorite: bool,
    /// Liked (true), disliked (false) or neither.
    pub likes: Option<bool>,
    /// Begun and not finished.
    pub is_resumable: bool,
    /// A folder: how many in it are not played.
    pub unplayed_count: Option<i32>,
}

impl From<ItemState> for UserData {
    fn from(state: ItemState) -> Self {
        Self {
            played: state.played,
            play_count: Long(state.play_count),
            position_ticks: Long(state.position_ticks),
            last_played_at: state.last_played_at.map(time),
            is_favorite: state.favorite,
            likes: state.likes,
            is_resumable: state.resumable,
            unplayed_count: state
                .unplayed
                .map(|(unplayed, _)| i32::try_from(unplayed).unwrap_or(i32::MAX)),
        }
    }
}
