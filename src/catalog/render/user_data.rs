//! `UserData`: the viewer's own marks, from Manyfin, never from a source.

use serde::Serialize;
use serde_json::Value;

use super::light::time;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::watch::{ItemState, counts_unplayed};
use crate::model::PublicId;

/// `UserItemDataDto`; all fields that strict clients need are always there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserItemData {
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    likes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    played_percentage: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unplayed_item_count: Option<u32>,
    playback_position_ticks: i64,
    play_count: i64,
    is_favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_played_date: Option<Value>,
    played: bool,
    key: String,
    item_id: PublicId,
}

impl UserItemData {
    pub(super) fn blank(id: PublicId, favorite: bool) -> Self {
        Self {
            rating: None,
            likes: None,
            played_percentage: None,
            unplayed_item_count: None,
            playback_position_ticks: 0,
            play_count: 0,
            is_favorite: favorite,
            last_played_date: None,
            played: false,
            key: id.dashed(),
            item_id: id,
        }
    }
}

/// Of an item.
pub fn user_data(scope: &Scope, entry: &ItemEntry) -> UserItemData {
    let snapshot = scope.snapshot();
    let state = ItemState::of(scope, entry);
    let kind = snapshot.item(entry.item).kind;
    let unplayed = state.unplayed.filter(|_| counts_unplayed(kind));
    let last_played_at = state.last_played_at;
    UserItemData {
        // What Jellyfin makes of a thumb up or down.
        rating: state.likes.map(|likes| if likes { 10 } else { 1 }),
        likes: state.likes,
        played_percentage: match unplayed {
            Some((_, 0)) => Some(number(0.0)),
            Some((unplayed, all)) => {
                Some(number(f64::from(all - unplayed) * 100.0 / f64::from(all)))
            }
            None if state.position_ticks > 0 => {
                let runtime = snapshot.copy(entry.lead).light.run_time_ticks();
                runtime
                    .filter(|runtime| *runtime > 0)
                    .map(|runtime| number(state.position_ticks as f64 * 100.0 / runtime as f64))
            }
            None => None,
        },
        unplayed_item_count: unplayed.map(|(unplayed, _)| unplayed),
        playback_position_ticks: state.position_ticks,
        play_count: state.play_count,
        last_played_date: last_played_at
            .and_then(chrono::DateTime::from_timestamp_millis)
            .map(time),
        played: state.played,
        ..UserItemData::blank(entry.id, state.favorite)
    }
}

/// Names can be favourites too.
pub fn user_data_of_name(scope: &Scope, name: NameRef) -> UserItemData {
    let entry = scope.projection.names().entry(name);
    let state = scope.user_items.get(entry.id);
    UserItemData::blank(entry.id, state.is_some_and(|state| state.is_favorite))
}

/// Whole numbers without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}
