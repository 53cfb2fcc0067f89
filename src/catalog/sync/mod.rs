//! Keeps the catalog true: crawls every server, page by page, and what each link may see.
//!
//! A full crawl stamps a new generation on all that it sees and, at its end, asks once more for what
//! it did not see before that is removed. In between, incremental crawls ask for what was saved since
//! the last one; sockets hurry them. Every page is written with the place to go on from, so a crawl
//! that was killed at any moment goes on where it was.

mod access;
mod account;
mod bodies;
mod cursor;
/// Open to the fuzz targets.
#[doc(hidden)]
pub mod decode;
mod fields;
mod items;
mod libraries;
mod pages;
mod paging;
mod progress;
mod run;
mod service;
mod settings;
mod sink;
mod watcher;

pub use account::{Directory, SyncLink};
pub use progress::{CrawlKind, Phase, Progress};
pub use run::CrawlReport;
pub use service::{Sync, SyncParts};
pub use settings::SyncSettings;
pub use sink::{Sink, UserDataSeen};

use crate::db::DbError;
use crate::jellyfin::UpstreamError;

/// Why a crawl stopped. It goes on from where it was.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("there is no such server")]
    UnknownServer,
    /// The account that crawls cannot be used, or a link cannot be read.
    #[error(transparent)]
    Accounts(#[from] crate::accounts::AccountsError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("the database failed: {0}")]
    Db(#[from] DbError),
    #[error(transparent)]
    Catalog(#[from] super::CatalogError),
}
