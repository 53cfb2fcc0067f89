//! What a user did with an item.

use serde::{Deserialize, Serialize};

use super::any_case::lenient;
use super::time::Stamp;

/// `UserItemDataDto`. The six fields that are not optional are always present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserItemData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played_percentage: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplayed_item_count: Option<i32>,
    #[serde(default)]
    pub playback_position_ticks: i64,
    #[serde(default)]
    pub play_count: i32,
    #[serde(default)]
    pub is_favorite: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likes: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_played_date: Option<Stamp>,
    #[serde(default)]
    pub played: bool,
    #[serde(default)]
    pub key: String,
    #[serde(default)]
    pub item_id: String,
}

/// `UpdateUserItemDataDto`: absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateUserItemData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played_percentage: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplayed_item_count: Option<i32>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub playback_position_ticks: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_favorite: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likes: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_played_date: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played: Option<bool>,
}

impl UpdateUserItemData {
    pub const KEYS: &'static [&'static str] = &[
        "Rating",
        "PlayedPercentage",
        "UnplayedItemCount",
        "PlaybackPositionTicks",
        "PlayCount",
        "IsFavorite",
        "Likes",
        "LastPlayedDate",
        "Played",
        "Key",
        "ItemId",
    ];
}
