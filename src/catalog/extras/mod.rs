//! What belongs to an item and only its servers know: lyrics, segments, and *extras*: items that hang on a
//! copy and are in no list (trailers, further parts of a film, theme songs, intros …).
//!
//! It is asked of the copies that the viewer sees, the leading one first, until one has it; a silent server
//! is passed over. An extra has the public id that a copy would have. What was told of it is kept in the
//! database, so that the id plays, later and on every replica, for whoever sees a copy that it hangs on.

mod lists;
mod mapping;
mod playing;
mod turns;

use std::net::IpAddr;

use serde_json::Value;

use super::render::IdMap;
use super::scope::{ItemEntry, Scope};
use super::snapshot::{CopyIx, Snapshot};
use super::{Catalog, CatalogError};
use crate::db::extras::{self, ExtraRow};
use crate::model::{PublicId, UpstreamId};

pub use lists::Belonging;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extra {
    pub id: PublicId,
    /// Its id on the server of the copy.
    pub upstream: UpstreamId,
    /// The copy that it hangs on.
    pub owner: CopyIx,
    /// The server of both.
    pub server_id: i64,
}

/// What a row tells, while the copy lives that it names. What is listed by now goes by its own access.
fn living(snapshot: &Snapshot, row: &ExtraRow) -> Option<Extra> {
    let key = row.server_key.parse().ok()?;
    let server = snapshot.servers.iter().position(|known| known.key == key)?;
    let (upstream, owner) = (
        row.upstream_id.parse().ok()?,
        row.owner_upstream_id.parse().ok()?,
    );
    let position = u32::try_from(server).ok()?;
    if snapshot.copy_by_upstream(position, upstream).is_some() {
        return None;
    }
    Some(Extra {
        id: row.public_id.parse().ok()?,
        upstream,
        owner: snapshot.copy_by_upstream(position, owner)?,
        server_id: snapshot.servers[server].id,
    })
}

impl Catalog {
    /// The extra with this id, if the viewer sees a copy that it hangs on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn extra(&self, scope: &Scope, id: PublicId) -> Result<Option<Extra>, CatalogError> {
        let rows = extras::of_id(self.db(), &id.to_string()).await?;
        let mut all = rows.iter().filter_map(|row| living(scope.snapshot(), row));
        Ok(all.find(|extra| scope.projection.sees(extra.owner)))
    }

    /// The extra with this id, whoever may see it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any_extra(&self, id: PublicId) -> Result<Option<Extra>, CatalogError> {
        let snapshot = self.snapshot();
        let rows = extras::of_id(self.db(), &id.to_string()).await?;
        Ok(rows.iter().find_map(|row| living(&snapshot, row)))
    }

    /// Keeps which extras were told, each with the copy that it hangs on. What lists show is none.
    pub(super) async fn note_extras(
        &self,
        snapshot: &Snapshot,
        told: &[(UpstreamId, CopyIx)],
    ) -> Result<(), CatalogError> {
        let rows = told.iter().filter_map(|(upstream, owner)| {
            let owner = snapshot.copy(*owner);
            if snapshot.copy_by_upstream(owner.server, *upstream).is_some() {
                return None;
            }
            let key = snapshot.server_of(owner).key;
            Some(ExtraRow {
                public_id: self.ids().copy(key, *upstream).to_string(),
                server_key: key.to_string(),
                upstream_id: upstream.to_string(),
                owner_upstream_id: owner.upstream_id().to_string(),
            })
        });
        let rows: Vec<ExtraRow> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        Ok(extras::put(self.db(), &rows).await?)
    }

    /// An extra's body (`BaseItemDto`), as its server tells it now; none where the viewer sees none, or
    /// the server knows it no longer. A player at the address that it is shown to may play it.
    ///
    /// # Errors
    /// `Unavailable` and `Upstream` when its server is silent.
    pub async fn extra_body(
        &self,
        scope: &Scope,
        id: PublicId,
        shown_at: Option<IpAddr>,
    ) -> Result<Option<Value>, CatalogError> {
        let Some(extra) = self.extra(scope, id).await? else {
            return Ok(None);
        };
        let path = format!("/Items/{}", extra.upstream);
        let body = self.ask_copy(scope, extra.owner, &path, &[], None).await?;
        let (Some(mut body), Some(entry)) = (body, entry_of(scope, extra.owner)) else {
            return Ok(None);
        };
        let ids = IdMap::new(scope, &entry).on(scope, extra.owner);
        self.mapping(scope, ids).value(&mut body);
        if let Some(address) = shown_at {
            self.note_shown_id(scope, id, address);
        }
        Ok(body.is_object().then_some(body))
    }
}

/// The entry of a copy under its own id.
fn entry_of(scope: &Scope, copy: CopyIx) -> Option<ItemEntry> {
    let entry = scope.find(scope.snapshot().copy(copy).id, None)?;
    entry.item().cloned()
}
