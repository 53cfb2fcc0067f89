//! Anything by its id.

use async_graphql::{Context, ID, Object};

use super::administration::find_server;
use crate::catalog::scope::Entry;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::cost;
use crate::graphql::types::{
    Item, MergedLibrary, Node, NodeId, SourceLibrary, User, View, find_link, may_see,
};
use crate::model::PublicId;

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Anything by its id; null when there is no such thing that the caller may see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<Node>> {
        find(ctx, NodeId::read("id", &id)?).await
    }

    /// Several at once, in order.
    #[graphql(complexity = "cost(ids.len(), child_complexity)")]
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> GraphResult<Vec<Option<Node>>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push(find(ctx, NodeId::read("ids", &id)?).await?);
        }
        Ok(found)
    }
}

async fn find(ctx: &Context<'_>, id: NodeId) -> GraphResult<Option<Node>> {
    Ok(match id {
        NodeId::Public(id) => public(ctx, id).await?,
        NodeId::MergedLibrary(id) => {
            let viewer = ctx.viewer()?;
            let snapshot = ctx.services()?.catalog.snapshot();
            let found = snapshot
                .merged_libraries
                .iter()
                .position(|library| library.id == id && may_see(viewer, library));
            found.map(|at| MergedLibrary::at(snapshot, at as u32).into())
        }
        NodeId::SourceLibrary(id) => {
            let projection = scope(ctx).await?.projection;
            let found = projection
                .snapshot
                .source_libraries
                .iter()
                .position(|library| library.id == id)
                .map(|at| at as u32);
            let all = ctx.viewer()?.is_administrator;
            found
                .filter(|at| all || projection.access.libraries.contains(*at))
                .map(|at| SourceLibrary::at(projection.snapshot.clone(), at).into())
        }
        NodeId::Server(row) => find_server(ctx, row)?.map(Node::from),
        NodeId::Link(row) => find_link(ctx, row).await?.map(Node::from),
    })
}

async fn public(ctx: &Context<'_>, id: PublicId) -> GraphResult<Option<Node>> {
    let scope = scope(ctx).await?;
    Ok(match scope.find(id, None) {
        Some(Entry::Library(library)) => scope.view(library).cloned().map(|view| {
            let scope = scope.clone();
            View { scope, view }.into()
        }),
        Some(entry) => Some(Item::new(scope, entry).into()),
        None => User::find(ctx, id).await?.map(Node::from),
    })
}
