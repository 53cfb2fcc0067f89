//! The enums of the model as GraphQL shows them.

use async_graphql::Enum;

use crate::model;

/// What an item is: Jellyfin's `BaseItemKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ItemKind", remote = "model::ItemKind")]
pub enum Kind {
    AggregateFolder,
    Audio,
    AudioBook,
    BasePluginFolder,
    Book,
    BoxSet,
    Channel,
    ChannelFolderItem,
    CollectionFolder,
    Episode,
    Folder,
    Genre,
    LiveTvChannel,
    LiveTvProgram,
    ManualPlaylistsFolder,
    Movie,
    MusicAlbum,
    MusicArtist,
    MusicGenre,
    MusicVideo,
    Person,
    Photo,
    PhotoAlbum,
    Playlist,
    PlaylistsFolder,
    Program,
    Recording,
    Season,
    Series,
    Studio,
    Trailer,
    TvChannel,
    TvProgram,
    UserRootFolder,
    UserView,
    Video,
    Year,
    /// A kind that this version does not know.
    Unknown,
}

/// What items can be sorted by: Jellyfin's `ItemSortBy`, and what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ItemSortBy", remote = "model::SortBy")]
pub enum SortKey {
    /// The order of the place that is asked.
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
    /// The same for the same `randomSeed`.
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
    /// How many copies the caller sees of it.
    Copies,
    /// The bytes of all versions of these, and of what it holds (episodes, tracks, members).
    Size,
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "SortOrder", remote = "model::SortOrder")]
pub enum Order {
    /// Smallest, first or oldest first.
    Ascending,
    /// Largest, last or newest first.
    Descending,
}

/// What is listed by name rather than kept as items of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "NameKind", remote = "model::NameKind")]
pub enum NameKindInput {
    /// Genres of films and shows.
    Genre,
    /// Genres of music.
    MusicGenre,
    /// Studios and networks.
    Studio,
    /// Actors, directors, writers …
    Person,
    /// Everyone who plays on a track.
    Artist,
    /// Those whose albums they are.
    AlbumArtist,
    /// Years of production.
    Year,
}
