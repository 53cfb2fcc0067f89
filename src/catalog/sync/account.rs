//! What the crawler must know of accounts.

use futures::future::BoxFuture;

use crate::jellyfin::Account;

/// A link as the crawler sees it.
#[derive(Debug, Clone)]
pub struct SyncLink {
    /// `account_links.id`.
    pub id: i64,
    pub server_id: i64,
    pub account: Account,
}

/// Who crawls, and which links there are.
pub trait Accounts: Send + Sync + 'static {
    /// The account that crawls a server, if there is one.
    fn crawler(&self, server_id: i64) -> BoxFuture<'_, Option<Account>>;
    /// The crawling account was refused: signs in once more where a password is kept. The account to
    /// go on with, if there is one.
    fn crawler_refused(&self, server_id: i64) -> BoxFuture<'_, Option<Account>>;
    /// The links to a server that are not refused.
    fn links(&self, server_id: i64) -> BoxFuture<'_, Vec<SyncLink>>;
    /// A link, unless it is gone or refused.
    fn link(&self, id: i64) -> BoxFuture<'_, Option<SyncLink>>;
    /// A link's account was refused: asks the server once more, and settles the link's state. The
    /// link to go on with; none when it is refused from now on.
    fn link_refused(&self, id: i64) -> BoxFuture<'_, Option<SyncLink>>;
}
