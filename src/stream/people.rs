//! Users as viewers, for requests that name theirs by nothing but a right.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use moka::future::Cache;

use super::StreamError;
use crate::accounts::{Accounts, AccountsError, Viewer};
use crate::model::PublicId;

/// A film in segments asks for its viewer every few seconds.
const FRESH: Duration = Duration::from_secs(60);

/// See the module.
pub trait People: Send + Sync {
    /// Everybody who is not disabled.
    fn users(&self) -> BoxFuture<'_, Result<Vec<PublicId>, StreamError>>;

    /// The user with their links, without a session; none for one who is gone or disabled.
    fn viewer(&self, user: PublicId) -> BoxFuture<'_, Result<Option<Arc<Viewer>>, StreamError>>;
}

/// The users of this installation, remembered until something about accounts changes.
pub struct KnownPeople {
    accounts: Accounts,
    viewers: Cache<(PublicId, u64), Option<Arc<Viewer>>>,
    users: Cache<u64, Arc<[PublicId]>>,
}

impl KnownPeople {
    pub fn new(accounts: Accounts) -> Self {
        Self {
            accounts,
            viewers: Cache::builder()
                .max_capacity(1000)
                .time_to_live(FRESH)
                .build(),
            users: Cache::builder().max_capacity(2).time_to_live(FRESH).build(),
        }
    }
}

impl People for KnownPeople {
    fn users(&self) -> BoxFuture<'_, Result<Vec<PublicId>, StreamError>> {
        Box::pin(async move {
            let read = async {
                let users = self.accounts.users().await?;
                let enabled = users.iter().filter(|user| !user.is_disabled);
                Ok(enabled.map(|user| user.id).collect())
            };
            let generation = self.accounts.generation();
            let users = self.users.try_get_with(generation, read).await;
            users.map(|users| users.to_vec()).map_err(failed)
        })
    }

    fn viewer(&self, user: PublicId) -> BoxFuture<'_, Result<Option<Arc<Viewer>>, StreamError>> {
        Box::pin(async move {
            let read = async { Ok(self.accounts.viewer_of_user(user).await?.map(Arc::new)) };
            let key = (user, self.accounts.generation());
            self.viewers.try_get_with(key, read).await.map_err(failed)
        })
    }
}

fn failed(error: Arc<AccountsError>) -> StreamError {
    tracing::error!(%error, "a viewer could not be read: {error}");
    StreamError::Internal
}
