//! How far the crawl of a server is.

use std::collections::BTreeMap;

use async_graphql::{Context, SimpleObject};
use chrono::{DateTime, Utc};

use super::{Server, time};
use crate::catalog::sync::Progress;
use crate::db::crawls;
use crate::graphql::Services;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::scalars::Long;

/// How far the crawl of a server is.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
#[graphql(complex)]
pub struct CrawlProgress {
    #[graphql(skip)]
    server_row: i64,
    /// What goes on, in the crawler's words.
    pub phase: String,
    /// Items done in this phase.
    pub done: Long,
    /// Items in this phase, as far as known.
    pub total: Long,
    /// When this crawl began.
    pub started_at: Option<DateTime<Utc>>,
    /// When a crawl last came to its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// When a full crawl last came to its end.
    pub full_finished_at: Option<DateTime<Utc>>,
    /// Why the last one failed, for people.
    pub error: Option<String>,
}

impl CrawlProgress {
    /// Of one server; none before its first crawl.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(services: &Services, server: i64) -> GraphResult<Option<Self>> {
        let told = services
            .sync
            .as_ref()
            .and_then(|sync| sync.progress_of(server));
        if let Some(told) = told {
            return Ok(Some(Self::told(&told)));
        }
        let row = crawls::get(services.catalog.db(), server).await?;
        Ok(row.map(|row| Self::told(&Progress::before(server, row))))
    }

    /// As the crawler tells it.
    pub fn told(progress: &Progress) -> Self {
        Self {
            server_row: progress.server_id,
            phase: progress.phase.as_str().to_owned(),
            done: Long(progress.done),
            total: Long(progress.total),
            started_at: progress.started_at.map(time),
            finished_at: progress.finished_at.map(time),
            full_finished_at: progress.full_finished_at.map(time),
            error: progress.error.clone(),
        }
    }

    /// Whether it is of this server.
    pub fn is_of(&self, server: i64) -> bool {
        self.server_row == server
    }

    /// Of every server that was ever crawled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all(services: &Services) -> GraphResult<Vec<Self>> {
        let rows = crawls::all(services.catalog.db()).await?;
        let before = rows
            .into_iter()
            .map(|row| Progress::before(row.server_id, row));
        let told = services.sync.as_ref().map(|sync| sync.progress());
        let all = before.chain(told.unwrap_or_default());
        let latest: BTreeMap<i64, Progress> = all.map(|one| (one.server_id, one)).collect();
        Ok(latest.values().map(Self::told).collect())
    }
}

#[async_graphql::ComplexObject]
impl CrawlProgress {
    /// Which server.
    async fn server(&self, ctx: &Context<'_>) -> GraphResult<Server> {
        let services = ctx.services()?;
        let known = services.catalog.registry().get(self.server_row);
        let name = known.map(|server| server.name()).unwrap_or_default();
        Ok(Server::named(services, self.server_row, name))
    }
}
