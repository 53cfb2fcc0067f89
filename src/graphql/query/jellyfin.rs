//! What only Jellyfin's clients ask for, in Jellyfin's form.

use async_graphql::{Context, Enum, ID, Object};
use serde_json::json;

use crate::catalog::extras;
use crate::catalog::scope::Entry;
use crate::db;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::scalars::Json;

/// What belongs to an item and only its server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "extras::Belonging")]
pub enum UpstreamList {
    /// What plays before it.
    Intros,
    /// Scenes left out, interviews …
    SpecialFeatures,
    /// Trailers that lie beside it.
    LocalTrailers,
    /// Songs and videos that play behind its page.
    ThemeMedia,
    /// The further files of a film that lies in several; of the copy that plays under this id.
    AdditionalParts,
    /// Where intro, credits … begin and end; of the copy that plays under this id.
    MediaSegments,
    /// Its images.
    ImageInfos,
}

#[derive(Default)]
pub struct JellyfinQuery;

#[Object]
impl JellyfinQuery {
    /// What belongs to an item and only its servers know, in Jellyfin's form: of the leading copy, else
    /// of the first one that has any; empty where the servers are silent.
    async fn upstream_list(
        &self,
        ctx: &Context<'_>,
        id: ID,
        what: UpstreamList,
        #[graphql(
            desc = "Theme media of what holds the item, where it has none of its own.",
            default = false
        )]
        inherit: bool,
    ) -> GraphResult<Json> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let catalog = &ctx.services()?.catalog;
        let what = extras::Belonging::from(what);
        let list = match scope.find(id, None) {
            Some(Entry::Item(entry)) => catalog.belongings(&scope, &entry, what, inherit).await?,
            Some(_) => what.nothing(),
            // Nothing hangs on what hangs on an item itself.
            None if catalog.extra(&scope, id).await?.is_some() => what.nothing(),
            None => return Err(GraphError::not_found("item")),
        };
        Ok(Json::from_value(&list))
    }

    /// What hangs on an item and is in no list (a trailer, a further part, a theme song …) by its id
    /// (Jellyfin's `BaseItemDto`), as its server tells it now; null when the caller sees none.
    async fn extra(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<Json>> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let shown_at = ctx.caller()?.meta.client_addr;
        let catalog = &ctx.services()?.catalog;
        let body = catalog.extra_body(&scope, id, shown_at).await?;
        Ok(body.as_ref().map(Json::from_value))
    }

    /// The lyrics of a track (Jellyfin's `LyricDto`): of the leading copy, else of the first one that has
    /// any; null when none has.
    async fn lyrics(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<Json>> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let Some(entry) = scope.find(id, None) else {
            return Err(GraphError::not_found("item"));
        };
        let Entry::Item(entry) = entry else {
            return Ok(None);
        };
        let lyrics = ctx.services()?.catalog.lyrics(&scope, &entry).await?;
        Ok(lyrics.as_ref().map(Json::from_value))
    }

    /// What a client stored of its settings (Jellyfin's `DisplayPreferencesDto`); Jellyfin's defaults
    /// where it stored nothing.
    async fn display_preferences(
        &self,
        ctx: &Context<'_>,
        id: String,
        client: String,
    ) -> GraphResult<Json> {
        let user = ctx.viewer()?.user_id.to_string();
        let db = ctx.services()?.catalog.db();
        let stored = db::display_preferences::get(db, &user, &client, &id).await?;
        Ok(stored.map(Json::from_text).unwrap_or_else(|| {
            Json::from_value(&json!({
                "Id": id,
                "SortBy": "SortName",
                "RememberIndexing": false,
                "PrimaryImageHeight": 250,
                "PrimaryImageWidth": 250,
                "CustomPrefs": {},
                "ScrollDirection": "Horizontal",
                "ShowBackdrop": true,
                "RememberSorting": false,
                "SortOrder": "Ascending",
                "ShowSidebar": false,
                "Client": client,
            }))
        }))
    }
}
