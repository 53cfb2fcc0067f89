//! Which items: every condition must hold, within a list one match is enough.

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};

use super::enums::Kind;
use super::{id, ids};
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::scalars::Long;
use crate::model::{ItemFilter, ItemKind, PublicId, StatusFilter};

/// Which items: every condition must hold; within a list one match is enough. Nothing asks for nothing.
#[derive(Debug, Clone, Default, InputObject)]
#[graphql(name = "ItemFilter")]
pub struct ItemFilterInput {
    /// Exactly these, in this order.
    pub ids: Option<Vec<ID>>,
    /// None of these.
    pub exclude_ids: Option<Vec<ID>>,
    /// A library, folder, series, season, album, artist, box set, playlist, genre, studio or person.
    pub parent_id: Option<ID>,
    /// Below the parent at any depth; else its children.
    pub recursive: Option<bool>,
    /// One of these kinds.
    pub kinds: Option<Vec<Kind>>,
    /// None of these kinds.
    pub exclude_kinds: Option<Vec<Kind>>,
    /// `Video`, `Audio`, `Photo`, `Book`; any case.
    pub media_types: Option<Vec<String>>,
    /// Played, or not.
    pub played: Option<bool>,
    /// A favourite, or not.
    pub favorite: Option<bool>,
    /// Begun and not finished, or not.
    pub resumable: Option<bool>,
    /// Holds others, or does not.
    pub folder: Option<bool>,
    /// Liked, or disliked.
    pub likes: Option<bool>,
    /// A favourite, or liked.
    pub favorite_or_likes: Option<bool>,
    /// A word or the beginning of one in the name; the best match comes first.
    pub search: Option<String>,
    /// Carries one of these genres.
    pub genres: Option<Vec<String>>,
    /// Carries one of these genres.
    pub genre_ids: Option<Vec<ID>>,
    /// Made by one of these studios.
    pub studios: Option<Vec<String>>,
    /// Made by one of these studios.
    pub studio_ids: Option<Vec<ID>>,
    /// Carries one of these tags.
    pub tags: Option<Vec<String>>,
    /// Made in one of these years.
    pub years: Option<Vec<i32>>,
    /// Has one of these parental ratings.
    pub official_ratings: Option<Vec<String>>,
    /// Rated for this age or above.
    pub min_official_rating: Option<String>,
    /// Rated for this age or below.
    pub max_official_rating: Option<String>,
    /// Has a parental rating, or none.
    pub has_official_rating: Option<bool>,
    /// This person took part.
    pub person: Option<String>,
    /// One of these persons took part.
    pub person_ids: Option<Vec<ID>>,
    /// In one of these roles (`Actor`, `Director` …); with `person` or `personIds`.
    pub person_types: Option<Vec<String>>,
    /// By one of these artists.
    pub artists: Option<Vec<String>>,
    /// By one of these artists.
    pub artist_ids: Option<Vec<ID>>,
    /// On an album of one of these artists.
    pub album_artist_ids: Option<Vec<ID>>,
    /// One of these plays on it, on an album of others.
    pub contributing_artist_ids: Option<Vec<ID>>,
    /// By none of these artists.
    pub exclude_artist_ids: Option<Vec<ID>>,
    /// On one of these albums.
    pub albums: Option<Vec<String>>,
    /// On one of these albums.
    pub album_ids: Option<Vec<ID>>,
    /// The sort name begins so.
    pub name_starts_with: Option<String>,
    /// The sort name begins so or comes after it.
    pub name_starts_with_or_greater: Option<String>,
    /// The sort name comes before this.
    pub name_less_than: Option<String>,
    /// Of this series.
    pub series_id: Option<ID>,
    /// Of this season.
    pub season_id: Option<ID>,
    /// Of the season with this number.
    pub season_number: Option<i32>,
    /// The item before this one, itself and the one after it.
    pub adjacent_to: Option<ID>,
    /// With this number (of an episode, a track).
    pub index_number: Option<i32>,
    /// With this number of its holder (of a season, a disc).
    pub parent_index_number: Option<i32>,
    /// `Continuing`, `Ended`, `Unreleased`.
    pub series_status: Option<Vec<String>>,
    /// `VideoFile`, `Iso`, `Dvd`, `BluRay`.
    pub video_types: Option<Vec<String>>,
    /// Has an image of one of these types (`Primary`, `Backdrop` …).
    pub image_types: Option<Vec<String>>,
    /// 1280 pixels wide or more, or less.
    #[graphql(name = "isHd")]
    pub is_hd: Option<bool>,
    /// Ultra high definition, or not.
    #[graphql(name = "is4K")]
    pub is_4k: Option<bool>,
    /// Stereoscopic, or not.
    #[graphql(name = "is3D")]
    pub is_3d: Option<bool>,
    /// In pixels.
    pub min_width: Option<i32>,
    /// In pixels.
    pub max_width: Option<i32>,
    /// In pixels.
    pub min_height: Option<i32>,
    /// In pixels.
    pub max_height: Option<i32>,
    /// Has subtitles, or none.
    pub has_subtitles: Option<bool>,
    /// Has a trailer, or none.
    pub has_trailer: Option<bool>,
    /// Has an overview, or none.
    pub has_overview: Option<bool>,
    /// Has special features, or none.
    pub has_special_feature: Option<bool>,
    /// Has an id there, or none.
    pub has_imdb_id: Option<bool>,
    /// Has an id there, or none.
    pub has_tmdb_id: Option<bool>,
    /// Has an id there, or none.
    pub has_tvdb_id: Option<bool>,
    /// Has one of these ids.
    pub any_provider_id: Option<Vec<ProviderIdInput>>,
    /// The caller sees so many copies of it or more; 2 asks for what is held twice.
    pub min_copies: Option<i32>,
    /// 0 to 10.
    pub min_community_rating: Option<f64>,
    /// 0 to 100.
    pub min_critic_rating: Option<f64>,
    /// First shown then or later.
    pub min_premiere_date: Option<DateTime<Utc>>,
    /// First shown then or earlier.
    pub max_premiere_date: Option<DateTime<Utc>>,
    /// Changed then or later, by when Manyfin saw it.
    pub min_date_last_saved: Option<DateTime<Utc>>,
    /// Changed then or later, or watched or marked by the caller.
    pub min_date_last_saved_for_user: Option<DateTime<Utc>>,
    /// Known by number only, without a file.
    pub is_missing: Option<bool>,
    /// Not shown yet.
    pub is_unaired: Option<bool>,
    /// Its metadata is locked.
    pub is_locked: Option<bool>,
    /// Has sound in one of these languages (ISO 639-2).
    pub audio_languages: Option<Vec<String>>,
    /// Has subtitles in one of these languages (ISO 639-2).
    pub subtitle_languages: Option<Vec<String>>,
    /// Items of a box set give way to the box set.
    pub collapse_box_sets: Option<bool>,
    /// The same number gives the same random order.
    pub random_seed: Option<Long>,
}

/// An id that a provider of metadata gives.
#[derive(Debug, Clone, InputObject)]
pub struct ProviderIdInput {
    /// `Tmdb`, `Imdb`, `Tvdb` …; any case.
    pub provider: String,
    /// The id there.
    pub id: String,
}

impl ProviderIdInput {
    fn pair(self) -> (String, String) {
        (self.provider.to_lowercase(), self.id.to_lowercase())
    }
}

impl ItemFilterInput {
    /// # Errors
    /// `BAD_INPUT` for an id that is none, and for fewer copies than one.
    pub fn into_filter(self) -> GraphResult<ItemFilter> {
        Ok(ItemFilter {
            ids: ids("ids", self.ids)?,
            exclude_ids: ids("excludeIds", self.exclude_ids)?,
            parent_id: one("parentId", self.parent_id)?,
            recursive: self.recursive.unwrap_or(false),
            kinds: kinds(self.kinds),
            exclude_kinds: kinds(self.exclude_kinds),
            media_types: self.media_types.unwrap_or_default(),
            status: StatusFilter {
                played: self.played,
                favorite: self.favorite,
                resumable: self.resumable,
                folder: self.folder,
                likes: self.likes,
                favorite_or_likes: self.favorite_or_likes.unwrap_or(false),
            },
            search: self.search,
            search_names: None,
            search_no_items: false,
            genres: self.genres.unwrap_or_default(),
            genre_ids: ids("genreIds", self.genre_ids)?,
            studios: self.studios.unwrap_or_default(),
            studio_ids: ids("studioIds", self.studio_ids)?,
            tags: self.tags.unwrap_or_default(),
            years: self.years.unwrap_or_default(),
            official_ratings: self.official_ratings.unwrap_or_default(),
            min_official_rating: self.min_official_rating,
            max_official_rating: self.max_official_rating,
            has_official_rating: self.has_official_rating,
            person: self.person,
            person_ids: ids("personIds", self.person_ids)?,
            person_types: self.person_types.unwrap_or_default(),
            artists: self.artists.unwrap_or_default(),
            artist_ids: ids("artistIds", self.artist_ids)?,
            album_artist_ids: ids("albumArtistIds", self.album_artist_ids)?,
            contributing_artist_ids: ids("contributingArtistIds", self.contributing_artist_ids)?,
            exclude_artist_ids: ids("excludeArtistIds", self.exclude_artist_ids)?,
            albums: self.albums.unwrap_or_default(),
            album_ids: ids("albumIds", self.album_ids)?,
            name_starts_with: self.name_starts_with,
            name_starts_with_or_greater: self.name_starts_with_or_greater,
            name_less_than: self.name_less_than,
            series_id: one("seriesId", self.series_id)?,
            season_id: one("seasonId", self.season_id)?,
            season_number: self.season_number,
            adjacent_to: one("adjacentTo", self.adjacent_to)?,
            index_number: self.index_number,
            parent_index_number: self.parent_index_number,
            series_status: self.series_status.unwrap_or_default(),
            video_types: self.video_types.unwrap_or_default(),
            image_types: self.image_types.unwrap_or_default(),
            is_hd: self.is_hd,
            is_4k: self.is_4k,
            is_3d: self.is_3d,
            min_width: self.min_width,
            max_width: self.max_width,
            min_height: self.min_height,
            max_height: self.max_height,
            has_subtitles: self.has_subtitles,
            has_trailer: self.has_trailer,
            has_overview: self.has_overview,
            has_special_feature: self.has_special_feature,
            has_imdb_id: self.has_imdb_id,
            has_tmdb_id: self.has_tmdb_id,
            has_tvdb_id: self.has_tvdb_id,
            any_provider_id: self
                .any_provider_id
                .unwrap_or_default()
                .into_iter()
                .map(ProviderIdInput::pair)
                .collect(),
            min_copies: self.min_copies.map(least_copies).transpose()?,
            min_community_rating: self.min_community_rating,
            min_critic_rating: self.min_critic_rating,
            min_premiere_date: self.min_premiere_date,
            max_premiere_date: self.max_premiere_date,
            min_date_last_saved: self.min_date_last_saved,
            min_date_last_saved_for_user: self.min_date_last_saved_for_user,
            is_missing: self.is_missing,
            is_unaired: self.is_unaired,
            is_locked: self.is_locked,
            audio_languages: self.audio_languages.unwrap_or_default(),
            subtitle_languages: self.subtitle_languages.unwrap_or_default(),
            collapse_box_sets: self.collapse_box_sets,
            random_seed: self.random_seed.map(|number| number.0),
        })
    }
}

fn one(field: &str, given: Option<ID>) -> GraphResult<Option<PublicId>> {
    given.map(|given| id(field, &given)).transpose()
}

fn least_copies(given: i32) -> GraphResult<usize> {
    let least = usize::try_from(given).ok().filter(|least| *least > 0);
    let problem = || GraphError::bad_input("minCopies", format!("it is {given}"), "1 or more");
    least.ok_or_else(problem)
}

fn kinds(list: Option<Vec<Kind>>) -> Vec<ItemKind> {
    list.unwrap_or_default()
        .into_iter()
        .map(Into::into)
        .collect()
}
