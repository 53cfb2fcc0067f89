//! Where what was found goes.

use futures::future::BoxFuture;

use crate::catalog::CatalogError;
use crate::catalog::scope::LinkAccess;
use crate::catalog::store::{CopyChanges, Store};
use crate::model::UpstreamId;

/// What a server told of one item to one link.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDataSeen {
    /// `account_links.id`.
    pub link: i64,
    pub upstream_id: UpstreamId,
    pub played: bool,
    pub play_count: i32,
    /// Ticks of 100 nanoseconds.
    pub position: i64,
    /// Milliseconds since 1970, by the server's clock.
    pub last_played: Option<i64>,
    pub favorite: bool,
    pub likes: Option<bool>,
    /// Milliseconds since 1970, by our clock: when it was asked for.
    pub asked_at: i64,
}

/// Takes over what the crawl found; the database has it already.
pub trait Sink: Send + Sync + 'static {
    fn apply(&self, changes: CopyChanges) -> BoxFuture<'_, Result<(), CatalogError>>;
    /// Servers' libraries became others.
    fn libraries_changed(&self) -> BoxFuture<'_, Result<(), CatalogError>>;
    /// None: the link sees nothing.
    fn set_access(&self, link: i64, access: Option<LinkAccess>) -> BoxFuture<'_, ()>;
}

impl Sink for Store {
    fn apply(&self, changes: CopyChanges) -> BoxFuture<'_, Result<(), CatalogError>> {
        Box::pin(self.apply(changes))
    }

    fn libraries_changed(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        Box::pin(self.reload_configuration())
    }

    fn set_access(&self, link: i64, access: Option<LinkAccess>) -> BoxFuture<'_, ()> {
        Box::pin(self.set_access(link, access))
    }
}
