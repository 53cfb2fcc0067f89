//! What only Jellyfin's clients ask for, in Jellyfin's form.

use async_graphql::{Context, Enum, ID, Object};
use serde_json::json;

use crate::catalog::scope::Entry;
use crate::db;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::scalars::Json;
use crate::graphql::{inputs, upstream};

/// What belongs to an item and only its server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UpstreamList {
    /// What plays before it.
    Intros,
    /// Scenes left out, interviews …
    SpecialFeatures,
    /// Trailers that lie beside it.
    LocalTrailers,
    /// Songs and videos that play behind its page.
    ThemeMedia,
    /// Where intro, credits … begin and end.
    MediaSegments,
    /// Its images.
    ImageInfos,
}

#[derive(Default)]
pub struct JellyfinQuery;

#[Object]
impl JellyfinQuery {
    /// What belongs to an item and only its server knows, in Jellyfin's form; empty where the server
    /// is silent.
    async fn upstream_list(
        &self,
        ctx: &Context<'_>,
        id: ID,
        what: UpstreamList,
    ) -> GraphResult<Json> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let catalog = &ctx.services()?.catalog;
        match scope.find(id, None) {
            Some(Entry::Item(entry)) => upstream::list(catalog, &scope, &entry, what).await,
            Some(_) => Ok(upstream::nothing(what)),
            None => Err(GraphError::not_found("item")),
        }
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
