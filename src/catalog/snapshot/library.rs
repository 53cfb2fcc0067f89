//! Libraries as the catalog knows them.

use crate::model::{PublicId, UpstreamId};
use crate::wire::Body;

pub use crate::merge::{SourcePolicy, Strategy};

/// A library of a source server.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceLibrary {
    /// `source_libraries.id`.
    pub row: i64,
    /// Position in [`super::Snapshot::servers`].
    pub server: u32,
    pub library_id: UpstreamId,
    pub id: PublicId,
    pub name: String,
    pub collection_type: Option<String>,
    /// The view as its server tells it.
    pub body: Option<Body>,
}

/// A source of a merged library; a higher priority wins.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedSource {
    /// `merged_library_sources.id`.
    pub row: i64,
    /// Position in [`super::Snapshot::source_libraries`].
    pub library: u32,
    pub priority: i32,
}

/// A virtual library over source libraries.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedLibrary {
    /// `merged_libraries.id`.
    pub row: i64,
    pub id: PublicId,
    pub name: String,
    pub collection_type: String,
    pub strategy: Strategy,
    pub policy: SourcePolicy,
    pub is_global: bool,
    pub owner: Option<PublicId>,
    pub sources: Vec<MergedSource>,
}

/// A library that a viewer can open. Positions are those of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LibraryRef {
    Merged(u32),
    /// A source library that is in no merged library.
    Source(u32),
    /// All box sets.
    Collections,
    /// All playlists.
    Playlists,
}
