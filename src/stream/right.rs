//! Whose right a request is made by, and which copy that right names.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::by_catalog::ByCatalog;
use super::resolve::Asked;
use super::{Grant, StreamError};
use crate::accounts::Viewer;
use crate::catalog::CatalogError;
use crate::catalog::playback::{TOLD_MS, device_key};
use crate::catalog::snapshot::Snapshot;
use crate::db::play_choices;
use crate::model::PublicId;

/// Who plays, and the copy that the request names by its right, tag or history.
pub(super) struct Right {
    pub(super) viewer: Arc<Viewer>,
    pub(super) copy: Option<PublicId>,
    /// The tag that it was named by.
    pub(super) tag: Option<PublicId>,
    /// No other copy will do.
    pub(super) strict: bool,
}

impl ByCatalog {
    /// In the order of what says most: a signed right, a token, a tag, the address that asked before.
    pub(super) async fn right(&self, asked: &Asked) -> Result<Right, StreamError> {
        if let Some(grant) = asked.grant {
            return self.granted(grant, true).await;
        }
        let snapshot = self.catalog.snapshot();
        if let Some(viewer) = &asked.viewer {
            let users = [viewer.user_id];
            if let Some(grant) = self.by_tag(&snapshot, asked, &users) {
                return self.tagged(asked, viewer.clone(), grant).await;
            }
            let copy = match asked.from_middle {
                true => self.last_told(asked, &users, 0).await?,
                false => None,
            };
            return Ok(Right {
                viewer: viewer.clone(),
                copy: copy.map(|(_, copy)| copy),
                tag: None,
                strict: asked.from_middle,
            });
        }
        // Ids cannot be guessed: who does not know one costs no more than this.
        if self.item_of(&snapshot, asked).is_none() && !self.is_extra(asked).await? {
            return Err(StreamError::Unauthenticated);
        }
        if let Some(tag) = &asked.tag
            && let Some(grant) = self.tags.get(tag).await
            && self.names(&snapshot, asked).contains(&grant.copy)
        {
            let viewer = self.viewer(grant.user).await?;
            return self.tagged(asked, viewer, grant).await;
        }
        let users = self.people.users().await?;
        if let Some(grant) = self.by_tag(&snapshot, asked, &users) {
            let tag = asked.tag.clone().unwrap_or_default();
            self.tags.insert(tag, grant).await;
            let viewer = self.viewer(grant.user).await?;
            return self.tagged(asked, viewer, grant).await;
        }
        if let Some(grant) = self.told_at(asked, &users).await? {
            return self.granted(grant, asked.from_middle).await;
        }
        let address = asked.address.ok_or(StreamError::Unauthenticated)?;
        let user = match self.item_of(&snapshot, asked) {
            Some(item) => self.catalog.shown_to(address, item).await?,
            None => self.catalog.shown_ids_to(address, &[asked.id]).await?,
        };
        Ok(Right {
            viewer: self
                .viewer(user.ok_or(StreamError::Unauthenticated)?)
                .await?,
            copy: None,
            tag: None,
            strict: asked.from_middle,
        })
    }

    /// A tag stands for its copy; for another one where that was what its reader began with.
    async fn tagged(
        &self,
        asked: &Asked,
        viewer: Arc<Viewer>,
        grant: Grant,
    ) -> Result<Right, StreamError> {
        let tag = asked.tag.as_deref().and_then(|tag| tag.parse().ok());
        let begun = match (asked.from_middle, tag) {
            (true, Some(tag)) => self.last_under(asked, &[grant.user], &[tag], 0).await?,
            _ => None,
        };
        Ok(Right {
            viewer,
            copy: Some(begun.map_or(grant.copy, |(_, copy)| copy)),
            tag,
            strict: asked.from_middle,
        })
    }

    async fn viewer(&self, user: PublicId) -> Result<Arc<Viewer>, StreamError> {
        let viewer = self.people.viewer(user).await?;
        viewer.ok_or(StreamError::Unauthenticated)
    }

    async fn granted(&self, grant: Grant, strict: bool) -> Result<Right, StreamError> {
        Ok(Right {
            viewer: self.viewer(grant.user).await?,
            copy: Some(grant.copy),
            tag: None,
            strict,
        })
    }

    /// The copy whose ETag, as one of these users is told it, is the request's tag.
    fn by_tag(&self, snapshot: &Snapshot, asked: &Asked, users: &[PublicId]) -> Option<Grant> {
        let tag = asked.tag.as_deref()?.to_ascii_lowercase();
        let names = self.names(snapshot, asked);
        let pairs = users
            .iter()
            .flat_map(|user| names.iter().map(|copy| (*user, *copy)));
        pairs
            .filter(|(user, copy)| {
                let ours = self.catalog.ids().stream_tag(*user, *copy);
                ours.as_bytes().ct_eq(tag.as_bytes()).into()
            })
            .map(|(user, copy)| Grant { user, copy })
            .next()
    }

    fn item_of(&self, snapshot: &Snapshot, asked: &Asked) -> Option<u32> {
        asked
            .media_source_id
            .into_iter()
            .chain([asked.id])
            .find_map(|id| snapshot.item_at(snapshot.target(id)?))
    }

    /// Whether it is in no list and hangs on a copy of somebody's.
    async fn is_extra(&self, asked: &Asked) -> Result<bool, StreamError> {
        Ok(self.catalog.any_extra(asked.id).await?.is_some())
    }

    /// The ids of all copies of what is asked for, and of the versions within them. An extra is one version.
    fn names(&self, snapshot: &Snapshot, asked: &Asked) -> Vec<PublicId> {
        let Some(item) = self.item_of(snapshot, asked) else {
            return vec![asked.id];
        };
        let copies = snapshot.item(item).copies.iter();
        let mut names = Vec::new();
        for copy in copies.map(|copy| snapshot.copy(*copy)) {
            let key = snapshot.server_of(copy).key;
            names.push(copy.id);
            let sources = copy.light.media_sources();
            let versions = sources.filter_map(|source| source.id.id());
            names.extend(
                versions
                    .map(|id| self.catalog.ids().copy(key, id))
                    .filter(|id| *id != copy.id),
            );
        }
        names
    }

    /// Whoever was told how to play this at the request's address within the last hours.
    async fn told_at(
        &self,
        asked: &Asked,
        users: &[PublicId],
    ) -> Result<Option<Grant>, StreamError> {
        if asked.address.is_none() {
            return Ok(None);
        }
        let since = self.catalog.clock().millis() - TOLD_MS;
        // A device id in a bare URL proves nothing.
        let bare = Asked {
            device_id: None,
            ..asked.clone()
        };
        let told = self.last_told(&bare, users, since).await?;
        Ok(told.and_then(|(key, copy)| {
            let user = key.split(['@', '/']).next()?.parse().ok()?;
            Some(Grant { user, copy })
        }))
    }

    /// The device key and the copy that was told last for these ids, at `since` or later.
    pub(super) async fn last_told(
        &self,
        asked: &Asked,
        users: &[PublicId],
        since: i64,
    ) -> Result<Option<(String, PublicId)>, StreamError> {
        let ids: Vec<PublicId> = asked
            .media_source_id
            .into_iter()
            .chain([asked.id])
            .collect();
        self.last_under(asked, users, &ids, since).await
    }

    /// The same for the first of these ids that anything was told for.
    pub(super) async fn last_under(
        &self,
        asked: &Asked,
        users: &[PublicId],
        ids: &[PublicId],
        since: i64,
    ) -> Result<Option<(String, PublicId)>, StreamError> {
        let own = asked
            .viewer
            .as_ref()
            .map(|viewer| &viewer.session.device_id);
        let device = asked.device_id.as_ref().or(own).filter(|id| !id.is_empty());
        let keys: Vec<String> = users
            .iter()
            .flat_map(|user| {
                let by_device = device.and_then(|id| device_key(*user, Some(id), None));
                // The address stands for clients that tell no device.
                by_device.or_else(|| device_key(*user, None, asked.address))
            })
            .collect();
        for id in ids {
            let (db, id) = (self.catalog.db(), id.to_string());
            let found = play_choices::last_of(db, &keys, &id, since)
                .await
                .map_err(CatalogError::from)?;
            if let Some(found) = found {
                let copy = found.copy_public_id.parse().ok();
                return Ok(copy.map(|copy| (found.device_key, copy)));
            }
        }
        Ok(None)
    }
}
