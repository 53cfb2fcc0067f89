//! What a file declares for `apply`: servers, users, merged libraries.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::Secret;

/// A source server and the account that crawls it.
#[derive(Debug, Clone)]
pub struct DeclaredServer {
    /// The file's own key for it; a rename elsewhere does not change it.
    pub name: String,
    pub url: Url,
    pub trust: Trust,
    pub login: UpstreamLogin,
}

/// Which certificates are believed besides the public authorities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    #[default]
    Public,
    /// Certificates in PEM form, as read from `ca_file`.
    Authority(String),
    /// SHA-256 of the server's own certificate.
    Fingerprint([u8; 32]),
}

/// How to get in on a source server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamLogin {
    Password { username: String, password: Secret },
    Token(Secret),
}

#[derive(Debug, Clone)]
pub struct DeclaredUser {
    pub name: String,
    /// Used only when the user is made.
    pub password: Option<Secret>,
    pub administrator: bool,
    pub links: Vec<DeclaredLink>,
}

#[derive(Debug, Clone)]
pub struct DeclaredLink {
    /// The name of a server.
    pub server: String,
    /// Used only when the link is made.
    pub login: UpstreamLogin,
    /// Whether the user may sign in by this account.
    pub sign_in: bool,
}

#[derive(Debug, Clone)]
pub struct DeclaredLibrary {
    pub name: String,
    pub collection_type: CollectionType,
    pub dedup_strategy: DedupStrategy,
    pub source_policy: SourcePolicy,
    pub owner: LibraryOwner,
    /// The whole list: a source that is not in it is taken out.
    pub sources: Vec<DeclaredSource>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryOwner {
    Everyone,
    /// The name of a user.
    User(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredSource {
    /// The name of a server.
    pub server: String,
    /// The name or the id of a library there.
    pub library: String,
    /// Higher wins.
    pub priority: i32,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($variant,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the file, the database and Jellyfin's JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Every word, for messages.
            pub fn allowed() -> String {
                [$($text),*].join(", ")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                $(if text.eq_ignore_ascii_case($text) { return Ok(Self::$variant); })*
                Err(())
            }
        }
    };
}

words!(
    /// What kind of media a library holds (Jellyfin's `CollectionType`, and `mixed`).
    CollectionType {
        Movies = "movies",
        TvShows = "tvshows",
        Music = "music",
        BoxSets = "boxsets",
        HomeVideos = "homevideos",
        Books = "books",
        MusicVideos = "musicvideos",
        Mixed = "mixed",
    }
);

words!(
    /// How copies are joined to items.
    DedupStrategy {
        ProviderIds = "provider_ids",
        NameYear = "name_year",
        Smart = "smart",
        None = "none",
    }
);

words!(
    /// Which copy plays first.
    SourcePolicy {
        Priority = "priority",
        Quality = "quality",
        Fastest = "fastest",
    }
);
