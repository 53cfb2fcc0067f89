//! Keeps one server's copies true in the background: by the clock, by its socket, by its return.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::{CrawlKind, Progress, Sync, SyncError};
use crate::db::crawls;
use crate::jellyfin::{SOCKET_PROVEN, UpstreamEvent};
use crate::model::UpstreamId;

/// Dropping it ends the watching.
pub(super) struct Watcher {
    wish: Arc<Wish>,
    tasks: [AbortHandle; 2],
}

#[derive(Default)]
struct Wish {
    full: AtomicBool,
    notify: Notify,
}

impl Watcher {
    pub(super) fn hurry(&self, kind: CrawlKind) {
        self.wish.hurry(kind);
    }
}

impl Wish {
    fn hurry(&self, kind: CrawlKind) {
        if kind == CrawlKind::Full {
            self.full.store(true, Ordering::Relaxed);
        }
        self.notify.notify_one();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

pub(super) fn watch(sync: Sync, server_id: i64) -> Watcher {
    let wish = Arc::new(Wish::default());
    let crawling = tokio::spawn(crawl(sync.clone(), server_id, wish.clone()));
    let listening = tokio::spawn(listen(sync, server_id, wish.clone()));
    Watcher {
        wish,
        tasks: [crawling.abort_handle(), listening.abort_handle()],
    }
}

async fn crawl(sync: Sync, server_id: i64, wish: Arc<Wish>) {
    let settings = &sync.0.settings;
    let mut failures = 0u32;
    if last_full(&sync, server_id).await.is_some() {
        // Unless somebody hurries.
        let _ = tokio::time::timeout(settings.first_after, wish.notify.notified()).await;
    }
    loop {
        let Some(server) = sync.0.registry.get(server_id) else {
            return;
        };
        let kind = next_kind(&sync, server_id, &wish).await;
        let mut pause = settings.changes_every;
        match sync.crawl(server_id, kind).await {
            Ok(report) => {
                failures = 0;
                tracing::info!(server = %server.name(), ?report, "crawled");
                if report.wants_full {
                    wish.hurry(CrawlKind::Full);
                }
            }
            Err(error) => {
                if kind == CrawlKind::Full {
                    wish.full.store(true, Ordering::Relaxed);
                }
                failures = failures.saturating_add(1);
                pause = settings
                    .retry
                    .saturating_mul(1 << (failures - 1).min(5))
                    .min(settings.changes_every);
                tracing::warn!(server = %server.name(), %error, "crawl stopped");
                tell(&sync, server_id, &error).await;
            }
        }
        wait(&sync, server_id, &wish, pause).await;
    }
}

async fn next_kind(sync: &Sync, server_id: i64, wish: &Wish) -> CrawlKind {
    if wish.full.swap(false, Ordering::Relaxed) {
        return CrawlKind::Full;
    }
    let every = i64::try_from(sync.0.settings.full_every.as_millis()).unwrap_or(i64::MAX);
    let due = last_full(sync, server_id)
        .await
        .is_none_or(|at| sync.0.clock.millis() - at >= every);
    if due {
        CrawlKind::Full
    } else {
        CrawlKind::Changes
    }
}

async fn last_full(sync: &Sync, server_id: i64) -> Option<i64> {
    let row = crawls::get(&sync.0.db, server_id).await.ok().flatten();
    row?.full_finished_at
}

/// Until somebody hurries, the server comes back, or the time is over; access sets are renewed
/// meanwhile.
async fn wait(sync: &Sync, server_id: i64, wish: &Wish, pause: Duration) {
    let Some(server) = sync.0.registry.get(server_id) else {
        return;
    };
    let mut status = server.watch();
    drop(server);
    let was_online = status.borrow_and_update().is_online();
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    let mut renewing = tokio::time::interval(sync.0.settings.access_every / 10);
    loop {
        tokio::select! {
            () = &mut over => return,
            () = wish.notify.notified() => {
                // More may follow at once.
                tokio::time::sleep(sync.0.settings.settle).await;
                return;
            }
            changed = status.changed() => {
                let online = status.borrow_and_update().is_online();
                if changed.is_err() || (online && !was_online) {
                    return;
                }
            }
            _ = renewing.tick() => sync.renew_in_use(server_id).await,
        }
    }
}

/// Listens to the server as the crawling account.
async fn listen(sync: Sync, server_id: i64, wish: Arc<Wish>) {
    loop {
        let Some(server) = sync.0.registry.get(server_id) else {
            return;
        };
        let Ok(account) = sync.0.directory.crawler(server_id).await else {
            tokio::time::sleep(sync.0.settings.retry).await;
            continue;
        };
        let mut events = server.socket(&account);
        drop(server);
        let mut ear = Ear::new(sync.0.settings.changes_every);
        while let Some(event) = events.next().await {
            match event {
                UpstreamEvent::Connected => {
                    if ear.missed_something() {
                        wish.hurry(CrawlKind::Changes);
                    }
                }
                UpstreamEvent::LibraryChanged { removed, .. } => {
                    settle(&sync, server_id, &removed).await;
                    wish.hurry(CrawlKind::Changes);
                }
                UpstreamEvent::Disconnected => ear.lost(),
                UpstreamEvent::UserDataChanged { .. } => {}
            }
        }
        tokio::time::sleep(sync.0.settings.retry).await;
    }
}

/// Whether something may have happened that the socket did not tell.
struct Ear {
    every: Duration,
    connected_at: Instant,
    /// Of the socket before this one, whether it stood for a while.
    was_good: Option<bool>,
    /// When a lost socket last hurried a crawl; the first crawl needs none.
    hurried_at: Instant,
}

impl Ear {
    fn new(every: Duration) -> Self {
        let now = Instant::now();
        Self {
            every,
            connected_at: now,
            was_good: None,
            hurried_at: now,
        }
    }

    /// The socket stands (again). What happened while it was silent went unheard; but sockets that break
    /// again and again hurry no more crawls than there are without them.
    fn missed_something(&mut self) -> bool {
        self.connected_at = Instant::now();
        let Some(was_good) = self.was_good.take() else {
            return false;
        };
        let hurries = was_good || self.hurried_at.elapsed() >= self.every;
        if hurries {
            self.hurried_at = Instant::now();
        }
        hurries
    }

    fn lost(&mut self) {
        self.was_good = Some(self.connected_at.elapsed() >= SOCKET_PROVEN);
    }
}

async fn settle(sync: &Sync, server_id: i64, removed: &[UpstreamId]) {
    if removed.is_empty() {
        return;
    }
    if let Err(error) = sync.settle_removed(server_id, removed).await {
        tracing::debug!(server = server_id, %error, "removed items are left to the next full crawl");
    }
}

/// It may have stopped before it got anywhere: what is known of the ones before stays.
async fn tell(sync: &Sync, server_id: i64, error: &SyncError) {
    let told = sync.progress_of(server_id);
    let known = match told {
        Some(told) => told,
        None => {
            let row = crawls::get(&sync.0.db, server_id).await.ok().flatten();
            Progress::before(server_id, row.unwrap_or_default())
        }
    };
    sync.0.board.tell(Progress {
        phase: super::Phase::Idle,
        error: Some(error.to_string()),
        ..known
    });
}
