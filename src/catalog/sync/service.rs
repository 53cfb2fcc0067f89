//! The crawler as the layers above use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::join_all;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, broadcast, mpsc};

use super::progress::Board;
use super::run::Run;
use super::watcher::{Watcher, watch};
use super::{
    CrawlKind, CrawlReport, Directory, Progress, Sink, SyncError, SyncSettings, UserDataSeen,
};
use crate::accounts::PublicIds;
use crate::catalog::hydrate::Hydrate;
use crate::clock::Clock;
use crate::db::{Db, access};
use crate::jellyfin::{Registry, ServerStatus, UpstreamError};
use crate::model::UpstreamId;

/// See [`super`]. Cheap to clone.
#[derive(Clone)]
pub struct Sync(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) registry: Registry,
    pub(super) ids: PublicIds,
    pub(super) hydrate: Hydrate,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) settings: SyncSettings,
    pub(super) board: Board,
    user_data: Option<mpsc::Sender<(Vec<UserDataSeen>, bool)>>,
    /// One crawl a server at a time.
    crawling: Mutex<HashMap<i64, Arc<AsyncMutex<()>>>>,
    /// One question about a link at a time: an older answer must not take the place of a newer one.
    asking: Mutex<HashMap<i64, Arc<AsyncMutex<()>>>>,
    links: Mutex<HashMap<i64, LinkUse>>,
    watchers: Mutex<HashMap<i64, Watcher>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LinkUse {
    /// Milliseconds; zero: never in this process.
    used_at: i64,
    /// None: not read from the database yet. Zero: stale.
    refreshed_at: Option<i64>,
}

/// What the crawler works with.
pub struct SyncParts {
    pub db: Db,
    pub clock: Clock,
    pub registry: Registry,
    pub ids: PublicIds,
    pub hydrate: Hydrate,
    pub directory: Arc<dyn Directory>,
    pub sink: Arc<dyn Sink>,
    /// Gets what servers told of user data, all of one question together, and whether it was the
    /// question for everything.
    pub user_data: Option<mpsc::Sender<(Vec<UserDataSeen>, bool)>>,
}

impl Sync {
    pub fn new(parts: SyncParts, settings: SyncSettings) -> Self {
        Self(Arc::new(Inner {
            db: parts.db,
            clock: parts.clock,
            registry: parts.registry,
            ids: parts.ids,
            hydrate: parts.hydrate,
            directory: parts.directory,
            sink: parts.sink,
            settings,
            board: Board::default(),
            user_data: parts.user_data,
            crawling: Mutex::default(),
            asking: Mutex::default(),
            links: Mutex::default(),
            watchers: Mutex::default(),
        }))
    }

    /// Keeps the copies of every registered server true, in the background: begins with those that
    /// came, ends with those that went, and leaves the others at their work.
    pub fn start_all(&self) {
        let present: Vec<i64> = self
            .0
            .registry
            .all()
            .iter()
            .map(|server| server.id)
            .collect();
        let watched: Vec<i64> = lock(&self.0.watchers).keys().copied().collect();
        for id in watched.iter().filter(|id| !present.contains(id)) {
            self.stop(*id);
        }
        for id in present.iter().filter(|id| !watched.contains(id)) {
            self.start(*id);
        }
    }

    /// Begins with one server, or begins anew when its account or address became another.
    pub fn start(&self, server_id: i64) {
        let watcher = watch(self.clone(), server_id);
        lock(&self.0.watchers).insert(server_id, watcher);
    }

    /// Leaves a server alone: it is gone, or another replica leads.
    pub fn stop(&self, server_id: i64) {
        lock(&self.0.watchers).remove(&server_id);
        self.0.board.forget(server_id);
    }

    pub fn stop_all(&self) {
        lock(&self.0.watchers).clear();
    }

    /// Asks for a crawl soon. Does nothing for a server that is not watched.
    pub fn hurry(&self, server_id: i64, kind: CrawlKind) {
        if let Some(watcher) = lock(&self.0.watchers).get(&server_id) {
            watcher.hurry(kind);
        }
    }

    /// Crawls now, to the end; waits for one that is under way.
    ///
    /// # Errors
    /// What stopped it; the next one goes on from there.
    pub async fn crawl(&self, server_id: i64, kind: CrawlKind) -> Result<CrawlReport, SyncError> {
        let turn = lock(&self.0.crawling).entry(server_id).or_default().clone();
        let _turn = turn.lock().await;
        let crawled = self.crawl_now(server_id, kind).await;
        let version = match self.0.registry.get(server_id).map(|server| server.status()) {
            Some(ServerStatus::Online { version, .. }) => Some(version),
            _ => None,
        };
        let trouble = match &crawled {
            Ok(report) => report.unread.clone(),
            Err(error) => Some(error.to_string()),
        };
        let noted = self.0.directory.crawled(server_id, version, trouble);
        if let Err(error) = noted.await {
            tracing::debug!(server = server_id, %error, "how a crawl ended was not noted");
        }
        crawled
    }

    async fn crawl_now(&self, server_id: i64, kind: CrawlKind) -> Result<CrawlReport, SyncError> {
        let account = self.0.directory.crawler(server_id).await?;
        match self.crawl_as(server_id, kind, account).await {
            Err(SyncError::Upstream(UpstreamError::Unauthorized)) => {
                let account = self.0.directory.crawler_refused(server_id).await?;
                self.crawl_as(server_id, kind, account).await
            }
            result => result,
        }
    }

    async fn crawl_as(
        &self,
        server_id: i64,
        kind: CrawlKind,
        account: crate::jellyfin::Account,
    ) -> Result<CrawlReport, SyncError> {
        let server = self
            .0
            .registry
            .get(server_id)
            .ok_or(SyncError::UnknownServer)?;
        if kind == CrawlKind::Full || server.known_resume_rules().is_none() {
            // A server that keeps its settings to itself is taken to have Jellyfin's defaults.
            if let Err(error) = server.refresh_resume_rules(&account).await {
                tracing::debug!(server = server_id, %error, "its settings are not told: {error}");
            }
        }
        let mut run = Run::new(&self.0, server, account).await?;
        run.run(kind).await?;
        Ok(run.report)
    }

    /// Items that a server says it removed: asked for once more, then removed.
    ///
    /// # Errors
    /// What stopped it; the next full crawl finds them too.
    pub async fn settle_removed(
        &self,
        server_id: i64,
        removed: &[UpstreamId],
    ) -> Result<CrawlReport, SyncError> {
        let turn = lock(&self.0.crawling).entry(server_id).or_default().clone();
        let _turn = turn.lock().await;
        let server = self
            .0
            .registry
            .get(server_id)
            .ok_or(SyncError::UnknownServer)?;
        let account = self.0.directory.crawler(server_id).await?;
        let mut run = Run::new(&self.0, server, account).await?;
        run.settle_removed(removed).await?;
        Ok(run.report)
    }

    /// A link was made, or works again: what it may see is asked for now.
    ///
    /// # Errors
    /// When its server does not answer; it is asked again when the link is used.
    pub async fn link_added(&self, link_id: i64) -> Result<(), SyncError> {
        self.0.refresh(link_id).await
    }

    /// A link is gone or refused: it sees nothing from this moment.
    ///
    /// # Errors
    /// When the database fails; in memory it is closed all the same.
    pub async fn link_closed(&self, link_id: i64) -> Result<(), SyncError> {
        self.0.close_link(link_id).await
    }

    /// Before an answer for a viewer: notes that these links are in use, and renews the sets that are
    /// old. It waits a little for that; a silent server's set stays what it was.
    pub async fn ensure_access(&self, link_ids: &[i64]) {
        let mut old = Vec::new();
        for id in link_ids {
            if self.0.note_use(*id).await {
                old.push(*id);
            }
        }
        if old.is_empty() {
            return;
        }
        for id in &old {
            // One renewal at a time; a link that was never asked shows nothing until it was.
            if self.0.refreshed_at(*id).await.is_some() {
                self.0.postpone(*id);
            }
        }
        let sync = self.clone();
        let renewing = tokio::spawn(async move {
            join_all(old.iter().map(|id| sync.renew(*id))).await;
        });
        // What is not done in time goes on behind.
        let _ = tokio::time::timeout(self.0.settings.access_patience, renewing).await;
    }

    /// Renews the sets of a server's links that are in use, when their time has come.
    pub(super) async fn renew_in_use(&self, server_id: i64) {
        let links = self.0.directory.links(server_id).await;
        for link in links.unwrap_or_default() {
            if self.0.is_in_use(link.id) && self.0.is_old(link.id).await {
                self.renew(link.id).await;
            }
        }
    }

    async fn renew(&self, link_id: i64) {
        if let Err(error) = self.0.renew(link_id).await {
            tracing::debug!(link = link_id, %error, "what a link may see cannot be renewed");
            // Not at every request: the server is silent.
            self.0.postpone(link_id);
        }
    }

    /// The latest progress of every server that was crawled in this process.
    pub fn progress(&self) -> Vec<Progress> {
        self.0.board.latest()
    }

    /// The same of one server.
    pub fn progress_of(&self, server_id: i64) -> Option<Progress> {
        self.0.board.of(server_id)
    }

    /// Tells all progress from now on.
    pub fn watch_progress(&self) -> broadcast::Receiver<Progress> {
        self.0.board.subscribe()
    }
}

impl Inner {
    pub(super) async fn tell_user_data(&self, seen: Vec<UserDataSeen>, everything: bool) {
        if let Some(channel) = &self.user_data {
            // A receiver that is gone wants nothing.
            let _ = channel.send((seen, everything)).await;
        }
    }

    /// Waits until nobody else asks about a link; held while asking.
    pub(super) async fn turn(&self, link: i64) -> OwnedMutexGuard<()> {
        let turn = lock(&self.asking).entry(link).or_default().clone();
        turn.lock_owned().await
    }

    pub(super) fn is_in_use(&self, link: i64) -> bool {
        let used_at = lock(&self.links).get(&link).map_or(0, |link| link.used_at);
        let bound = i64::try_from(self.settings.in_use.as_millis()).unwrap_or(i64::MAX);
        used_at > 0 && self.clock.millis() - used_at < bound
    }

    pub(super) async fn is_old(&self, link: i64) -> bool {
        let bound = i64::try_from(self.settings.access_every.as_millis()).unwrap_or(i64::MAX);
        match self.refreshed_at(link).await {
            Some(at) => self.clock.millis() - at >= bound,
            None => true,
        }
    }

    /// Notes a use. True when the set must be renewed before it is used.
    async fn note_use(&self, link: i64) -> bool {
        let old = self.is_old(link).await;
        lock(&self.links).entry(link).or_default().used_at = self.clock.millis();
        old
    }

    /// When a link's whole set was last asked for; none: never. Zero: it must be asked again.
    pub(super) async fn refreshed_at(&self, link: i64) -> Option<i64> {
        if let Some(at) = lock(&self.links)
            .get(&link)
            .and_then(|link| link.refreshed_at)
        {
            return Some(at);
        }
        let row = access::get(&self.db, link).await.ok().flatten()?;
        let mut links = lock(&self.links);
        let known = &mut links.entry(link).or_default().refreshed_at;
        Some(*known.get_or_insert(row.refreshed_at))
    }

    pub(super) fn set_refreshed(&self, link: i64, at: i64) {
        lock(&self.links).entry(link).or_default().refreshed_at = Some(at);
    }

    /// Tries again after a tenth of the usual time.
    fn postpone(&self, link: i64) {
        let every = i64::try_from(self.settings.access_every.as_millis()).unwrap_or(i64::MAX);
        self.set_refreshed(link, self.clock.millis() - every + every / 10);
    }

    pub(super) fn forget_link(&self, link: i64) {
        lock(&self.links).remove(&link);
        lock(&self.asking).remove(&link);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
