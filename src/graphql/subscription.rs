//! What is told as it happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, SimpleObject, Subscription};
use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::broadcast::Receiver;

use super::Services;
use super::caller::Ask;
use super::error::{GraphError, GraphResult};
use super::scalars::Long;
use super::types::{CrawlProgress, Server, View};
use crate::accounts::Viewer;
use crate::catalog::scope::Scope;
use crate::catalog::sync::{Progress, Sync};
use crate::hear;
use crate::model::Secret;

/// How long changes are gathered before they are told.
const GATHER: Duration = Duration::from_millis(500);
/// How long progress is gathered: a crawl tells every page.
const PACE: Duration = Duration::from_millis(250);

/// Something in the libraries that the caller can open changed.
#[derive(SimpleObject)]
pub struct LibraryChange {
    /// Grows with every change.
    pub generation: Long,
    /// The libraries as they are now.
    pub views: Vec<View>,
}

impl LibraryChange {
    fn of(generation: u64, scope: &Scope) -> Self {
        let views = scope.views().into_iter().map(|view| View {
            scope: scope.clone(),
            view,
        });
        Self {
            generation: Long(i64::try_from(generation).unwrap_or(i64::MAX)),
            views: views.collect(),
        }
    }
}

/// The caller of a subscription, looked up again before every event: rights may have changed.
struct Watcher {
    services: Services,
    token: Secret,
}

impl Watcher {
    fn of(ctx: &Context<'_>) -> GraphResult<Self> {
        // The viewer first: a caller without one learns that, whatever else is missing.
        ctx.viewer()?;
        let token = ctx.caller()?.token.clone();
        Ok(Self {
            services: ctx.services()?.clone(),
            token: token.ok_or_else(GraphError::unauthenticated)?,
        })
    }

    /// The viewer as of now; an error that ends the subscription when the token is taken back.
    async fn viewer(&self) -> GraphResult<Arc<Viewer>> {
        let viewer = self.services.accounts.viewer_by_token(&self.token).await?;
        viewer.ok_or_else(GraphError::unauthenticated)
    }

    /// What the viewer may see now.
    async fn scope(&self) -> GraphResult<Scope> {
        let viewer = self.viewer().await?;
        Ok(self.services.catalog.scope(&viewer).await?)
    }

    /// # Errors
    /// As [`Self::viewer`]; `FORBIDDEN` for one who is no administrator any more.
    async fn administrator(&self) -> GraphResult<()> {
        match self.viewer().await?.is_administrator {
            true => Ok(()),
            false => Err(GraphError::forbidden("this is for administrators")),
        }
    }
}

/// See the GraphQL type.
#[derive(Default)]
pub struct Subscription;

/// What is told as it happens.
#[Subscription]
impl Subscription {
    /// The caller's libraries, whenever something in them changed; changes that come together are
    /// told once.
    async fn library_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = GraphResult<LibraryChange>> + use<>, GraphError> {
        let watcher = Watcher::of(ctx)?;
        let changes = watcher.services.catalog.changes();
        let shown = watcher.scope().await?.projection;
        let start = (watcher, changes, shown);
        Ok(try_unfold(
            start,
            |(watcher, mut changes, mut shown)| async move {
                loop {
                    hear::changed(&mut changes).await;
                    tokio::time::sleep(GATHER).await;
                    let generation = *changes.borrow_and_update();
                    let scope = watcher.scope().await?;
                    // What does not touch this viewer is not told.
                    let now = scope.projection.clone();
                    if now.differs_from(&shown) {
                        let change = LibraryChange::of(generation, &scope);
                        return Ok(Some((change, (watcher, changes, now))));
                    }
                    shown = now;
                }
            },
        ))
    }

    /// A server whose health changed: for administrators any, for others those that they are linked to.
    async fn server_health(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = GraphResult<Server>> + use<>, GraphError> {
        let watcher = Watcher::of(ctx)?;
        let changes = watcher.services.catalog.registry().watch_status();
        Ok(try_unfold(
            (watcher, changes),
            |(watcher, mut changes)| async move {
                loop {
                    let row = hear::next(&mut changes).await.server_id;
                    let viewer = watcher.viewer().await?;
                    let linked = viewer.links.iter().any(|link| link.server_id == row);
                    let known = watcher.services.catalog.registry().get(row);
                    if let Some(known) = known
                        && (viewer.is_administrator || linked)
                    {
                        let server = Server::named(&watcher.services, row, known.name());
                        return Ok(Some((server, (watcher, changes))));
                    }
                }
            },
        ))
    }

    /// How far the crawls are, whenever one got on. For administrators.
    async fn crawl_progress(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = GraphResult<CrawlProgress>> + use<>, GraphError> {
        ctx.administrator()?;
        let watcher = Watcher::of(ctx)?;
        // Listened to before it is read how they are: nothing falls in between.
        let sync = watcher.services.sync.clone();
        let told = sync.map(|sync| (sync.watch_progress(), sync));
        let known = CrawlProgress::all(&watcher.services).await?;
        let start = Crawls {
            watcher,
            told,
            fresh: known.iter().cloned().collect(),
            known,
        };
        Ok(try_unfold(start, |mut crawls| async move {
            let progress = crawls.next().await?;
            Ok(Some((progress, crawls)))
        }))
    }
}

/// The crawls as they were told, and what is still to be told.
struct Crawls {
    watcher: Watcher,
    /// Nothing where nobody crawls.
    told: Option<(Receiver<Progress>, Sync)>,
    known: Vec<CrawlProgress>,
    fresh: VecDeque<CrawlProgress>,
}

impl Crawls {
    async fn next(&mut self) -> GraphResult<CrawlProgress> {
        loop {
            if let Some(progress) = self.fresh.pop_front() {
                self.watcher.administrator().await?;
                return Ok(progress);
            }
            for progress in self.gather().await {
                let server = progress.server_id;
                let at = self.known.iter().position(|known| known.is_of(server));
                let now = CrawlProgress::told(&progress);
                match at {
                    Some(at) if self.known[at] == now => continue,
                    Some(at) => self.known[at] = now.clone(),
                    None => self.known.push(now.clone()),
                }
                self.fresh.push_back(now);
            }
        }
    }

    /// How each crawl is, once something was told.
    async fn gather(&mut self) -> Vec<Progress> {
        let Some((told, sync)) = &mut self.told else {
            return std::future::pending().await;
        };
        hear::next_or_missed(told).await;
        tokio::time::sleep(PACE).await;
        // What was told until now is on the board, be it heard or missed.
        *told = told.resubscribe();
        sync.progress()
    }
}
