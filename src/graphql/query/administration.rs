//! Servers, merged libraries and the whole catalogue.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::WholeCatalog;
use super::audit::{AuditConnection, AuditLogFilter};
use crate::db;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{Paging, cost, count, weight};
use crate::graphql::types::{MergedLibrary, NodeId, Server, SourceLibrary, may_see, time};
use crate::model::PublicId;

/// What was watched or marked and is still to be told to a server.
#[derive(SimpleObject)]
pub struct OutboxEntry {
    /// The server that is to be told.
    pub server: Server,
    /// Who watched or marked it.
    pub user_id: ID,
    /// The account that it is told for.
    pub link_id: ID,
    /// The item; null where somebody else watched it.
    pub item_id: Option<ID>,
    /// What changed: `play`, `favorite` or `likes`.
    pub register: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when it waits.
    pub waiting_since: DateTime<Utc>,
    /// When it is tried next.
    pub next_attempt_at: DateTime<Utc>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

#[derive(Default)]
pub struct AdministrationQuery;

#[Object]
impl AdministrationQuery {
    /// Source servers: administrators see all, others those that they are linked to.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn servers(&self, ctx: &Context<'_>) -> GraphResult<Vec<Server>> {
        if !ctx.viewer()?.is_administrator {
            return linked_servers(ctx);
        }
        let services = ctx.services()?;
        let mut servers: Vec<_> = services
            .catalog
            .registry()
            .all()
            .into_iter()
            .map(|server| (server.name(), server.id))
            .collect();
        servers.sort();
        let servers = servers.into_iter();
        Ok(servers
            .map(|(name, row)| Server::named(services, row, name))
            .collect())
    }

    /// One of them.
    async fn server(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Option<Server>> {
        find_server(ctx, NodeId::server("id", &id)?)
    }

    /// Merged libraries: administrators see all, others the global ones and their own.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn merged_libraries(&self, ctx: &Context<'_>) -> GraphResult<Vec<MergedLibrary>> {
        let viewer = ctx.viewer()?;
        let snapshot = ctx.services()?.catalog.snapshot();
        let all = snapshot.merged_libraries.iter().enumerate();
        Ok(all
            .filter(|(_, library)| may_see(viewer, library))
            .map(|(at, _)| MergedLibrary::at(snapshot.clone(), at as u32))
            .collect())
    }

    /// One of them, by either of its ids.
    async fn merged_library(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> GraphResult<Option<MergedLibrary>> {
        let id = NodeId::library("id", &id)?;
        let viewer = ctx.viewer()?;
        let snapshot = ctx.services()?.catalog.snapshot();
        let found = snapshot
            .merged_libraries
            .iter()
            .position(|library| library.id == id && may_see(viewer, library));
        Ok(found.map(|at| MergedLibrary::at(snapshot, at as u32)))
    }

    /// The libraries of the servers, for merging: administrators see all, others what they may open.
    #[graphql(complexity = "cost(20, child_complexity)")]
    async fn source_libraries(&self, ctx: &Context<'_>) -> GraphResult<Vec<SourceLibrary>> {
        let viewer = ctx.viewer()?;
        let catalog = &ctx.services()?.catalog;
        if viewer.is_administrator {
            let snapshot = catalog.snapshot();
            let all = 0..snapshot.source_libraries.len() as u32;
            return Ok(all
                .map(|at| SourceLibrary::at(snapshot.clone(), at))
                .collect());
        }
        let projection = crate::graphql::caller::scope(ctx).await?.projection;
        let opened = projection.access.libraries.iter();
        Ok(opened
            .map(|at| SourceLibrary::at(projection.snapshot.clone(), at))
            .collect())
    }

    /// The whole catalogue, whoever may see it. For administrators, whose other fields go by their
    /// own links as everybody's do.
    async fn catalog(&self, ctx: &Context<'_>) -> GraphResult<WholeCatalog> {
        WholeCatalog::open(ctx).await
    }

    /// What the caller watched or marked and is still to be told to servers, the oldest first. With
    /// `all`, for administrators, what waits for everybody; what the others watched is not told.
    #[graphql(complexity = "cost(50, child_complexity)")]
    async fn outbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        #[graphql(default)] all: bool,
    ) -> GraphResult<Vec<OutboxEntry>> {
        let viewer = match all {
            true => ctx.administrator()?,
            false => ctx.viewer()?,
        };
        let limit = count("first", Some(first), false)?.unwrap_or_default();
        let services = ctx.services()?;
        let links: HashMap<i64, (PublicId, i64)> = services
            .accounts
            .all_links()
            .await?
            .into_iter()
            .filter(|(owner, _)| all || *owner == viewer.user_id)
            .map(|(owner, link)| (link.id, (owner, link.server_id)))
            .collect();
        let ids: Vec<i64> = links.keys().copied().collect();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = db::outbox::waiting(services.catalog.db(), &ids, limit).await?;
        let entries = rows.into_iter().filter_map(|row| {
            let (owner, server) = links.get(&row.link_id)?;
            let known = services.catalog.registry().get(*server);
            let name = known.map(|server| server.name()).unwrap_or_default();
            let own = *owner == viewer.user_id;
            Some(OutboxEntry {
                server: Server::named(services, *server, name),
                user_id: owner.to_string().into(),
                link_id: NodeId::Link(row.link_id).to_string().into(),
                item_id: own.then(|| row.item_id.into()),
                register: row.register,
                attempts: row.attempts,
                waiting_since: time(row.created_at),
                next_attempt_at: time(row.next_attempt_at),
                last_error: row.last_error,
            })
        });
        Ok(entries.collect())
    }

    /// Who changed the configuration, when, and what: the latest first. For administrators.
    #[graphql(complexity = "cost(weight(first, last), child_complexity)")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        filter: Option<AuditLogFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GraphResult<AuditConnection> {
        let paging = Paging {
            offset: None,
            first,
            after,
            last,
            before,
        };
        AuditConnection::open(ctx, filter.unwrap_or_default(), &paging).await
    }
}

/// The servers that the caller is linked to, refused links too.
///
/// # Errors
/// `UNAUTHENTICATED`.
pub fn linked_servers(ctx: &Context<'_>) -> GraphResult<Vec<Server>> {
    let services = ctx.services()?;
    let mut servers: Vec<_> = ctx
        .viewer()?
        .links
        .iter()
        .filter_map(|link| services.catalog.registry().get(link.server_id))
        .map(|server| (server.name(), server.id))
        .collect();
    servers.sort();
    servers.dedup();
    let servers = servers.into_iter();
    Ok(servers
        .map(|(name, row)| Server::named(services, row, name))
        .collect())
}

/// A server that the caller may see.
///
/// # Errors
/// `UNAUTHENTICATED`.
pub fn find_server(ctx: &Context<'_>, row: i64) -> GraphResult<Option<Server>> {
    let (viewer, services) = (ctx.viewer()?, ctx.services()?);
    let linked = viewer.links.iter().any(|link| link.server_id == row);
    if !viewer.is_administrator && !linked {
        return Ok(None);
    }
    let found = services.catalog.registry().get(row);
    Ok(found.map(|server| Server::named(services, row, server.name())))
}
