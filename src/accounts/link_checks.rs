//! Whether a server still takes a linked account.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex as AsyncMutex;

use super::error::found;
use super::links::{PASSWORD, TOKEN, shown};
use super::service::{Accounts, Change};
use super::upstream_login::{Credentials, Proven, prove};
use super::viewers::read_id;
use super::{AccountsError, Actor, LinkState};
use crate::db::links::{LinkChange, LinkRow};
use crate::db::{links, sessions};
use crate::jellyfin::Server;
use crate::model::Secret;

/// The checks of one link in this process.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// At which count of all checks the last one began.
    began: u64,
    /// When it ended: milliseconds since 1970.
    pub(super) ended_at: i64,
    /// When the last few calls that were refused had the account signed in anew.
    pub(super) renewed_at: VecDeque<i64>,
    /// The token that the server takes, as it said when a call by it was refused.
    pub(super) believed: Option<Secret>,
}

impl Accounts {
    /// Asks a link's server whether it still takes the account. A token that is refused is renewed once by
    /// the stored password; if that fails too, the link is refused from now on, and the sessions that it
    /// opened end. A server that is silent changes nothing. Calls that come together share a question.
    /// Whatever is asked as a link comes here by itself where it is refused: see [`super::renewing`].
    ///
    /// # Errors
    /// `NotFound`; `Upstream` when the server is silent and the link is not known to work.
    pub async fn check_link(&self, id: i64) -> Result<LinkState, AccountsError> {
        let asked = self.0.check_count.fetch_add(1, Ordering::SeqCst);
        let slot = self.checks_of(id);
        let mut checks = slot.lock().await;
        let row = self.link_row(id).await?;
        // A question that began after this call came answers it too.
        if checks.began > asked {
            return Ok(state(&row));
        }
        self.check(&row, &mut checks).await
    }

    /// Held while a link is checked.
    pub(super) fn checks_of(&self, id: i64) -> Arc<AsyncMutex<Checks>> {
        let mut checks = self.0.checks.lock().unwrap_or_else(|e| e.into_inner());
        checks.entry(id).or_default().clone()
    }

    pub(super) async fn check(
        &self,
        row: &LinkRow,
        checks: &mut Checks,
    ) -> Result<LinkState, AccountsError> {
        let server = self.server_of(row.server_id)?;
        let began = self.0.check_count.fetch_add(1, Ordering::SeqCst);
        let verdict = self.ask(row, &server).await;
        checks.began = began;
        checks.ended_at = self.0.clock.millis();
        match verdict {
            Err(AccountsError::Upstream(error)) if error.is_outage() => match row.state.as_str() {
                "pending" => Err(error.into()),
                _ => Ok(state(row)),
            },
            Ok(Some(renewed)) => self.settle(row, Some(renewed), None).await,
            Ok(None) => self.settle(row, None, None).await,
            Err(AccountsError::WrongUpstreamCredentials) => {
                let reason = "the server does not accept the account any more";
                self.settle(row, None, Some(reason)).await
            }
            Err(AccountsError::SignInRefused(reason)) => self.settle(row, None, Some(reason)).await,
            Err(other) => Err(other),
        }
    }

    /// `None`: the token is good. `Some`: it was not, and this is a new one.
    async fn ask(&self, row: &LinkRow, server: &Server) -> Result<Option<Proven>, AccountsError> {
        if let Some(token) = &row.token {
            let token = Credentials::Token(self.0.vault.open(TOKEN, token)?);
            match prove(server, &token, &row.device_id).await {
                Ok(proven) => {
                    return the_same(row, proven)
                        .map(|proven| row.upstream_user_id.is_none().then_some(proven));
                }
                Err(AccountsError::WrongUpstreamCredentials) => {}
                Err(other) => return Err(other),
            }
        }
        let Some(password) = &row.password else {
            return Err(AccountsError::WrongUpstreamCredentials);
        };
        let credentials = Credentials::Password {
            username: row.username.clone(),
            password: self.0.vault.open(PASSWORD, password)?,
        };
        let proven = prove(server, &credentials, &row.device_id).await?;
        the_same(row, proven).map(Some)
    }

    /// Writes down what a check found.
    async fn settle(
        &self,
        row: &LinkRow,
        renewed: Option<Proven>,
        refused: Option<&str>,
    ) -> Result<LinkState, AccountsError> {
        let name = if refused.is_some() {
            "refused"
        } else {
            "active"
        };
        let moved = row.state != name;
        if !moved && renewed.is_none() {
            return Ok(state(row));
        }
        let mut change = LinkChange {
            state: Some(name.into()),
            state_reason: Some(refused.map(str::to_owned)),
            updated_at: Some(self.0.clock.millis()),
            ..LinkChange::default()
        };
        if let Some(proven) = renewed {
            change.token = Some(Some(self.0.vault.seal(TOKEN, &proven.token)));
            change.upstream_user_id = Some(Some(proven.user_id.to_string()));
            change.username = Some(proven.name);
        }
        let tx = self.0.db.begin().await?;
        let after = found("link", links::update(&tx, row.id, &change).await)?;
        if refused.is_some() {
            sessions::delete_of_link(&tx, row.id).await?;
        }
        if moved {
            let (before, after) = (Some(shown(row)), Some(shown(&after)));
            self.audit(&tx, &Actor::System, "link.check", row.id, before, after)
                .await?;
        }
        tx.commit().await?;
        let user = read_id(&row.user_id)?;
        self.changed(Change::Link { id: row.id, user }).await?;
        Ok(state(&after))
    }

    /// Asks for every link of a server that waits for its first contact. One that cannot be read keeps
    /// nobody else waiting.
    pub(super) async fn try_pending_links(&self, server_id: i64) -> Result<(), AccountsError> {
        for row in links::all(&self.0.db).await? {
            if row.server_id == server_id
                && row.state == "pending"
                && let Err(error) = self.check_link(row.id).await
            {
                tracing::warn!(link = row.id, %error, "a link waits on: {error}");
            }
        }
        Ok(())
    }
}

/// A name that was deleted and given to somebody else is not the account that was linked.
fn the_same(row: &LinkRow, proven: Proven) -> Result<Proven, AccountsError> {
    match &row.upstream_user_id {
        Some(known) if *known != proven.user_id.to_string() => Err(AccountsError::SignInRefused(
            "the account of that name is another one now",
        )),
        _ => Ok(proven),
    }
}

fn state(row: &LinkRow) -> LinkState {
    match row.state.as_str() {
        "active" => LinkState::Active,
        _ => LinkState::Refused {
            reason: row.state_reason.clone().unwrap_or_default(),
        },
    }
}
