//! One item on one server, as lists need it.

use std::sync::Arc;

use super::CopyIx;
use crate::merge::name;
use crate::model::{PublicId, UpstreamId};
use crate::wire::LightItem;

/// A copy as it comes from the database or a crawl.
#[derive(Debug, Clone)]
pub struct CopySeed {
    /// `copies.id`.
    pub row: i64,
    pub server_id: i64,
    /// `source_libraries.id`.
    pub library_row: Option<i64>,
    pub light: Arc<LightItem>,
    /// Milliseconds since 1970, when Manyfin first saw it.
    pub first_seen_at: i64,
    /// Milliseconds since 1970, when Manyfin last saw a change.
    pub changed_at: i64,
    /// What a box set or playlist holds on its server, in order.
    pub members: Arc<[UpstreamId]>,
}

/// See the module.
#[derive(Debug)]
pub struct Copy {
    pub row: i64,
    pub server: u32,
    /// Position in [`super::Snapshot::source_libraries`].
    pub library: Option<u32>,
    pub id: PublicId,
    pub light: Arc<LightItem>,
    pub members: Arc<[UpstreamId]>,
    pub first_seen_at: i64,
    pub changed_at: i64,
    /// What `SortName` sorts by, folded.
    pub sort_name: Box<str>,
    /// The name and original title, folded for search.
    pub search: Box<str>,
    pub parent: Option<CopyIx>,
    pub series: Option<CopyIx>,
    pub season: Option<CopyIx>,
    pub album: Option<CopyIx>,
}

impl Copy {
    pub fn upstream_id(&self) -> UpstreamId {
        self.light.id
    }

    pub(super) fn new(seed: &CopySeed, server: u32, library: Option<u32>, id: PublicId) -> Self {
        let light = &seed.light;
        let sort_name = light
            .sort_name
            .as_deref()
            .unwrap_or(&light.name)
            .to_lowercase();
        let mut search = name::fold(&light.name);
        if let Some(original) = &light.original_title {
            search.push('\n');
            search.push_str(&name::fold(original));
        }
        Self {
            row: seed.row,
            server,
            library,
            id,
            light: light.clone(),
            members: seed.members.clone(),
            first_seen_at: seed.first_seen_at,
            changed_at: seed.changed_at,
            sort_name: sort_name.into(),
            search: search.into(),
            parent: None,
            series: None,
            season: None,
            album: None,
        }
    }
}
