//! Jellyfin's item kinds (`BaseItemKind`).

use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($name:ident),* $(,)?) => {
        /// Jellyfin's `BaseItemKind`; `Unknown` is any kind that this version does not know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ItemKind { $($name,)* Unknown }

        impl ItemKind {
    /// Whether items of this kind hold what lies elsewhere.
    pub fn has_members(self) -> bool {
        matches!(self, Self::BoxSet | Self::Playlist)
    }
            pub const ALL: &'static [ItemKind] = &[$(ItemKind::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* Self::Unknown => "Unknown" }
            }
        }

        impl FromStr for ItemKind {
            type Err = std::convert::Infallible;
            /// Case does not matter; an unknown kind is `Unknown`.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $(if text.eq_ignore_ascii_case(stringify!($name)) { return Ok(Self::$name); })*
                Ok(Self::Unknown)
            }
        }
    };
}

kinds!(
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
);

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ItemKind {
    /// Whether items of this kind hold others (`IsFolder`).
    pub fn is_folder(self) -> bool {
        use ItemKind::*;
        matches!(
            self,
            AggregateFolder
                | BasePluginFolder
                | BoxSet
                | Channel
                | ChannelFolderItem
                | CollectionFolder
                | Folder
                | Genre
                | ManualPlaylistsFolder
                | MusicAlbum
                | MusicArtist
                | MusicGenre
                | PhotoAlbum
                | Playlist
                | PlaylistsFolder
                | Season
                | Series
                | Studio
                | UserRootFolder
                | UserView
                | Year
        )
    }

    /// Jellyfin's `MediaType` of the kind: `Video`, `Audio`, `Photo`, `Book` or `Unknown`.
    pub fn media_type(self) -> &'static str {
        use ItemKind::*;
        match self {
            Movie | Episode | Video | MusicVideo | Trailer | Recording | LiveTvProgram
            | TvProgram | LiveTvChannel | TvChannel | Program => "Video",
            Audio | AudioBook => "Audio",
            Photo => "Photo",
            Book => "Book",
            _ => "Unknown",
        }
    }
}

impl serde::Serialize for ItemKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for ItemKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or(Self::Unknown))
    }
}
