//! Upstream ids in a body become public ones.

use serde_json::Value;

use crate::accounts::PublicIds;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{CopyIx, Snapshot};
use crate::merge::name::fold;
use crate::model::{ItemKind, NameKind, PublicId, UpstreamId};
use crate::wire::NameId;

/// Maps the ids of one server's bodies, as they appear under one entry.
pub struct IdMap<'a> {
    pub snapshot: &'a Snapshot,
    pub public: &'a PublicIds,
    server: u32,
    own_upstream: UpstreamId,
    own: PublicId,
}

impl<'a> IdMap<'a> {
    pub fn new(scope: &'a Scope, entry: &ItemEntry) -> Self {
        let copy = scope.snapshot().copy(entry.lead);
        Self {
            snapshot: scope.snapshot(),
            public: &scope.projection.ids,
            server: copy.server,
            own_upstream: copy.upstream_id(),
            own: entry.id,
        }
    }

    /// The same entry, read from another of its copies.
    pub fn on(&self, scope: &'a Scope, copy: CopyIx) -> Self {
        let copy = scope.snapshot().copy(copy);
        Self {
            snapshot: self.snapshot,
            public: self.public,
            server: copy.server,
            own_upstream: copy.upstream_id(),
            own: self.own,
        }
    }

    /// Any item's id: the entry's own, a known item's, or what the copy would have.
    pub fn item(&self, id: UpstreamId) -> PublicId {
        if id == self.own_upstream {
            return self.own;
        }
        match self.snapshot.copy_by_upstream(self.server, id) {
            Some(copy) => self.snapshot.item(self.snapshot.item_of(copy)).id,
            None => self.copy(id),
        }
    }

    /// A copy's own id, crawled or not.
    pub fn copy(&self, id: UpstreamId) -> PublicId {
        self.public
            .copy(self.snapshot.servers[self.server as usize].key, id)
    }

    pub fn name(&self, kind: NameKind, name: &str) -> PublicId {
        self.public.name(kind, &fold(name))
    }

    /// Artists are items where the server keeps them as such, else names.
    pub fn artist(&self, artist: &NameId) -> PublicId {
        let item = artist
            .id
            .and_then(|id| self.snapshot.copy_by_upstream(self.server, id))
            .map(|copy| self.snapshot.item(self.snapshot.item_of(copy)))
            .filter(|item| item.kind == ItemKind::MusicArtist);
        item.map_or_else(|| self.name(NameKind::Artist, &artist.name), |item| item.id)
    }

    /// A value that holds an id as text; anything else stays.
    pub fn item_value(&self, value: &Value) -> Value {
        match value.as_str().and_then(|text| text.parse().ok()) {
            Some(id) => Value::String(self.item(id).to_string()),
            None => value.clone(),
        }
    }
}
