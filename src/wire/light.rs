//! The light part of an item: what lists show by default, sort by and filter by.
//!
//! It reads straight from a Jellyfin item body and is kept in the database in the same form.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{ItemKind, UpstreamId};

/// A name with the upstream id that a server gives it (genres, studios, artists).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NameId {
    #[serde(default)]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UpstreamId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LightPerson {
    #[serde(default)]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UpstreamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, rename = "Type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_image_tag: Option<String>,
}

/// A media source as far as quality, filters and labels need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LightSource {
    #[serde(default)]
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_time_ticks: Option<i64>,
    #[serde(default, rename = "ETag", skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub media_streams: Vec<LightStream>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LightStream {
    #[serde(default, rename = "Type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_range_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<i64>,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

macro_rules! light_item {
    (
        opt { $($opt:ident : $opt_ty:ty),* $(,)? }
        list { $($list:ident : $list_ty:ty),* $(,)? }
    ) => {
        /// See the module. Absent and null read the same.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct LightItem {
            pub id: UpstreamId,
            #[serde(rename = "Type")]
            pub kind: ItemKind,
            #[serde(default, deserialize_with = "null_as_default")]
            pub name: String,
            #[serde(default, deserialize_with = "null_as_default")]
            pub is_folder: bool,
            $(#[serde(default, skip_serializing_if = "Option::is_none")] pub $opt: Option<$opt_ty>,)*
            $(#[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "is_empty")] pub $list: $list_ty,)*
        }

        impl LightItem {
            /// An item with nothing but what every item has.
            pub fn new(id: UpstreamId, kind: ItemKind, name: impl Into<String>) -> Self {
                Self {
                    id, kind, name: name.into(), is_folder: kind.is_folder(),
                    $($opt: None,)* $($list: Default::default(),)*
                }
            }
        }
    };
}

fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

light_item! {
    opt {
        sort_name: String, forced_sort_name: String, original_title: String, parent_id: UpstreamId,
        series_id: UpstreamId, season_id: UpstreamId, series_name: String, season_name: String,
        album: String, album_id: UpstreamId, album_artist: String, index_number: i32,
        index_number_end: i32, parent_index_number: i32, production_year: i32,
        premiere_date: DateTime<Utc>, end_date: DateTime<Utc>, date_created: DateTime<Utc>,
        date_last_media_added: DateTime<Utc>, community_rating: f64, critic_rating: f64,
        official_rating: String, custom_rating: String, run_time_ticks: i64, container: String,
        video_type: String, media_type: String, location_type: String, has_subtitles: bool,
        has_lyrics: bool, width: i32, height: i32, is_hd: bool, collection_type: String,
        status: String, display_order: String, air_time: String, series_studio: String,
        local_trailer_count: i32, special_feature_count: i32, primary_image_aspect_ratio: f64,
        normalization_gain: f64, etag: String, overview: String, path: String, lock_data: bool,
        is_place_holder: bool, extra_type: String, channel_id: UpstreamId,
        parent_backdrop_item_id: UpstreamId, parent_logo_item_id: UpstreamId,
        parent_logo_image_tag: String, parent_art_item_id: UpstreamId, parent_art_image_tag: String,
        parent_thumb_item_id: UpstreamId, parent_thumb_image_tag: String,
        parent_primary_image_item_id: UpstreamId, parent_primary_image_tag: String,
        series_primary_image_tag: String, series_thumb_image_tag: String,
        album_primary_image_tag: String,
    }
    list {
        genres: Vec<String>, genre_items: Vec<NameId>, studios: Vec<NameId>, tags: Vec<String>,
        people: Vec<LightPerson>, artists: Vec<String>, artist_items: Vec<NameId>,
        album_artists: Vec<NameId>, air_days: Vec<String>,
        provider_ids: BTreeMap<String, String>, image_tags: BTreeMap<String, String>,
        backdrop_image_tags: Vec<String>, parent_backdrop_image_tags: Vec<String>,
        image_blur_hashes: BTreeMap<String, BTreeMap<String, String>>,
        media_sources: Vec<LightSource>, remote_trailers: Vec<serde_json::Value>,
    }
}
