//! Where a crawl is, as it is kept in `crawls.cursor`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CrawlKind;
use crate::db::crawls::CrawlRow;

/// Enough to go on after a kill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cursor {
    /// What is under way; none between two crawls.
    pub kind: Option<CrawlKind>,
    /// An incremental crawl asks for what was saved since: milliseconds by the server's clock.
    pub since: i64,
    /// The `since` of the next one: when this one began.
    pub next_since: i64,
    /// Libraries (`library_id`) that are done, the present one not among them.
    pub done_libraries: Vec<String>,
    /// The first item of the next page of the present library.
    pub start: usize,
    /// Libraries that could not be read by the crawl that is under way, and why.
    pub unread: Vec<String>,
    /// The last full crawl left some out.
    pub owes_full: bool,
    /// Pages are done: bodies are next.
    pub pages_done: bool,
    /// What the server counted by kind when its crawl last ended, to see removals by.
    pub counts: BTreeMap<String, i64>,
    /// New and removed copies by kind since then.
    pub added: BTreeMap<String, i64>,
}

impl Cursor {
    /// What cannot be read is a crawl from the start.
    pub fn read(row: &CrawlRow) -> Self {
        let text = row.cursor.as_deref().unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("a cursor is plain data")
    }
}
