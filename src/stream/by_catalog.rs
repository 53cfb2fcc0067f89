//! [`Resolve`] by the catalog: whose right it is, then which copy that user means.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use moka::future::Cache;

use super::resolve::{Asked, ImageAsked, ImageTarget, Resolve, StreamTarget};
use super::right::Right;
use super::{Grant, People, StreamError};
use crate::accounts::Viewer;
use crate::catalog::playback::{self, image};
use crate::catalog::scope::Scope;
use crate::catalog::{Catalog, CatalogError};
use crate::jellyfin::Server;
use crate::merge::name::fold;
use crate::model::{NameKind, PublicId};

/// See the module.
pub struct ByCatalog {
    pub(super) catalog: Catalog,
    pub(super) people: Arc<dyn People>,
    /// Whose tag a tag is: worked out once, true for ever.
    pub(super) tags: Cache<String, Grant>,
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
            None => (self.choose(&scope, &asked).await?, false),
        };
        if !asked.from_middle && !right.strict && !stands_in {
            self.stay_with(&scope, &asked, &right, &choice).await?;
        }
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
            except: asked.tried.clone(),
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
            && !asked.tried.contains(&twin.public)
        {
            return Ok((twin, true));
        }
        if !strict {
            return Ok((self.choose(scope, asked).await?, false));
        }
        // Other bytes under the same address would be two halves of two files.
        let again = self.catalog.worth_another_try(scope, copy);
        let again = again.filter(|_| !asked.tried.contains(&copy));
        again
            .map(|choice| (choice, false))
            .ok_or(StreamError::Unavailable)
    }

    async fn still(&self, user: PublicId, copy: PublicId) -> Result<bool, StreamError> {
        let Some(viewer) = self.people.viewer(user).await? else {
            return Ok(false);
        };
        let scope = self.catalog.scope(&viewer).await?;
        let server = self.catalog.server_with(&scope, copy).await?;
        Ok(server.is_some_and(|server| viewer.link_to(server).is_some()))
    }

    async fn choose(&self, scope: &Scope, asked: &Asked) -> Result<playback::Choice, StreamError> {
        Ok(self.catalog.choose(scope, &wanted(asked)).await?)
    }

    /// What is read from its beginning goes on in the same file: where that is another one than its address
    /// stands for (nothing was told, or what was told cannot be read), it is noted.
    async fn stay_with(
        &self,
        scope: &Scope,
        asked: &Asked,
        right: &Right,
        choice: &playback::Choice,
    ) -> Result<(), StreamError> {
        let users = [scope.viewer.user_id];
        let (id, expected) = match right.tag {
            Some(tag) => {
                let noted = self.last_under(asked, &users, &[tag], 0).await?;
                (tag, noted.map(|(_, copy)| copy).or(right.copy))
            }
            None => {
                let told = self.last_told(asked, &users, 0).await?;
                let id = asked.media_source_id.unwrap_or(asked.id);
                (id, told.map(|(_, copy)| copy))
            }
        };
        if expected == Some(choice.public) {
            return Ok(());
        }
        let told = [(id, choice.public)];
        Ok(self
            .catalog
            .tell(scope, &wanted(asked), &told, None)
            .await?)
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
        let tag = asked.tag.as_deref();
        let known = match known {
            None if scope.is_none() => self.catalog.name_picture(asked.id, tag).await,
            known => known,
        };
        let choice = match known {
            Some(choice) => choice,
            None => {
                let scope = scope.as_ref();
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
        except: asked.tried.clone(),
    }
}

impl Resolve for ByCatalog {
    fn stream(&self, asked: Asked) -> BoxFuture<'_, Result<StreamTarget, StreamError>> {
        Box::pin(self.find(asked))
    }

    fn image(&self, asked: ImageAsked) -> BoxFuture<'_, Result<ImageTarget, StreamError>> {
        Box::pin(self.picture(asked))
    }

    fn may_still(&self, user: PublicId, copy: PublicId) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.still(user, copy).await.unwrap_or(true) })
    }

    fn stalled(&self, copy: PublicId) {
        self.catalog.stalled().add(copy);
    }

    fn failed(&self, copy: PublicId) {
        self.catalog.stalled().add_failed(copy);
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
