//! What the servers show to whom.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::catalog::snapshot::{CopyIx, Snapshot};
use crate::model::UpstreamId;

/// What one account link may see, as its server said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkAccess {
    pub server_id: i64,
    /// `copies.id` of every copy that it may see.
    pub copies: RoaringBitmap,
    /// Upstream ids of the libraries that it may open.
    pub libraries: Vec<UpstreamId>,
}

/// The union of a viewer's links, in places of one snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccessSet {
    copies: RoaringBitmap,
    /// Positions in [`Snapshot::source_libraries`].
    pub libraries: RoaringBitmap,
    /// Of the copies: equal for equal sets, whatever they came from.
    digest: u64,
}

impl AccessSet {
    pub fn of<'a>(snapshot: &Snapshot, links: impl Iterator<Item = &'a LinkAccess>) -> Self {
        let mut set = Self::default();
        for link in links {
            set.copies.extend(
                link.copies
                    .iter()
                    .filter_map(|row| snapshot.copy_by_row(i64::from(row))),
            );
            let Some(server) = snapshot.server_position(link.server_id) else {
                continue;
            };
            for (at, library) in snapshot.source_libraries.iter().enumerate() {
                if library.server == server && link.libraries.contains(&library.library_id) {
                    set.libraries.insert(at as u32);
                }
            }
        }
        set.digested()
    }

    /// Everything that there is.
    pub fn whole(snapshot: &Snapshot) -> Self {
        let set = Self {
            copies: snapshot.copies.places().map(|(copy, _)| copy).collect(),
            libraries: (0..snapshot.source_libraries.len() as u32).collect(),
            digest: 0,
        };
        set.digested()
    }

    fn digested(mut self) -> Self {
        let copies = self.copies.iter().map(mix);
        self.digest = copies.fold(0, u64::wrapping_add);
        self
    }

    pub fn sees(&self, copy: CopyIx) -> bool {
        self.copies.contains(copy)
    }

    pub fn copies(&self) -> impl Iterator<Item = CopyIx> + '_ {
        self.copies.iter()
    }

    /// A number that tells most sets apart.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The same with these copies looked at again.
    pub(in crate::catalog) fn again(
        &self,
        snapshot: &Snapshot,
        links: &[Arc<LinkAccess>],
        copies: impl Iterator<Item = CopyIx>,
    ) -> Self {
        let mut set = self.clone();
        for copy in copies {
            let row = snapshot.copies.get(copy).map(|copy| copy.row() as u32);
            let sees = row.is_some_and(|row| links.iter().any(|link| link.copies.contains(row)));
            if sees && set.copies.insert(copy) {
                set.digest = set.digest.wrapping_add(mix(copy));
            } else if !sees && set.copies.remove(copy) {
                set.digest = set.digest.wrapping_sub(mix(copy));
            }
        }
        set
    }
}

/// The default hasher has fixed keys.
fn mix(copy: CopyIx) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(copy)
}
