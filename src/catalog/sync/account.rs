//! What the crawler must know of accounts.

use futures::future::BoxFuture;

use super::SyncError;
use crate::accounts::{Accounts, Link, LinkState};
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
pub trait Directory: Send + Sync + 'static {
    /// The account that crawls a server.
    fn crawler(&self, server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>>;
    /// The crawling account was refused: signs in once more where a password is kept.
    fn crawler_refused(&self, server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>>;
    /// The links to a server that are not refused.
    fn links(&self, server_id: i64) -> BoxFuture<'_, Result<Vec<SyncLink>, SyncError>>;
    /// A link; none when it is gone or refused.
    fn link(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>>;
    /// A link's account was refused: asks the server once more, and settles the link's state. The
    /// link to go on with; none when it is refused from now on.
    fn link_refused(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>>;
    /// A server's libraries were read: what waited for one of them is done.
    fn libraries_read(&self, server_id: i64) -> BoxFuture<'_, Result<(), SyncError>>;
    /// How a crawl ended: the server's version where it is known, and why it stopped early or left
    /// something out.
    fn crawled(
        &self,
        server_id: i64,
        version: Option<String>,
        trouble: Option<String>,
    ) -> BoxFuture<'_, Result<(), SyncError>>;
}

impl Directory for Accounts {
    fn crawler(&self, server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>> {
        Box::pin(async move { Ok(self.crawl_account(server_id).await?) })
    }

    fn crawler_refused(&self, server_id: i64) -> BoxFuture<'_, Result<Account, SyncError>> {
        Box::pin(async move { Ok(self.renew_crawl_account(server_id).await?) })
    }

    fn links(&self, server_id: i64) -> BoxFuture<'_, Result<Vec<SyncLink>, SyncError>> {
        Box::pin(async move {
            let all = self.all_links().await?.into_iter();
            let active = all.filter_map(|(_, link)| read(link));
            Ok(active.filter(|link| link.server_id == server_id).collect())
        })
    }

    fn link(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>> {
        Box::pin(async move {
            let mut all = self.all_links().await?.into_iter();
            Ok(all
                .find(|(_, link)| link.id == id)
                .and_then(|(_, link)| read(link)))
        })
    }

    fn libraries_read(&self, server_id: i64) -> BoxFuture<'_, Result<(), SyncError>> {
        Box::pin(async move {
            self.find_pending_sources(server_id).await?;
            Ok(())
        })
    }

    fn crawled(
        &self,
        server_id: i64,
        version: Option<String>,
        trouble: Option<String>,
    ) -> BoxFuture<'_, Result<(), SyncError>> {
        Box::pin(async move {
            self.note_server(server_id, version.as_deref(), trouble.as_deref())
                .await?;
            Ok(())
        })
    }

    fn link_refused(&self, id: i64) -> BoxFuture<'_, Result<Option<SyncLink>, SyncError>> {
        Box::pin(async move {
            // The call that was refused may have had it checked.
            if self.link(id).await?.is_none() {
                return Ok(None);
            }
            match self.check_link(id).await? {
                LinkState::Active => self.link(id).await,
                LinkState::Refused { .. } => Ok(None),
            }
        })
    }
}

fn read(link: Link) -> Option<SyncLink> {
    (link.state == LinkState::Active).then_some(SyncLink {
        id: link.id,
        server_id: link.server_id,
        account: link.account,
    })
}
