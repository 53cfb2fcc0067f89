//! The light part of an item: what lists show by default, sort by and filter by.
//!
//! It reads straight from a Jellyfin item body and is kept in the database in the same form.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::prose::Prose;
use super::text::{Pairs, Tag, Word};
use crate::model::{ItemKind, UpstreamId};

/// A name with the upstream id that a server gives it (genres, studios, artists).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NameId {
    #[serde(default)]
    pub name: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UpstreamId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LightPerson {
    #[serde(default)]
    pub name: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UpstreamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Word>,
    #[serde(default, rename = "Type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_image_tag: Option<Word>,
}

/// A media source as far as quality, filters and labels need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LightSource {
    #[serde(default)]
    pub id: Tag,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_time_ticks: Option<i64>,
    #[serde(default, rename = "ETag", skip_serializing_if = "Option::is_none")]
    pub etag: Option<Tag>,
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
    pub kind: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_range_type: Option<Word>,
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

/// Calls a macro with the fields that an item may lack: those with one value, then those with several.
macro_rules! light_fields {
    ($then:ident) => {
        $then! {
            opt {
                sort_name: String, forced_sort_name: String, original_title: String, parent_id: UpstreamId,
                series_id: UpstreamId, season_id: UpstreamId, series_name: Word, season_name: Word,
                album: Word, album_id: UpstreamId, album_artist: Word, index_number: i32,
                index_number_end: i32, parent_index_number: i32, production_year: i32,
                premiere_date: DateTime<Utc>, end_date: DateTime<Utc>, date_created: DateTime<Utc>,
                date_last_media_added: DateTime<Utc>, community_rating: f64, critic_rating: f64,
                official_rating: Word, custom_rating: Word, run_time_ticks: i64, container: Word,
                video_type: Word, media_type: Word, location_type: Word, has_subtitles: bool,
                has_lyrics: bool, width: i32, height: i32, is_hd: bool, collection_type: Word,
                status: Word, display_order: Word, air_time: Word, series_studio: Word,
                local_trailer_count: i32, special_feature_count: i32, primary_image_aspect_ratio: f64,
                normalization_gain: f64, etag: Tag, overview: Prose, path: String, lock_data: bool,
                is_place_holder: bool, extra_type: Word, channel_id: UpstreamId,
                parent_backdrop_item_id: UpstreamId, parent_logo_item_id: UpstreamId,
                parent_logo_image_tag: Tag, parent_art_item_id: UpstreamId, parent_art_image_tag: Tag,
                parent_thumb_item_id: UpstreamId, parent_thumb_image_tag: Tag,
                parent_primary_image_item_id: UpstreamId, parent_primary_image_tag: Tag,
                series_primary_image_tag: Tag, series_thumb_image_tag: Tag,
                album_primary_image_tag: Tag,
            }
            list {
                genres: Vec<Word>, genre_items: Vec<NameId>, studios: Vec<NameId>, tags: Vec<Word>,
                people: Vec<LightPerson>, artists: Vec<Word>, artist_items: Vec<NameId>,
                album_artists: Vec<NameId>, air_days: Vec<Word>,
                provider_ids: Pairs<String>, image_tags: Pairs<Tag>,
                backdrop_image_tags: Vec<Tag>, parent_backdrop_image_tags: Vec<Tag>,
                image_blur_hashes: Pairs<Pairs<String, Tag>>,
                media_sources: Vec<LightSource>, remote_trailers: Vec<serde_json::Value>,
            }
        }
    };
}
pub(super) use light_fields;

light_fields!(light_item);
