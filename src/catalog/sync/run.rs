//! One crawl of one server, from where it is to its end.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::access::Touched;
use super::cursor::Cursor;
use super::service::Inner;
use super::{CrawlKind, Phase, Progress, SyncError};
use crate::catalog::snapshot::CopySeed;
use crate::catalog::store::CopyChanges;
use crate::db::crawls::{self, CrawlRow};
use crate::db::source_libraries::SourceLibraryRow;
use crate::db::{bodies, copies};
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::UpstreamId;

/// What a crawl did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrawlReport {
    pub kind: Option<CrawlKind>,
    pub added: usize,
    /// Known ones that really became others.
    pub changed: usize,
    pub removed: usize,
    pub bodies: usize,
    /// A library could not be read: nothing was removed, and what was saved in it is asked for again.
    pub incomplete: bool,
    /// Which ones, and why.
    pub unread: Option<String>,
    /// The server counts less than is known: something was removed there.
    pub wants_full: bool,
}

pub(super) struct Run<'a> {
    pub(super) sync: &'a Arc<Inner>,
    pub(super) server: Arc<Server>,
    pub(super) account: Account,
    pub(super) crawl: CrawlRow,
    pub(super) cursor: Cursor,
    pub(super) phase: Phase,
    pub(super) libraries: Vec<SourceLibraryRow>,
    pub(super) report: CrawlReport,
    /// What links must be asked about.
    pub(super) touched: Touched,
    /// Found, but not shown yet.
    pending: HashMap<i64, CopySeed>,
    pending_removed: Vec<i64>,
    published: Instant,
}

impl<'a> Run<'a> {
    pub(super) async fn new(
        sync: &'a Arc<Inner>,
        server: Arc<Server>,
        account: Account,
    ) -> Result<Run<'a>, SyncError> {
        let known = crawls::get(&sync.db, server.id).await?;
        let crawl = known.unwrap_or_else(|| CrawlRow {
            server_id: server.id,
            phase: Phase::Idle.as_str().to_owned(),
            ..CrawlRow::default()
        });
        Ok(Self {
            sync,
            server,
            account,
            cursor: Cursor::read(&crawl),
            crawl,
            phase: Phase::Idle,
            libraries: Vec::new(),
            report: CrawlReport::default(),
            touched: Touched::default(),
            pending: HashMap::new(),
            pending_removed: Vec::new(),
            published: Instant::now(),
        })
    }

    /// Goes on with what was interrupted, or begins anew; to the end, or to the first error.
    pub(super) async fn run(&mut self, wanted: CrawlKind) -> Result<(), SyncError> {
        let result = self.go(wanted).await;
        // What was found so far is shown, whatever stopped it.
        let published = self.publish(true).await;
        if let Err(error) = &result {
            self.crawl.error = Some(error.to_string());
            self.phase = Phase::Idle;
            self.crawl.phase = self.phase.as_str().to_owned();
            crawls::put(&self.sync.db, &self.crawl).await?;
            self.tell();
        }
        result.and(published)
    }

    async fn go(&mut self, wanted: CrawlKind) -> Result<(), SyncError> {
        self.begin(wanted).await?;
        self.enter(Phase::Libraries, 0);
        if self.read_libraries().await? && self.cursor.kind == Some(CrawlKind::Changes) {
            // A library that came anew holds items that were saved long ago.
            self.cursor.kind = None;
            self.cursor.next_since = self.cursor.since;
            self.begin(CrawlKind::Full).await?;
        }
        if !self.cursor.pages_done {
            self.enter(Phase::Items, self.crawl.total);
            self.read_items().await?;
            if self.cursor.kind == Some(CrawlKind::Full) && !self.report.incomplete {
                self.enter(Phase::Reconcile, 0);
                self.reconcile().await?;
            }
            self.cursor.pages_done = true;
            self.save().await?;
        }
        self.publish(true).await?;
        self.enter(Phase::Access, 0);
        self.sync.access_after(self.server.id, &self.touched).await;
        let wanting = copies::count_without_body(&self.sync.db, self.server.id).await?;
        self.enter(Phase::Bodies, wanting);
        self.read_bodies().await?;
        self.finish().await
    }

    async fn begin(&mut self, wanted: CrawlKind) -> Result<(), SyncError> {
        let owed = self.crawl.full_finished_at.is_none() || self.cursor.owes_full;
        let wanted = if owed { CrawlKind::Full } else { wanted };
        let resumes = match self.cursor.kind {
            Some(CrawlKind::Full) => true,
            Some(CrawlKind::Changes) => wanted == CrawlKind::Changes,
            None => false,
        };
        self.touched.more |= resumes;
        if !resumes {
            let now = self.sync.clock.millis();
            let overlap = i64::try_from(self.sync.settings.overlap.as_millis()).unwrap_or(0);
            // A crawl that never ended leaves its changes for the next.
            if self.cursor.kind.is_none() {
                self.cursor.since = self.cursor.next_since;
            }
            self.cursor.next_since = self.server_now().await?.unwrap_or(now) - overlap;
            self.cursor.kind = Some(wanted);
            self.cursor.done_libraries.clear();
            self.cursor.unread.clear();
            self.cursor.start = 0;
            self.cursor.pages_done = false;
            if wanted == CrawlKind::Full {
                self.crawl.generation += 1;
            }
            self.crawl.started_at = Some(now);
            self.crawl.done = 0;
            self.crawl.total = 0;
        }
        self.crawl.error = None;
        self.report.kind = self.cursor.kind;
        self.report.incomplete = !self.cursor.unread.is_empty();
        self.save().await
    }

    async fn finish(&mut self) -> Result<(), SyncError> {
        let counts = self.counts().await?;
        self.report.wants_full = self.cursor.kind == Some(CrawlKind::Changes)
            && self.cursor.counts.iter().any(|(kind, before)| {
                let added = self.cursor.added.get(kind).copied().unwrap_or(0);
                counts.get(kind).is_some_and(|now| *now < before + added)
            });
        let now = self.sync.clock.millis();
        if self.cursor.kind == Some(CrawlKind::Full) {
            self.cursor.owes_full = self.report.incomplete;
            if !self.report.incomplete {
                self.crawl.full_finished_at = Some(now);
            }
        }
        if self.report.incomplete {
            // What was saved meanwhile in the libraries that failed is still to be found.
            self.cursor.next_since = self.cursor.since;
            let unread = self.cursor.unread.join("; ");
            self.report.unread = Some(format!("libraries that cannot be read: {unread}"));
            self.crawl.error.clone_from(&self.report.unread);
        }
        self.crawl.finished_at = Some(now);
        self.cursor.kind = None;
        self.cursor.counts = counts;
        self.cursor.added.clear();
        self.phase = Phase::Idle;
        self.save().await?;
        self.tell();
        Ok(())
    }

    /// Keeps the present place.
    pub(super) async fn save(&mut self) -> Result<(), SyncError> {
        self.mark();
        crawls::put(&self.sync.db, &self.crawl).await?;
        Ok(())
    }

    /// Writes the present place into the row that is kept next.
    pub(super) fn mark(&mut self) {
        self.crawl.phase = self.phase.as_str().to_owned();
        self.crawl.cursor = Some(self.cursor.write());
    }

    fn enter(&mut self, phase: Phase, total: i64) {
        self.phase = phase;
        if phase != Phase::Items {
            self.crawl.done = 0;
        }
        self.crawl.total = total;
        self.tell();
    }

    pub(super) fn tell(&self) {
        self.sync.board.tell(Progress {
            server_id: self.server.id,
            kind: self.cursor.kind,
            phase: self.phase,
            done: self.crawl.done,
            total: self.crawl.total.max(self.crawl.done),
            started_at: self.crawl.started_at,
            finished_at: self.crawl.finished_at,
            full_finished_at: self.crawl.full_finished_at,
            error: self.crawl.error.clone(),
        });
    }

    pub(super) fn show(&mut self, seed: CopySeed) {
        self.pending.insert(seed.row, seed);
    }

    pub(super) fn hide(&mut self, rows: &[i64]) {
        for row in rows {
            self.pending.remove(row);
        }
        self.pending_removed.extend(rows);
    }

    /// Hands over what was found: at the first time at once, then every few seconds, because a new
    /// snapshot costs.
    pub(super) async fn publish(&mut self, now: bool) -> Result<(), SyncError> {
        if self.pending.is_empty() && self.pending_removed.is_empty() {
            return Ok(());
        }
        if !now && self.published.elapsed() < self.sync.settings.publish_every {
            return Ok(());
        }
        let mut upserted: Vec<CopySeed> = self.pending.drain().map(|(_, seed)| seed).collect();
        let holders: Vec<i64> = upserted
            .iter()
            .filter(|seed| seed.light.kind.has_members())
            .map(|seed| seed.row)
            .collect();
        let mut members: HashMap<i64, Vec<UpstreamId>> = HashMap::new();
        for part in holders.chunks(500) {
            for (row, member) in bodies::members(&self.sync.db, part).await? {
                members
                    .entry(row)
                    .or_default()
                    .extend(member.parse::<UpstreamId>().ok());
            }
        }
        for seed in &mut upserted {
            if let Some(members) = members.remove(&seed.row) {
                seed.members = members.into();
            }
        }
        let removed = std::mem::take(&mut self.pending_removed);
        self.sync
            .sink
            .apply(CopyChanges { upserted, removed })
            .await?;
        self.published = Instant::now();
        Ok(())
    }

    /// The server's clock, by which it answers "since"; none where it does not tell.
    async fn server_now(&self) -> Result<Option<i64>, SyncError> {
        match self.server.get(&self.account, "/GetUtcTime", &[]).await {
            Ok(answer) => {
                let at = answer["ResponseTransmissionTime"].as_str();
                let at = at.and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
                Ok(at.map(|at| at.timestamp_millis()))
            }
            Err(error) if stops(&error) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

/// Whether an error stops the crawl: the server is away, or does not take the account.
pub(super) fn stops(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unauthorized => true,
        UpstreamError::Status { .. } | UpstreamError::Malformed { .. } => false,
        error => error.is_outage(),
    }
}
