//! Source servers: how they are, and for administrators what they are.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::node::NodeId;
use super::{CrawlProgress, SourceLibrary, time};
use crate::catalog::snapshot::ServerEntry;
use crate::db;
use crate::graphql::Services;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::scalars::Long;
use crate::jellyfin::{ServerStatus, Speed};

/// How a source server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ServerState {
    /// Not asked yet.
    Unknown,
    /// It answers.
    Online,
    /// It runs and does not serve yet.
    Starting,
    /// It does not answer.
    Offline,
    /// Something answers that is not used: no trusted certificate, no Jellyfin.
    Refused,
    /// Its version is too old.
    Incompatible,
}

/// How a source server is at the moment.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServerHealth {
    /// In one word.
    pub state: ServerState,
    /// Its Jellyfin version.
    pub version: Option<String>,
    /// How long it took to answer last, in milliseconds.
    pub latency_ms: Option<Long>,
    /// Since when it does not answer.
    pub since: Option<DateTime<Utc>>,
    /// Why it is not used, for people.
    pub reason: Option<String>,
}

/// How fast a server is for us. The policy `FASTEST` orders by the class.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServerSpeed {
    /// Mean of the files that were passed on lately, newer ones counting more; null where none were.
    pub bits_per_second: Option<Long>,
    /// Mean of the answers that somebody waited for and of health questions, newer ones counting more.
    pub latency_ms: Option<f64>,
    /// How long the first 8 MiB of a film take to be here: latency and throughput in one number. What
    /// was not measured counts as 50 Mbit/s and 50 ms.
    pub estimate_ms: f64,
    /// The lower the faster. Each class is half again as slow as the one before; a server leaves its
    /// class only when the estimate is well beyond it, so that the order of copies does not waver.
    pub class: i32,
}

impl From<Speed> for ServerSpeed {
    fn from(speed: Speed) -> Self {
        let millis = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            bits_per_second: speed
                .bits_per_second
                .and_then(|bits| i64::try_from(bits).ok())
                .map(Long),
            latency_ms: speed.latency.map(millis),
            estimate_ms: millis(speed.estimate),
            class: speed.class,
        }
    }
}

impl From<ServerStatus> for ServerHealth {
    fn from(status: ServerStatus) -> Self {
        let mut health = Self {
            state: ServerState::Unknown,
            version: None,
            latency_ms: None,
            since: None,
            reason: None,
        };
        match status {
            ServerStatus::Unknown => {}
            ServerStatus::Online {
                version,
                latency_ms,
            } => {
                health.state = ServerState::Online;
                health.version = Some(version);
                health.latency_ms = i64::try_from(latency_ms).ok().map(Long);
            }
            ServerStatus::Starting => health.state = ServerState::Starting,
            ServerStatus::Offline { since, reason } => {
                health.state = ServerState::Offline;
                health.since = Some(since);
                health.reason = Some(reason);
            }
            ServerStatus::Refused { reason } => {
                health.state = ServerState::Refused;
                health.reason = Some(reason);
            }
            ServerStatus::Incompatible { version } => {
                health.state = ServerState::Incompatible;
                health.version = Some(version);
            }
        }
        health
    }
}

/// See the GraphQL type.
#[derive(Debug, Clone)]
pub struct Server {
    /// `servers.id`.
    pub row: i64,
    name: String,
    health: ServerHealth,
}

impl Server {
    pub fn new(services: &Services, entry: &ServerEntry) -> Self {
        Self::named(services, entry.id, entry.name.clone())
    }

    /// A server by its row and name.
    pub fn named(services: &Services, row: i64, name: String) -> Self {
        let status = services
            .catalog
            .registry()
            .get(row)
            .map(|server| server.status());
        Self {
            row,
            name,
            health: status.unwrap_or_default().into(),
        }
    }

    /// # Errors
    /// `NOT_FOUND` when it is gone meanwhile; when the database fails.
    async fn stored(&self, ctx: &Context<'_>) -> GraphResult<db::servers::ServerRow> {
        let row = db::servers::by_id(ctx.services()?.catalog.db(), self.row).await?;
        row.ok_or_else(|| GraphError::not_found("server"))
    }
}

/// A source server.
#[Object]
impl Server {
    /// Its id for `node` and for mutations.
    pub async fn id(&self) -> ID {
        NodeId::Server(self.row).into()
    }

    /// What it is called here.
    async fn name(&self) -> &str {
        &self.name
    }

    /// How it is at the moment.
    async fn health(&self) -> &ServerHealth {
        &self.health
    }

    /// How fast it is, as far as that was measured since this program started; null for a server that
    /// is not in use.
    async fn speed(&self, ctx: &Context<'_>) -> GraphResult<Option<ServerSpeed>> {
        let server = ctx.services()?.catalog.registry().get(self.row);
        Ok(server.map(|server| server.speed().into()))
    }

    /// Its libraries: administrators see all, others those that their link shows.
    async fn libraries(&self, ctx: &Context<'_>) -> GraphResult<Vec<SourceLibrary>> {
        let viewer = ctx.viewer()?;
        let catalog = &ctx.services()?.catalog;
        let snapshot = catalog.snapshot();
        let access = catalog.store().access();
        let link = viewer.link_to(self.row);
        let shown = link.and_then(|link| access.links.get(&link.id));
        let mut found = Vec::new();
        for (at, library) in snapshot.source_libraries.iter().enumerate() {
            let here = snapshot.servers[library.server as usize].id == self.row;
            let visible = viewer.is_administrator
                || shown.is_some_and(|shown| shown.libraries.contains(&library.library_id));
            if here && visible {
                found.push(SourceLibrary::at(snapshot.clone(), at as u32));
            }
        }
        Ok(found)
    }

    /// How far its crawl is; null before the first. For administrators.
    async fn crawl(&self, ctx: &Context<'_>) -> GraphResult<Option<CrawlProgress>> {
        ctx.administrator()?;
        CrawlProgress::of(ctx.services()?, self.row).await
    }

    /// Its address. For administrators.
    async fn url(&self, ctx: &Context<'_>) -> GraphResult<String> {
        ctx.administrator()?;
        Ok(self.stored(ctx).await?.url)
    }

    /// The account that crawls it. For administrators.
    async fn crawl_username(&self, ctx: &Context<'_>) -> GraphResult<Option<String>> {
        ctx.administrator()?;
        Ok(self.stored(ctx).await?.crawl_username)
    }

    /// The Jellyfin version that it last told, also while it is silent. For administrators.
    async fn version(&self, ctx: &Context<'_>) -> GraphResult<Option<String>> {
        ctx.administrator()?;
        Ok(self.stored(ctx).await?.version)
    }

    /// Why its last crawl stopped early; null when it came to its end. For administrators.
    async fn last_error(&self, ctx: &Context<'_>) -> GraphResult<Option<String>> {
        ctx.administrator()?;
        Ok(self.stored(ctx).await?.last_error)
    }

    /// When it last answered a crawl. For administrators.
    async fn last_seen_at(&self, ctx: &Context<'_>) -> GraphResult<Option<DateTime<Utc>>> {
        ctx.administrator()?;
        Ok(self.stored(ctx).await?.last_seen_at.map(time))
    }

    /// When it was added. For administrators.
    async fn created_at(&self, ctx: &Context<'_>) -> GraphResult<DateTime<Utc>> {
        ctx.administrator()?;
        Ok(time(self.stored(ctx).await?.created_at))
    }

    /// How many copies of it the catalogue holds. For administrators.
    async fn copy_count(&self, ctx: &Context<'_>) -> GraphResult<i32> {
        ctx.administrator()?;
        let snapshot = ctx.services()?.catalog.snapshot();
        let position = snapshot.server_position(self.row);
        let copies = snapshot.copies.iter();
        let count = copies.filter(|copy| Some(copy.server) == position).count();
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}
