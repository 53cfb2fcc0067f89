//! The catalog: what the servers have, as each viewer may see it. Browsing never waits for a server.
//!
//! `store` keeps an immutable [`snapshot::Snapshot`]; a [`scope::Scope`] is the part that one viewer's
//! links show; `query` and `home` make lists from it, `render` their Jellyfin bodies, `hydrate` fetches
//! what only bodies hold, `extras` what hangs on items and is in no list; `sync` keeps the snapshot true,
//! `watch` what was watched.

mod budget;
pub mod decisions;
pub mod events;
pub mod extras;
pub mod home;
pub mod hydrate;
mod identity;
mod load;
pub mod mix;
pub mod names;
pub mod playback;
pub mod query;
mod ratings;
pub mod render;
mod renewal;
pub mod scope;
pub mod scopes;
mod service;
pub mod snapshot;
pub mod store;
pub mod sync;
pub mod watch;

pub use identity::Remembered;
pub use service::Catalog;

use crate::db::DbError;
use crate::error::InvalidInput;
use crate::jellyfin::UpstreamError;
use crate::model::PublicId;

/// Why the catalog could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("there is no item {0}")]
    UnknownItem(PublicId),
    #[error("no server that has {0} can be reached")]
    Unavailable(PublicId),
    #[error("there is no library or folder {0}")]
    UnknownParent(PublicId),
    /// Every server that could answer is down or refuses; the last reason.
    #[error("no server could answer: {0}")]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Invalid(#[from] InvalidInput),
    #[error("the accounts could not be read: {0}")]
    Accounts(String),
    #[error("the database failed: {0}")]
    Db(#[from] DbError),
}

impl CatalogError {
    /// The reason in words, which hold no secret.
    pub(crate) fn accounts(error: crate::accounts::AccountsError) -> Self {
        Self::Accounts(error.to_string())
    }
}
