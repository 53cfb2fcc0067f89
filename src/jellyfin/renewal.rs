//! Calls as an account whose token the server may have forgotten: refused ones are made once more by a
//! token that was renewed meanwhile.

use std::sync::{Arc, RwLock};

use futures::future::BoxFuture;
use http::HeaderValue;

use super::auth::authorization;
use super::{Account, Server, UpstreamError};
use crate::model::Secret;

/// How often a call is renewed: whoever held a token that was renewed meanwhile gets that one first, which the
/// server may have forgotten too.
const RENEWALS: usize = 2;

/// Who can sign a linked account in again.
pub trait Renewal: Send + Sync + 'static {
    /// The server refused a call that was made by this token. The token to go on with; none where there is
    /// no other. Many calls may come at once.
    fn renew<'a>(&'a self, link: i64, refused: &'a Secret) -> BoxFuture<'a, Option<Secret>>;
}

/// The one who does it for all servers of a registry, once there is one.
#[derive(Clone, Default)]
pub(super) struct Renewals(Arc<RwLock<Option<Arc<dyn Renewal>>>>);

impl Renewals {
    pub(super) fn set(&self, renewal: Arc<dyn Renewal>) {
        *self.0.write().unwrap_or_else(|e| e.into_inner()) = Some(renewal);
    }

    async fn renew(&self, link: i64, refused: &Secret) -> Option<Secret> {
        let known = self.0.read().unwrap_or_else(|e| e.into_inner()).clone();
        known?.renew(link, refused).await
    }
}

impl Server {
    /// Makes a call as an account, by what says so and by the token in it. What is refused (401, 403) was not
    /// done, so a change too may be sent again. The account that crawls belongs to no link: its crawls look after it
    /// themselves.
    pub(super) async fn as_account<T, F, Fut>(
        &self,
        account: &Account,
        call: F,
    ) -> Result<T, UpstreamError>
    where
        F: Fn(HeaderValue, &Secret) -> Fut,
        Fut: Future<Output = Result<T, UpstreamError>>,
    {
        let by = |account: &Account| {
            let header = authorization(&account.device_id, Some(account));
            call(header, &account.token)
        };
        let mut account = account.clone();
        for _ in 0..RENEWALS {
            let answer = by(&account).await;
            let (Err(UpstreamError::Unauthorized | UpstreamError::Forbidden), Some(link)) =
                (&answer, account.link)
            else {
                return answer;
            };
            match self.renewals.renew(link, &account.token).await {
                Some(token) => account.token = token,
                None => return answer,
            }
        }
        by(&account).await
    }
}
