//! A question about items, as Jellyfin's `/Items` can ask it and GraphQL passes it on.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{ItemKind, PublicId};

/// Which items, in which order. Paging is apart, so that one answer serves every page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemQuery {
    pub filter: ItemFilter,
    /// Empty: the default order of the place asked (SortName where it has none).
    pub sort: Vec<ItemSort>,
}

/// A part of an answer: `limit` absent means all that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Page {
    pub offset: usize,
    pub limit: Option<usize>,
}

/// Jellyfin's tri-state user filters (`filters=` and the `is…` parameters).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct StatusFilter {
    pub played: Option<bool>,
    pub favorite: Option<bool>,
    pub resumable: Option<bool>,
    pub folder: Option<bool>,
    /// `Likes` (true) or `Dislikes` (false).
    pub likes: Option<bool>,
    pub favorite_or_likes: bool,
}

/// Every condition must hold; within a list one match is enough. Empty lists ask nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemFilter {
    /// Exactly these, in this order.
    pub ids: Vec<PublicId>,
    pub exclude_ids: Vec<PublicId>,
    /// A library, folder, series, season, album, artist, box set, playlist, genre, studio, person.
    pub parent_id: Option<PublicId>,
    /// Below the parent at any depth; else its children.
    pub recursive: bool,
    pub kinds: Vec<ItemKind>,
    pub exclude_kinds: Vec<ItemKind>,
    /// `Video`, `Audio`, `Photo`, `Book`; any case.
    pub media_types: Vec<String>,
    pub status: StatusFilter,
    pub search: Option<String>,
    /// Beside items, names of these kinds are searched too; people, if nothing is said.
    pub search_names: Option<Vec<NameKind>>,
    /// Names alone are searched.
    pub search_no_items: bool,
    pub genres: Vec<String>,
    pub genre_ids: Vec<PublicId>,
    pub studios: Vec<String>,
    pub studio_ids: Vec<PublicId>,
    pub tags: Vec<String>,
    pub years: Vec<i32>,
    pub official_ratings: Vec<String>,
    pub min_official_rating: Option<String>,
    pub max_official_rating: Option<String>,
    pub has_official_rating: Option<bool>,
    pub person: Option<String>,
    pub person_ids: Vec<PublicId>,
    pub person_types: Vec<String>,
    pub artists: Vec<String>,
    pub artist_ids: Vec<PublicId>,
    pub album_artist_ids: Vec<PublicId>,
    pub contributing_artist_ids: Vec<PublicId>,
    pub exclude_artist_ids: Vec<PublicId>,
    pub albums: Vec<String>,
    pub album_ids: Vec<PublicId>,
    pub name_starts_with: Option<String>,
    pub name_starts_with_or_greater: Option<String>,
    pub name_less_than: Option<String>,
    pub series_id: Option<PublicId>,
    pub season_id: Option<PublicId>,
    pub season_number: Option<i32>,
    pub adjacent_to: Option<PublicId>,
    pub index_number: Option<i32>,
    pub parent_index_number: Option<i32>,
    pub series_status: Vec<String>,
    pub video_types: Vec<String>,
    /// `Primary`, `Backdrop` …: items that have one of them.
    pub image_types: Vec<String>,
    pub is_hd: Option<bool>,
    pub is_4k: Option<bool>,
    pub is_3d: Option<bool>,
    pub min_width: Option<i32>,
    pub max_width: Option<i32>,
    pub min_height: Option<i32>,
    pub max_height: Option<i32>,
    pub has_subtitles: Option<bool>,
    pub has_trailer: Option<bool>,
    pub has_overview: Option<bool>,
    pub has_special_feature: Option<bool>,
    pub has_imdb_id: Option<bool>,
    pub has_tmdb_id: Option<bool>,
    pub has_tvdb_id: Option<bool>,
    /// (provider, id), lower case.
    pub any_provider_id: Vec<(String, String)>,
    /// So many copies that the viewer sees, or more.
    pub min_copies: Option<usize>,
    pub min_community_rating: Option<f64>,
    pub min_critic_rating: Option<f64>,
    pub min_premiere_date: Option<DateTime<Utc>>,
    pub max_premiere_date: Option<DateTime<Utc>>,
    /// By when Manyfin saw the change.
    pub min_date_last_saved: Option<DateTime<Utc>>,
    pub min_date_last_saved_for_user: Option<DateTime<Utc>>,
    pub is_missing: Option<bool>,
    pub is_unaired: Option<bool>,
    pub is_locked: Option<bool>,
    pub audio_languages: Vec<String>,
    pub subtitle_languages: Vec<String>,
    pub collapse_box_sets: Option<bool>,
    /// The same number gives the same random order on every replica.
    pub random_seed: Option<i64>,
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ItemSort {
    pub by: SortBy,
    pub order: SortOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

macro_rules! sort_keys {
    ($($name:ident),* $(,)?) => {
        /// Jellyfin's `ItemSortBy`, and `Copies` and `Size` of what is held.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SortBy { $($name,)* }

        impl SortBy {
            pub const ALL: &'static [SortBy] = &[$(SortBy::$name,)*];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
        impl FromStr for SortBy {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                $(if text.eq_ignore_ascii_case(stringify!($name)) { return Ok(Self::$name); })*
                Err(())
            }
        }
    };
}

sort_keys!(
    Default,
    AiredEpisodeOrder,
    Album,
    AlbumArtist,
    Artist,
    DateCreated,
    OfficialRating,
    DatePlayed,
    PremiereDate,
    StartDate,
    SortName,
    Name,
    Random,
    Runtime,
    CommunityRating,
    ProductionYear,
    PlayCount,
    CriticRating,
    IsFolder,
    IsUnplayed,
    IsPlayed,
    SeriesSortName,
    VideoBitRate,
    AirTime,
    Studio,
    IsFavoriteOrLiked,
    DateLastContentAdded,
    SeriesDatePlayed,
    ParentIndexNumber,
    IndexNumber,
    Copies,
    Size,
);

/// What is listed by name rather than kept as items of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    Genre,
    MusicGenre,
    Studio,
    Person,
    Artist,
    AlbumArtist,
    Year,
}

impl ItemFilter {
    /// Whether this is Jellyfin's way to ask for the libraries: no parent, not recursive, no filter.
    pub fn asks_for_views(&self) -> bool {
        *self
            == Self {
                collapse_box_sets: self.collapse_box_sets,
                ..Self::default()
            }
    }
}
