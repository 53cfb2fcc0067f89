//! What goes in: copies as the caller holds them, libraries with their strategies, decisions.

use std::borrow::Cow;
use std::str::FromStr;

use crate::error::InvalidInput;
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// How a merged library joins the copies of its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// By provider ids; what has none, by name and year.
    #[default]
    ProviderIds,
    /// By name and year, ±1 year where that is unambiguous.
    NameYear,
    /// By provider ids, then by what a score of all that is known says.
    Smart,
    /// Nothing joins.
    None,
}

impl Strategy {
    pub const ALL: [Self; 4] = [Self::ProviderIds, Self::NameYear, Self::Smart, Self::None];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProviderIds => "provider_ids",
            Self::NameYear => "name_year",
            Self::Smart => "smart",
            Self::None => "none",
        }
    }
}

impl FromStr for Strategy {
    type Err = InvalidInput;
    /// Any case; `-` and `_` are the same.
    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let wanted = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == wanted)
            .ok_or_else(|| {
                InvalidInput::new(
                    "strategy",
                    format!("`{text}` is none"),
                    "provider_ids, name_year, smart, none",
                )
            })
    }
}

/// One item on one server, borrowed from the caller's memory. Parents are places in the same
/// [`Copies`]; a parent that is not there is left out.
#[derive(Debug, Clone, Copy)]
pub struct Copy<'a> {
    pub server: ServerKey,
    pub id: UpstreamId,
    pub kind: ItemKind,
    pub name: &'a str,
    pub original_title: Option<&'a str>,
    pub year: Option<i32>,
    /// Days since 1970.
    pub premiere_day: Option<i32>,
    /// Season of an episode or a season; disc of a track.
    pub season: Option<i32>,
    /// Number of an episode or a track.
    pub episode: Option<i32>,
    pub episode_end: Option<i32>,
    pub series: Option<u32>,
    /// The album of a track.
    pub album: Option<u32>,
    /// Of an album, a track or a music video; the author of a book.
    pub artist: Option<&'a str>,
    /// 100 ns each.
    pub runtime_ticks: Option<i64>,
    /// The source library, by the numbers that [`Scope`] uses; `None`: in no library.
    pub library: Option<u32>,
}

impl<'a> Copy<'a> {
    /// A copy of which nothing else is known.
    pub fn new(server: ServerKey, id: UpstreamId, kind: ItemKind, name: &'a str) -> Self {
        Self {
            server,
            id,
            kind,
            name,
            original_title: None,
            year: None,
            premiere_day: None,
            season: None,
            episode: None,
            episode_end: None,
            series: None,
            album: None,
            artist: None,
            runtime_ticks: None,
            library: None,
        }
    }
}

/// All copies, by number. (server, id) is unique; the order of the numbers means nothing.
pub trait Copies {
    /// All numbers are below it.
    fn len(&self) -> usize;
    /// Whether there is a copy of this number below [`Copies::len`].
    fn is_there(&self, _index: u32) -> bool {
        true
    }
    fn copy(&self, index: u32) -> Copy<'_>;
    /// What tells a copy from all others, and what their order is made of.
    fn key(&self, index: u32) -> (ServerKey, UpstreamId) {
        let copy = self.copy(index);
        (copy.server, copy.id)
    }
    /// Calls `each` with every (provider, id) of a copy, as the server writes them.
    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str));
    /// Calls `each` with the names of the people of a copy; only `SMART` asks.
    fn people(&self, _index: u32, _each: &mut dyn FnMut(&str)) {}
    /// Calls `each` with the genres of a copy; only `SMART` asks.
    fn genres(&self, _index: u32, _each: &mut dyn FnMut(&str)) {}
    /// What a copy is about; only `SMART` asks.
    fn overview(&self, _index: u32) -> Option<Cow<'_, str>> {
        None
    }
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether a copy of kind `Unknown` is a record that may join any video kind; from a server it
    /// is a kind too new for this version, and stays by itself.
    fn unknown_is_video(&self) -> bool {
        false
    }
}

/// A merged library: its strategy over its source libraries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub strategy: Strategy,
    pub libraries: Vec<u32>,
}

/// What people decided by hand, as pairs of copies. It beats every rule; "never" beats "joined".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decisions {
    pub joined: Vec<(u32, u32)>,
    pub never: Vec<(u32, u32)>,
}
