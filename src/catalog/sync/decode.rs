//! Reads what servers send, leniently: one odd field costs that field, not the item.

use serde_json::{Value, json};

use super::sink::UserDataSeen;
use crate::catalog::hydrate::clean;
use crate::jellyfin::UpstreamError;
use crate::model::UpstreamId;
use crate::wire::{Body, LightItem};

/// A page of `/Items`.
pub struct ItemsPage {
    pub items: Vec<Body>,
    /// How many there were, those that are no items among them.
    pub entries: usize,
    /// As the server counts them; none when it did not.
    pub total: Option<usize>,
}

/// # Errors
/// `Malformed` when it is no list at all.
pub fn page(answer: Value) -> Result<ItemsPage, UpstreamError> {
    let malformed = |reason: &str| UpstreamError::Malformed {
        reason: reason.to_owned(),
    };
    let Value::Object(mut answer) = answer else {
        return Err(malformed("a list was expected"));
    };
    let Some(Value::Array(items)) = answer.remove("Items") else {
        return Err(malformed("a list without items"));
    };
    let total = answer.get("TotalRecordCount").and_then(Value::as_u64);
    Ok(ItemsPage {
        entries: items.len(),
        items: items
            .into_iter()
            .filter_map(|item| match item {
                Value::Object(body) => Some(body),
                _ => None,
            })
            .collect(),
        total: total.and_then(|total| usize::try_from(total).ok()),
    })
}

/// The id of an item; none for the placeholder 0…01 of 10.11 and for what has none.
pub fn id(body: &Body) -> Option<UpstreamId> {
    let id: UpstreamId = body.get("Id")?.as_str()?.parse().ok()?;
    (id.0.as_u128() > 1).then_some(id)
}

/// The light part of an item. Fields of an unexpected type are left out.
pub fn light(body: &Body) -> Option<LightItem> {
    id(body)?;
    let whole = serde_json::from_value(Value::Object(body.clone()));
    match whole {
        Ok(light) => Some(light),
        Err(error) => {
            tracing::debug!(%error, "an item has a field of an unexpected type");
            // One bad number in a version does not cost the version.
            let mut good = body.clone();
            clean(&mut good);
            good.retain(|key, value| reads_alone(body, key, value));
            serde_json::from_value(Value::Object(good)).ok()
        }
    }
}

fn reads_alone(body: &Body, key: &str, value: &Value) -> bool {
    let mut alone = json!({ "Id": body.get("Id"), "Type": body.get("Type"), "Name": "" });
    alone[key] = value.clone();
    serde_json::from_value::<LightItem>(alone).is_ok()
}

/// What an item's `UserData` says to a link; none when it has none. `asked_at`: milliseconds since 1970.
pub fn user_data(link: i64, asked_at: i64, body: &Body) -> Option<UserDataSeen> {
    let data = body.get("UserData")?.as_object()?;
    let last_played = data.get("LastPlayedDate").and_then(Value::as_str);
    Some(UserDataSeen {
        link,
        upstream_id: id(body)?,
        played: data.get("Played").and_then(Value::as_bool).unwrap_or(false),
        play_count: data
            .get("PlayCount")
            .and_then(Value::as_i64)
            .and_then(|count| i32::try_from(count).ok())
            .unwrap_or(0),
        position: data
            .get("PlaybackPositionTicks")
            .and_then(Value::as_i64)
            .unwrap_or(0),
        last_played: last_played
            .and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok())
            .map(|at| at.timestamp_millis()),
        favorite: data
            .get("IsFavorite")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        likes: data.get("Likes").and_then(Value::as_bool),
        asked_at,
    })
}
