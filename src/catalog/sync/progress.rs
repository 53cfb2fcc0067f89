//! How far each crawl is, for people to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::db::crawls::CrawlRow;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrawlKind {
    /// Everything, and what is gone is removed.
    Full,
    /// What was saved since the last crawl.
    Changes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    #[default]
    Idle,
    Libraries,
    Items,
    /// Asking once more for what was not seen.
    Reconcile,
    Bodies,
    Access,
}

impl Phase {
    /// In the crawler's words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Libraries => "libraries",
            Self::Items => "items",
            Self::Reconcile => "reconcile",
            Self::Bodies => "bodies",
            Self::Access => "access",
        }
    }
}

/// One server's crawl at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Progress {
    pub server_id: i64,
    pub kind: Option<CrawlKind>,
    pub phase: Phase,
    /// Items done in this phase, and how many there are, as far as known.
    pub done: i64,
    pub total: i64,
    /// Milliseconds since 1970.
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    /// When a full crawl last came to its end.
    pub full_finished_at: Option<i64>,
    /// Why the last crawl stopped early.
    pub error: Option<String>,
}

impl Progress {
    /// Before anything was told in this process: how the last crawl left it.
    pub fn before(server_id: i64, row: CrawlRow) -> Self {
        Self {
            server_id,
            kind: None,
            phase: Phase::Idle,
            done: row.done,
            total: row.total,
            started_at: row.started_at,
            finished_at: row.finished_at,
            full_finished_at: row.full_finished_at,
            error: row.error,
        }
    }
}

#[derive(Clone)]
pub(super) struct Board {
    latest: Arc<Mutex<BTreeMap<i64, Progress>>>,
    told: broadcast::Sender<Progress>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            latest: Arc::default(),
            told: broadcast::Sender::new(256),
        }
    }
}

impl Board {
    pub fn tell(&self, progress: Progress) {
        let mut latest = self.latest.lock().unwrap_or_else(|e| e.into_inner());
        latest.insert(progress.server_id, progress.clone());
        drop(latest);
        // Nobody listening is fine.
        let _ = self.told.send(progress);
    }

    pub fn forget(&self, server_id: i64) {
        let mut latest = self.latest.lock().unwrap_or_else(|e| e.into_inner());
        latest.remove(&server_id);
    }

    pub fn latest(&self) -> Vec<Progress> {
        let latest = self.latest.lock().unwrap_or_else(|e| e.into_inner());
        latest.values().cloned().collect()
    }

    pub fn of(&self, server_id: i64) -> Option<Progress> {
        let latest = self.latest.lock().unwrap_or_else(|e| e.into_inner());
        latest.get(&server_id).cloned()
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Progress> {
        self.told.subscribe()
    }
}
