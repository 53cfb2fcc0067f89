//! Calls that a server refuses have their link checked at once, wherever they come from: a token that the
//! server forgot is renewed before anybody notices, and an account that it does not take any more sees
//! nothing from that moment.

use std::sync::Weak;

use futures::future::BoxFuture;

use super::service::{Accounts, Inner};
use super::{AccountsError, LinkState};
use crate::db::links::LinkRow;
use crate::jellyfin::Renewal;
use crate::model::Secret;

/// A token that the server takes, though it refused a call, is not asked about again for so long: the
/// server means that call.
const BELIEVED_MS: i64 = 10_000;
/// So many fresh sign-ins within [`WITHIN_MS`]: a server that forgets each token at once is left alone.
const MOST: usize = 6;
const WITHIN_MS: i64 = 60_000;

/// The accounts as the registry knows them. They hold the registry, so it must not hold them.
pub(super) struct Renewing(pub(super) Weak<Inner>);

impl Renewal for Renewing {
    fn renew<'a>(&'a self, link: i64, refused: &'a Secret) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(async move {
            let accounts = Accounts(self.0.upgrade()?);
            match accounts.renewed(link, refused).await {
                Ok(token) => token,
                Err(error) => {
                    tracing::debug!(link, %error, "a refused link could not be checked: {error}");
                    None
                }
            }
        })
    }
}

impl Accounts {
    async fn renewed(&self, id: i64, refused: &Secret) -> Result<Option<Secret>, AccountsError> {
        let slot = self.checks_of(id);
        let mut checks = slot.lock().await;
        let row = self.link_row(id).await?;
        if row.state != "active" {
            return Ok(None);
        }
        // Another call was refused before this one.
        if let Some(token) = self.other_token(&row, refused)? {
            return Ok(Some(token));
        }
        let now = self.0.clock.millis();
        while checks
            .renewed_at
            .front()
            .is_some_and(|at| now - at >= WITHIN_MS)
        {
            checks.renewed_at.pop_front();
        }
        let is_believed = checks.believed.as_ref() == Some(refused)
            && (0..BELIEVED_MS).contains(&(now - checks.ended_at));
        if is_believed || checks.renewed_at.len() >= MOST {
            return Ok(None);
        }
        let state = self.check(&row, &mut checks).await?;
        let token = match state {
            LinkState::Active => self.other_token(&self.link_row(id).await?, refused)?,
            LinkState::Refused { .. } => return Ok(None),
        };
        match &token {
            Some(_) => checks.renewed_at.push_back(now),
            None => checks.believed = Some(refused.clone()),
        }
        Ok(token)
    }

    /// The link's token, where it is another one than this.
    fn other_token(&self, row: &LinkRow, than: &Secret) -> Result<Option<Secret>, AccountsError> {
        let account = self.account(row)?;
        Ok(account
            .map(|account| account.token)
            .filter(|token| token != than))
    }
}
