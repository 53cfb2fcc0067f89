//! The libraries that the caller can open.

use async_graphql::{Context, ID, Object};

use crate::catalog::scope::Entry;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{self, cost};
use crate::graphql::scalars::Json;
use crate::graphql::types::View;
use crate::model::BodyOptions;

#[derive(Default)]
pub struct ViewQuery;

#[Object]
impl ViewQuery {
    /// The libraries that the caller can open, in the caller's order: merged ones, source libraries
    /// that are in none, collections, playlists.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn views(&self, ctx: &Context<'_>) -> GraphResult<Vec<View>> {
        let scope = scope(ctx).await?;
        let views = scope.views().into_iter().map(|view| View {
            scope: scope.clone(),
            view,
        });
        Ok(views.collect())
    }

    /// One of them.
    async fn view(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<View>> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let view = scope.projection.view(id).cloned();
        Ok(view.map(|view| View { scope, view }))
    }

    /// Jellyfin's body of the folder that holds the libraries.
    async fn root(&self, ctx: &Context<'_>) -> GraphResult<Json> {
        let scope = scope(ctx).await?;
        let (caller, services) = (ctx.caller()?, ctx.services()?);
        let options = BodyOptions::detail();
        caller
            .loaders
            .body(&services.catalog, &scope, &Entry::Root, options)
            .await
    }
}
