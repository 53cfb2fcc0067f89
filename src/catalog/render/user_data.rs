//! `UserData`: the viewer's own marks, from Manyfin, never from a source.

use serde_json::json;

use super::light::time;
use crate::catalog::names::NameRef;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::watch::{ItemState, counts_unplayed};
use crate::wire::Body;

/// `UserItemDataDto` of an item; all fields that strict clients need are always there.
pub fn user_data(scope: &Scope, entry: &ItemEntry) -> Body {
    let snapshot = scope.snapshot();
    let state = ItemState::of(scope, entry);
    let mut out = Body::new();
    if let Some(likes) = state.likes {
        // What Jellyfin makes of a thumb up or down.
        out.insert("Rating".into(), json!(if likes { 10 } else { 1 }));
        out.insert("Likes".into(), json!(likes));
    }
    let kind = snapshot.item(entry.item).kind;
    if let Some((unplayed, all)) = state.unplayed.filter(|_| counts_unplayed(kind)) {
        let share = if all == 0 {
            0.0
        } else {
            f64::from(all - unplayed) * 100.0 / f64::from(all)
        };
        if unplayed > 0 || all == 0 {
            out.insert("PlayedPercentage".into(), number(share));
        } else {
            out.insert("PlayedPercentage".into(), json!(100));
        }
        out.insert("UnplayedItemCount".into(), json!(unplayed));
    } else if let Some(runtime) = snapshot.copy(entry.lead).light.run_time_ticks()
        && state.position_ticks > 0
        && runtime > 0
    {
        out.insert(
            "PlayedPercentage".into(),
            number(state.position_ticks as f64 * 100.0 / runtime as f64),
        );
    }
    out.insert("PlaybackPositionTicks".into(), json!(state.position_ticks));
    out.insert("PlayCount".into(), json!(state.play_count));
    out.insert("IsFavorite".into(), json!(state.favorite));
    if let Some(at) = state
        .last_played_at
        .and_then(chrono::DateTime::from_timestamp_millis)
    {
        out.insert("LastPlayedDate".into(), time(at));
    }
    out.insert("Played".into(), json!(state.played));
    out.insert("Key".into(), json!(entry.id.dashed()));
    out.insert("ItemId".into(), json!(entry.id));
    out
}

/// Names can be favourites too.
pub fn user_data_of_name(scope: &Scope, name: NameRef) -> Body {
    let entry = scope.projection.names().entry(name);
    let favorite = scope
        .user_items
        .get(entry.id)
        .is_some_and(|state| state.is_favorite);
    blank(&entry.id, favorite)
}

pub(super) fn blank(id: &crate::model::PublicId, favorite: bool) -> Body {
    let mut out = Body::new();
    out.insert("PlaybackPositionTicks".into(), json!(0));
    out.insert("PlayCount".into(), json!(0));
    out.insert("IsFavorite".into(), json!(favorite));
    out.insert("Played".into(), json!(false));
    out.insert("Key".into(), json!(id.dashed()));
    out.insert("ItemId".into(), json!(id));
    out
}

fn number(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 {
        json!(value as i64)
    } else {
        json!(value)
    }
}
