//! [`Resolve`] by the catalog: whose right it is, then which copy that user means.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use moka::future::Cache;
use subtle::ConstantTimeEq;

use super::resolve::{Asked, ImageAsked, ImageTarget, Resolve, StreamTarget};
use super::{Grant, People, StreamError};
use crate::accounts::Viewer;
use crate::catalog::playback::{self, TOLD_MS, device_key, image};
use crate::catalog::scope::Scope;
use crate::catalog::snapshot::Snapshot;
use crate::catalog::{Catalog, CatalogError};
use crate::db::play_choices;
use crate::jellyfin::Server;
use crate::merge::name::fold;
use crate::model::{NameKind, PublicId};

/// See the module.
pub struct ByCatalog {
    catalog: Catalog,
    people: Arc<dyn People>,
    /// Whose tag a tag is: worked out once, true for ever.
    tags: Cache<String, Grant>,
}

/// Who plays, and the copy that the request names by its right, tag or history.
struct Right {
    viewer: Arc<Viewer>,
    copy: Option<PublicId>,
    /// No other copy will do.
    strict: bool,
}

impl ByCatalog {
    pub fn new(catalog: Catalog, people: Arc<dyn People>) -> Self {
        let tags = Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(Duration::from_secs(3600))
            .build();
        Self {
            catalog,
            people,
            tags,
        }
    }

    async fn find(&self, asked: Asked) -> Result<StreamTarget, StreamError> {
        let right = self.right(&asked).await?;
        let scope = self.catalog.scope(&right.viewer).await?;
        if let Some(slow) = asked.instead_of {
            let twin = self.catalog.twin_of(&scope, slow).await?;
            let twin = twin.ok_or(StreamError::Unavailable)?;
            return target(&right.viewer, twin, true);
        }
        let (choice, stands_in) = match right.copy {
            Some(copy) => self.named(&scope, &asked, copy, right.strict).await?,
            None => {
                let choice = self.choose(&scope, &asked).await?;
                if !asked.from_middle {
                    self.stay_with(&scope, &asked, &choice).await?;
                }
                (choice, false)
            }
        };
        if asked.whole_file {
            self.catalog.look_for_twins(&scope, choice.public);
        }
        target(&right.viewer, choice, stands_in)
    }

    /// The copy that a right names; where its server is gone, one of the same bytes (told by true), and
    /// any other only where nothing was read yet.
    async fn named(
        &self,
        scope: &Scope,
        asked: &Asked,
        copy: PublicId,
        strict: bool,
    ) -> Result<(playback::Choice, bool), StreamError> {
        let exact = playback::Asked {
            id: copy,
            ..playback::Asked::default()
        };
        let found = self.catalog.choose(scope, &exact).await;
        match found {
            Ok(choice) if choice.public == copy => return Ok((choice, false)),
            Err(CatalogError::UnknownItem(_)) if strict => return Err(StreamError::NotFound),
            _ => {}
        }
        if asked.whole_file
            && let Some(twin) = self.catalog.twin_of(scope, copy).await?
        {
            return Ok((twin, true));
        }
        match strict {
            // Other bytes under the same address would be two halves of two files.
            true => Err(StreamError::Unavailable),
            false => Ok((self.choose(scope, asked).await?, false)),
        }
    }

    async fn choose(&self, scope: &Scope, asked: &Asked) -> Result<playback::Choice, StreamError> {
        Ok(self.catalog.choose(scope, &wanted(asked)).await?)
    }

    /// A player that was told nothing keeps to what it began with: the next bytes under this address
    /// are of the same file.
    async fn stay_with(
        &self,
        scope: &Scope,
        asked: &Asked,
        choice: &playback::Choice,
    ) -> Result<(), StreamError> {
        if self
            .last_told(asked, &[scope.viewer.user_id], 0)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let id = asked.media_source_id.unwrap_or(asked.id);
        let told = [(id, choice.public)];
        Ok(self
            .catalog
            .tell(scope, &wanted(asked), &told, None)
            .await?)
    }

    /// In the order of what says most: a signed right, a token, a tag, the address that asked before.
    async fn right(&self, asked: &Asked) -> Result<Right, StreamError> {
        if let Some(grant) = asked.grant {
            return self.granted(grant, true).await;
        }
        let snapshot = self.catalog.snapshot();
        if let Some(viewer) = &asked.viewer {
            let users = [viewer.user_id];
            let tagged = self.by_tag(&snapshot, asked, &users);
            let copy = match tagged {
                Some(grant) => Some(grant.copy),
                None if asked.from_middle => self
                    .last_told(asked, &users, 0)
                    .await?
                    .map(|(_, copy)| copy),
                None => None,
            };
            return Ok(Right {
                viewer: viewer.clone(),
                copy,
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
            return self.granted(grant, asked.from_middle).await;
        }
        let users = self.people.users().await?;
        if let Some(grant) = self.by_tag(&snapshot, asked, &users) {
            let tag = asked.tag.clone().unwrap_or_default();
            self.tags.insert(tag, grant).await;
            return self.granted(grant, asked.from_middle).await;
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
    async fn last_told(
        &self,
        asked: &Asked,
        users: &[PublicId],
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
        for id in asked.media_source_id.into_iter().chain([asked.id]) {
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

    async fn picture(&self, asked: ImageAsked) -> Result<ImageTarget, StreamError> {
        let snapshot = self.catalog.snapshot();
        let scope = match &asked.viewer {
            Some(viewer) => Some(self.catalog.scope(viewer).await?),
            None => None,
        };
        let index = asked.index.unwrap_or(0) as usize;
        let known = image(
            &snapshot,
            self.catalog.ids(),
            scope.as_ref(),
            asked.id,
            asked.image_type,
            index,
            asked.tag.as_deref(),
        );
        let choice = match known {
            Some(choice) => choice,
            None => {
                let (scope, tag) = (scope.as_ref(), asked.tag.as_deref());
                let extra = self.catalog.extra_image(scope, asked.id, tag).await?;
                extra.ok_or(StreamError::NotFound)?
            }
        };
        let server = self
            .catalog
            .registry()
            .get(choice.server_id)
            .ok_or(StreamError::NotFound)?;
        let link = asked
            .viewer
            .as_ref()
            .and_then(|viewer| viewer.link_to(choice.server_id));
        Ok(ImageTarget {
            server,
            account: link.map(|link| link.account.clone()),
            upstream_item: choice.item,
            upstream_tag: choice.tag,
            image_type: asked.image_type,
            index: asked.index,
        })
    }
}

/// Where the bytes of a choice are.
fn target(
    viewer: &Viewer,
    choice: playback::Choice,
    stands_in: bool,
) -> Result<StreamTarget, StreamError> {
    let link = viewer
        .link_to(choice.server.id)
        .ok_or(StreamError::NotFound)?;
    Ok(StreamTarget {
        account: link.account.clone(),
        upstream_item: choice.item,
        upstream_source: choice.source.to_string(),
        server: choice.server,
        copy: choice.public,
        user: viewer.user_id,
        stands_in,
    })
}

/// The question in the catalog's words.
fn wanted(asked: &Asked) -> playback::Asked {
    playback::Asked {
        id: asked.id,
        media_source_id: asked.media_source_id,
        device_id: asked.device_id.clone(),
        address: asked.address,
    }
}

impl Resolve for ByCatalog {
    fn stream(&self, asked: Asked) -> BoxFuture<'_, Result<StreamTarget, StreamError>> {
        Box::pin(self.find(asked))
    }

    fn image(&self, asked: ImageAsked) -> BoxFuture<'_, Result<ImageTarget, StreamError>> {
        Box::pin(self.picture(asked))
    }

    fn stalled(&self, copy: PublicId) {
        self.catalog.stalled().add(copy);
    }

    fn look_around(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.catalog.look_around())
    }

    fn name_id(&self, kind: NameKind, name: &str) -> PublicId {
        self.catalog.ids().name(kind, &fold(name))
    }

    fn server(&self, server_id: i64) -> Option<Arc<Server>> {
        self.catalog.registry().get(server_id)
    }

    fn now(&self) -> DateTime<Utc> {
        self.catalog.clock().now()
    }
}

impl From<CatalogError> for StreamError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::UnknownItem(_) => Self::NotFound,
            CatalogError::Unavailable(_) => Self::Unavailable,
            // The database: no server is asked which copy is meant.
            error => {
                tracing::error!(%error, "what is asked for cannot be found: {error}");
                Self::Internal
            }
        }
    }
}
