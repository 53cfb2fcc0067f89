//! An extra is played as a copy is: from the server that has it, by the viewer's own link.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Extra;
use crate::catalog::hydrate::CopyRef;
use crate::catalog::playback::{Asked, Choice, ImageChoice, urls};
use crate::catalog::scope::Scope;
use crate::catalog::snapshot::CopyIx;
use crate::catalog::{Catalog, CatalogError};
use crate::model::PublicId;
use crate::wire::Body;

impl Catalog {
    /// Where a picture of an extra lies. Its tags are its server's to know: it is kept under the tag that
    /// it is asked by.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn extra_image(
        &self,
        scope: Option<&Scope>,
        id: PublicId,
        tag: Option<&str>,
    ) -> Result<Option<ImageChoice>, CatalogError> {
        let extra = match scope {
            Some(scope) => self.extra(scope, id).await?,
            None => self.any_extra(id).await?,
        };
        Ok(extra.map(|extra| ImageChoice {
            server_id: extra.server_id,
            item: extra.upstream,
            tag: tag.unwrap_or_default().to_owned(),
        }))
    }

    /// The extra that a player asks for by one of its ids.
    ///
    /// # Errors
    /// `UnknownItem` for what the viewer does not see; `Unavailable` when its server does not answer.
    pub(in crate::catalog) async fn choose_extra(
        &self,
        scope: &Scope,
        asked: &Asked,
    ) -> Result<Choice, CatalogError> {
        for id in asked.media_source_id.into_iter().chain([asked.id]) {
            if let Some(extra) = self.extra(scope, id).await? {
                return self.choice_of(&extra);
            }
        }
        Err(CatalogError::UnknownItem(asked.id))
    }

    fn choice_of(&self, extra: &Extra) -> Result<Choice, CatalogError> {
        let choice = self.registry().get(extra.server_id).map(|server| Choice {
            copy: extra.owner,
            item: extra.upstream,
            source: extra.upstream,
            public: extra.id,
            server,
        });
        choice
            .filter(|choice| self.may_be_asked(choice))
            .ok_or(CatalogError::Unavailable(extra.id))
    }

    /// Whether one of these copies lies in several files, as far as its kept body tells; nobody is asked.
    pub(in crate::catalog) async fn any_in_parts(&self, scope: &Scope, copies: &[CopyIx]) -> bool {
        let kept = copies.iter().map(|copy| {
            let copy = scope.snapshot().copy(*copy);
            CopyRef {
                copy_id: copy.row(),
                server_id: scope.snapshot().server_of(copy).id,
                upstream_id: copy.upstream_id(),
                account: None,
            }
        });
        let bodies = self.hydrate().bodies(&kept.collect::<Vec<_>>()).await;
        let count = |body: &Arc<Body>| body.get("PartCount").and_then(Value::as_i64);
        bodies.values().any(|body| count(body) > Some(1))
    }

    /// `PlaybackInfo` of an extra: one version, under its own id.
    ///
    /// # Errors
    /// As [`Catalog::playback_info`].
    pub(in crate::catalog) async fn extra_playback_info(
        &self,
        scope: &Scope,
        asked: &Asked,
        request: &Body,
    ) -> Result<Body, CatalogError> {
        let choice = self.choose_extra(scope, asked).await?;
        let id = choice.public;
        let answers = self.ask(scope, vec![choice], request, false).await?;
        let answer = answers.into_iter().next();
        let (_, mut answer) = answer.ok_or(CatalogError::Unavailable(id))?;
        let tag = || scope.projection.ids.stream_tag(scope.viewer.user_id, id);
        let sources = answer.get_mut("MediaSources").and_then(Value::as_array_mut);
        if let Some(sources) = sources {
            // Further versions of a trailer have no id to be asked by.
            sources.truncate(1);
            for source in sources.iter_mut().filter_map(Value::as_object_mut) {
                source.insert("Id".to_owned(), json!(id));
                source.insert("ETag".to_owned(), json!(tag()));
                urls::rewrite(source, id, tag());
            }
        }
        let session = answer.get("PlaySessionId").and_then(Value::as_str);
        let session = session.map(str::to_owned);
        self.tell(scope, asked, &[(id, id)], session.as_deref())
            .await?;
        Ok(answer)
    }
}
