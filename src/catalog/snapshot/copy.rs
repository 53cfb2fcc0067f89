//! One item on one server, as lists need it.

use std::ops::Deref;
use std::sync::Arc;

use super::{CopyIx, ServerEntry};
use crate::accounts::PublicIds;
use crate::merge::{name, quality};
use crate::model::{PublicId, UpstreamId};
use crate::wire::Packed;

/// A copy as it comes from the database or a crawl.
#[derive(Debug, Clone)]
pub struct CopySeed {
    /// `copies.id`.
    pub row: i64,
    pub server_id: i64,
    /// `source_libraries.id`.
    pub library_row: Option<i64>,
    pub light: Packed,
    /// Milliseconds since 1970, when Manyfin first saw it.
    pub first_seen_at: i64,
    /// Milliseconds since 1970, when Manyfin last saw a change.
    pub changed_at: i64,
    /// What a box set or playlist holds on its server, in order.
    pub members: Box<[UpstreamId]>,
}

/// What is known of a copy by itself: shared by all snapshots until its server tells something else.
#[derive(Debug)]
pub struct KnownCopy {
    /// `copies.id`.
    pub row: i64,
    pub server_id: i64,
    /// `source_libraries.id`.
    pub library_row: Option<i64>,
    pub id: PublicId,
    pub light: Packed,
    pub members: Box<[UpstreamId]>,
    pub first_seen_at: i64,
    pub changed_at: i64,
    /// What `SortName` sorts by, folded.
    pub sort_name: Box<str>,
    /// The name and original title, folded for search.
    pub search: Box<str>,
    /// Its further versions on its server, which have ids of their own.
    pub versions: Box<[PublicId]>,
    /// The score of its best version, whatever language is wished for.
    pub quality: i32,
}

impl KnownCopy {
    /// # Errors
    /// The seed itself where its server is none of these.
    pub fn of(
        seed: CopySeed,
        servers: &[ServerEntry],
        ids: &PublicIds,
    ) -> Result<Arc<Self>, CopySeed> {
        match servers.iter().find(|server| server.id == seed.server_id) {
            Some(server) => Ok(Arc::new(Self::on(server, seed, ids))),
            None => Err(seed),
        }
    }

    fn on(server: &ServerEntry, seed: CopySeed, ids: &PublicIds) -> Self {
        let light = &seed.light;
        let sort_name = light.sort_name().unwrap_or(light.name()).to_lowercase();
        let mut search = name::fold(light.name());
        if let Some(original) = light.original_title() {
            search.push('\n');
            search.push_str(&name::fold(original));
        }
        let versions = light.media_sources();
        let quality = quality::best(versions.clone(), None);
        let others = versions.filter_map(|source| source.id.id().filter(|id| *id != light.id));
        let others = others.map(|id| ids.copy(server.key, id)).collect();
        Self {
            row: seed.row,
            server_id: seed.server_id,
            library_row: seed.library_row,
            id: ids.copy(server.key, light.id),
            sort_name: sort_name.into(),
            search: search.into(),
            versions: others,
            quality,
            light: seed.light,
            members: seed.members,
            first_seen_at: seed.first_seen_at,
            changed_at: seed.changed_at,
        }
    }

    pub fn upstream_id(&self) -> UpstreamId {
        self.light.id
    }
}

/// A copy among the others of one snapshot.
#[derive(Debug, Clone)]
pub struct Copy {
    known: Arc<KnownCopy>,
    /// Position in [`super::Snapshot::servers`].
    pub server: u32,
    /// Position in [`super::Snapshot::source_libraries`].
    pub library: Option<u32>,
    pub parent: Option<CopyIx>,
    pub series: Option<CopyIx>,
    pub season: Option<CopyIx>,
    pub album: Option<CopyIx>,
}

impl Copy {
    pub(super) fn new(known: Arc<KnownCopy>, server: u32, library: Option<u32>) -> Self {
        Self {
            known,
            server,
            library,
            parent: None,
            series: None,
            season: None,
            album: None,
        }
    }

    /// Parent, series, season, album.
    pub(super) fn relatives(&self) -> [Option<CopyIx>; 4] {
        [self.parent, self.series, self.season, self.album]
    }

    pub(super) fn set_relatives(&mut self, [parent, series, season, album]: [Option<CopyIx>; 4]) {
        (self.parent, self.series) = (parent, series);
        (self.season, self.album) = (season, album);
    }
}

impl Deref for Copy {
    type Target = KnownCopy;
    fn deref(&self) -> &KnownCopy {
        &self.known
    }
}
