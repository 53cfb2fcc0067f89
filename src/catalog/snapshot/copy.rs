//! One item on one server, as lists need it.

use std::ops::Deref;
use std::sync::Arc;

use super::ServerEntry;
use super::relatives::{Place, Relatives};
use super::texts::{self, Parting};
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
///
/// There may be a million, so what few have lies elsewhere, and the fields are as small as they can be.
#[derive(Debug)]
pub struct KnownCopy {
    row: u32,
    server_id: u32,
    library_row: Place,
    first_seen_at: Moment,
    changed_at: Moment,
    pub id: PublicId,
    pub light: Packed,
    /// What it is searched and sorted by.
    text: Box<str>,
    parting: Parting,
    seldom: Option<Box<Seldom>>,
    /// The score of its best version, whatever language is wished for.
    pub quality: i32,
}

/// What few copies have.
#[derive(Debug, Default)]
struct Seldom {
    members: Box<[UpstreamId]>,
    versions: Box<[PublicId]>,
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
        let versions = light.media_sources();
        let quality = quality::best(versions.clone(), None);
        let others = versions.filter_map(|source| source.id.id().filter(|id| *id != light.id));
        let versions: Box<_> = others.map(|id| ids.copy(server.key, id)).collect();
        let members = seed.members;
        let (text, parting) = texts(light);
        let has_more = !members.is_empty() || !versions.is_empty();
        Self {
            row: small(seed.row),
            server_id: small(seed.server_id),
            library_row: seed.library_row.map(small).into(),
            first_seen_at: seed.first_seen_at.into(),
            changed_at: seed.changed_at.into(),
            id: ids.copy(server.key, light.id),
            text,
            parting,
            seldom: has_more.then(|| Box::new(Seldom { members, versions })),
            quality,
            light: seed.light,
        }
    }

    pub fn upstream_id(&self) -> UpstreamId {
        self.light.id
    }

    /// `copies.id`.
    pub fn row(&self) -> i64 {
        self.row.into()
    }

    pub fn server_id(&self) -> i64 {
        self.server_id.into()
    }

    /// `source_libraries.id`.
    pub fn library_row(&self) -> Option<i64> {
        self.library_row.get().map(i64::from)
    }

    /// Milliseconds since 1970, when Manyfin first saw it.
    pub fn first_seen_at(&self) -> i64 {
        self.first_seen_at.into()
    }

    /// Milliseconds since 1970, when Manyfin last saw a change.
    pub fn changed_at(&self) -> i64 {
        self.changed_at.into()
    }

    /// What a box set or playlist holds on its server, in order.
    pub fn members(&self) -> &[UpstreamId] {
        self.seldom.as_ref().map_or(&[], |more| &more.members)
    }

    /// Its further versions on its server, which have ids of their own.
    pub fn versions(&self) -> &[PublicId] {
        self.seldom.as_ref().map_or(&[], |more| &more.versions)
    }

    /// What `SortName` sorts by, folded.
    pub fn sort_name(&self) -> &str {
        self.parting.sort_name(&self.text)
    }

    /// The name and the original title, folded for search, a line each.
    pub fn searched(&self) -> &str {
        self.parting.searched(&self.text)
    }
}

/// Milliseconds since 1970 in six bytes: till the year 10889.
#[derive(Debug, Clone, Copy)]
struct Moment([u8; 6]);

impl From<i64> for Moment {
    fn from(millis: i64) -> Self {
        let [bytes @ .., _, _] = millis.clamp(0, (1 << 48) - 1).to_le_bytes();
        Self(bytes)
    }
}

impl From<Moment> for i64 {
    fn from(Moment([a, b, c, d, e, f]): Moment) -> Self {
        Self::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }
}

/// With the counts before it, as large as the allocator gives it.
const _: () = assert!(size_of::<KnownCopy>() + 2 * size_of::<usize>() == 128);

fn small(number: i64) -> u32 {
    u32::try_from(number.max(0)).expect("fewer than four billion rows")
}

fn texts(light: &Packed) -> (Box<str>, Parting) {
    let sort_name = light.sort_name().unwrap_or(light.name()).to_lowercase();
    let name = name::fold(light.name());
    let original = light.original_title().map(name::fold);
    match original.filter(|original| *original != name) {
        Some(original) => texts::in_one(&[&original, &name], &sort_name),
        None => texts::in_one(&[&name], &sort_name),
    }
}

/// A copy among the others of one snapshot.
#[derive(Debug, Clone)]
pub struct Copy {
    known: Arc<KnownCopy>,
    /// Position in [`super::Snapshot::servers`].
    pub server: u32,
    library: Place,
    /// On its own server.
    pub family: Relatives,
}

impl Copy {
    pub(super) fn new(known: Arc<KnownCopy>, server: u32, library: Option<u32>) -> Self {
        Self {
            known,
            server,
            library: library.into(),
            family: Relatives::default(),
        }
    }

    /// Position in [`super::Snapshot::source_libraries`].
    pub fn library(&self) -> Option<u32> {
        self.library.get()
    }
}

impl Deref for Copy {
    type Target = KnownCopy;
    fn deref(&self) -> &KnownCopy {
        &self.known
    }
}
