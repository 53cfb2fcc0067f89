//! How often and how much.

use std::time::Duration;

/// The pace of crawling. Tests shorten it.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// Items a page of light fields: what a crawl holds beside the catalog grows with it.
    pub page: usize,
    /// Bodies a request.
    pub bodies: usize,
    /// Items a page of an access set.
    pub access_page: usize,
    /// One page's deadline.
    pub deadline: Duration,
    /// From the start to the first crawl of a server that was crawled before: whoever waited for the start
    /// is answered first.
    pub first_after: Duration,
    /// Between two incremental crawls that nothing hurries.
    pub changes_every: Duration,
    /// Between two full ones.
    pub full_every: Duration,
    /// After a failed crawl.
    pub retry: Duration,
    /// From a server's word that something changed to the crawl: more words may follow.
    pub settle: Duration,
    /// How long a link's access set counts as fresh.
    pub access_every: Duration,
    /// How long a link counts as in use after its last request.
    pub in_use: Duration,
    /// How long an answer waits for a link's access set to be renewed.
    pub access_patience: Duration,
    /// Asked for again, so that a server's clock that is off loses nothing.
    pub overlap: Duration,
    /// Changes are shown at the latest this long after they were found.
    pub publish_every: Duration,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            page: 250,
            bodies: 100,
            access_page: 1000,
            deadline: Duration::from_secs(60),
            first_after: Duration::from_secs(2),
            changes_every: Duration::from_secs(300),
            full_every: Duration::from_secs(24 * 3600),
            retry: Duration::from_secs(30),
            settle: Duration::from_secs(2),
            access_every: Duration::from_secs(15 * 60),
            in_use: Duration::from_secs(3600),
            access_patience: Duration::from_millis(700),
            overlap: Duration::from_secs(120),
            publish_every: Duration::from_secs(3),
        }
    }
}
