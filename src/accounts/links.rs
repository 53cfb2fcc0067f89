//! Accounts on the servers: linking, renewing, refusing.

use serde_json::{Value, json};

use super::limiter::LinkAttempt;
use super::service::{Accounts, Change};
use super::upstream_login::{Credentials, Proven, log_out, prove};
use super::viewers::read_id;
use super::{AccountsError, Actor};
use crate::db::links::{LinkChange, LinkRow, NewLink};
use crate::db::{DbError, Transaction, links};
use crate::error::InvalidInput;
use crate::jellyfin::Server;
use crate::model::{PublicId, UpstreamId};

/// What sealed secrets are for.
pub(super) const TOKEN: &str = "link.token";
pub(super) const PASSWORD: &str = "link.password";

/// A link as its user and administrators may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInfo {
    pub id: i64,
    pub user_id: PublicId,
    pub server_id: i64,
    pub username: String,
    /// None while the server was never reached.
    pub upstream_user_id: Option<UpstreamId>,
    pub state: LinkInfoState,
    /// Whether the account signs its user in here.
    pub sign_in: bool,
    /// Several users are linked to the account.
    pub shared: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkInfoState {
    Active,
    /// Its server was not reached yet.
    Pending,
    Refused {
        reason: String,
    },
}

/// For the audit: no secrets.
pub(super) fn shown(row: &LinkRow) -> Value {
    json!({
        "user": row.user_id,
        "server": row.server_id,
        "username": row.username,
        "signIn": row.sign_in,
        "state": row.state,
    })
}

impl Accounts {
    /// A user's links.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn links(
        &self,
        actor: &Actor,
        user: PublicId,
    ) -> Result<Vec<LinkInfo>, AccountsError> {
        actor.need_to_be(user)?;
        let shared = links::shared_accounts(&self.0.db).await?;
        let rows = links::of_user(&self.0.db, &user.to_string()).await?;
        rows.iter().map(|row| info(row, &shared)).collect()
    }

    /// Every active link with its account: what crawls of access sets go through.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_links(&self) -> Result<Vec<(PublicId, super::Link)>, AccountsError> {
        let shared = links::shared_accounts(&self.0.db).await?;
        let mut all = Vec::new();
        for row in links::all(&self.0.db).await? {
            let is_shared = is_shared(&row, &shared);
            if let Some(link) = self.link(&row, is_shared)? {
                all.push((read_id(&row.user_id)?, link));
            }
        }
        Ok(all)
    }

    /// Links a user to a server, or renews the link that is there. The server is asked at once; a
    /// password is kept, sealed, to renew the token by.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `TooManyAttempts`, `WrongUpstreamCredentials`, `Upstream`; `InvalidInput`
    /// for the sign-in of an administrator.
    pub async fn link_account(
        &self,
        actor: &Actor,
        user: PublicId,
        server_id: i64,
        credentials: Credentials,
        sign_in: bool,
    ) -> Result<LinkInfo, AccountsError> {
        actor.need_to_be(user)?;
        self.may_sign_in(user, sign_in).await?;
        let server = self.server_of(server_id)?;
        let known = links::of_user_on(&self.0.db, &user.to_string(), server_id).await?;
        let device_id = PublicId::random().to_string();
        let proven = self
            .prove_for(actor, &server, server_id, &credentials, &device_id)
            .await?;
        let tx = self.0.db.begin().await?;
        let row = self
            .put_link(
                &tx,
                known.as_ref(),
                user,
                server_id,
                &proven,
                &credentials,
                device_id,
                sign_in,
            )
            .await?;
        let before = known.as_ref().map(shown);
        self.audit(&tx, actor, "link.put", row.id, before, Some(shown(&row)))
            .await?;
        tx.commit().await?;
        self.changed(Change::Link { id: row.id, user }).await?;
        let shared = links::shared_accounts(&self.0.db).await?;
        info(&row, &shared)
    }

    /// Asks the server whether the account is the actor's. Wrong passwords cost: nobody tries an account of
    /// somebody else's server out through here.
    async fn prove_for(
        &self,
        actor: &Actor,
        server: &Server,
        server_id: i64,
        credentials: &Credentials,
        device_id: &str,
    ) -> Result<Proven, AccountsError> {
        let username = match credentials {
            Credentials::Password { username, .. } => username.as_str(),
            Credentials::Token(_) => "",
        };
        let attempt = actor.user_id().map(|user| LinkAttempt {
            user,
            server: server_id,
            username,
        });
        if let Some(attempt) = &attempt {
            self.0.limiter.admit_link(attempt)?;
        }
        let proven = prove(server, credentials, device_id).await;
        let is_wrong = matches!(proven, Err(AccountsError::WrongUpstreamCredentials));
        if let (Some(attempt), false) = (&attempt, is_wrong) {
            self.0.limiter.give_back_link(attempt);
        }
        proven
    }

    /// A link whose server cannot be reached yet: found out at first contact.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `InvalidInput`.
    pub async fn link_later(
        &self,
        actor: &Actor,
        user: PublicId,
        server_id: i64,
        credentials: Credentials,
        sign_in: bool,
    ) -> Result<LinkInfo, AccountsError> {
        actor.need_administrator()?;
        self.may_sign_in(user, sign_in).await?;
        let now = self.0.clock.millis();
        let (username, token, password) = match &credentials {
            Credentials::Password { username, password } => (
                username.clone(),
                None,
                Some(self.0.vault.seal(PASSWORD, password)),
            ),
            Credentials::Token(token) => {
                (String::new(), Some(self.0.vault.seal(TOKEN, token)), None)
            }
        };
        let link = NewLink {
            user_id: user.to_string(),
            server_id,
            upstream_user_id: None,
            username,
            token,
            password,
            device_id: PublicId::random().to_string(),
            sign_in,
            state: "pending".into(),
            state_reason: None,
            created_at: now,
            updated_at: now,
        };
        let tx = self.0.db.begin().await?;
        let row = links::insert(&tx, &link).await?;
        self.audit(&tx, actor, "link.put", row.id, None, Some(shown(&row)))
            .await?;
        tx.commit().await?;
        self.changed(Change::Link { id: row.id, user }).await?;
        info(&row, &[])
    }

    #[expect(clippy::too_many_arguments, reason = "one row, two callers")]
    pub(super) async fn put_link(
        &self,
        tx: &Transaction,
        known: Option<&LinkRow>,
        user: PublicId,
        server_id: i64,
        proven: &Proven,
        credentials: &Credentials,
        device_id: String,
        sign_in: bool,
    ) -> Result<LinkRow, AccountsError> {
        let now = self.0.clock.millis();
        let token = Some(self.0.vault.seal(TOKEN, &proven.token));
        let password = match credentials {
            Credentials::Password { password, .. } => Some(self.0.vault.seal(PASSWORD, password)),
            Credentials::Token(_) => None,
        };
        let upstream_user_id = Some(proven.user_id.to_string());
        let Some(known) = known else {
            let link = NewLink {
                user_id: user.to_string(),
                server_id,
                upstream_user_id,
                username: proven.name.clone(),
                token,
                password,
                device_id,
                sign_in,
                state: "active".into(),
                state_reason: None,
                created_at: now,
                updated_at: now,
            };
            return Ok(links::insert(tx, &link).await?);
        };
        if known.upstream_user_id.is_some() && known.upstream_user_id != upstream_user_id {
            // Another account: what was agreed and opened by the old one is not its.
            links::delete(tx, known.id).await?;
            let fresh = Box::pin(self.put_link(
                tx,
                None,
                user,
                server_id,
                proven,
                credentials,
                device_id,
                sign_in,
            ));
            return fresh.await;
        }
        let change = LinkChange {
            upstream_user_id: Some(upstream_user_id),
            username: Some(proven.name.clone()),
            token: Some(token),
            password: Some(password),
            device_id: Some(device_id),
            sign_in: Some(sign_in),
            state: Some("active".into()),
            state_reason: Some(None),
            updated_at: Some(now),
        };
        Ok(links::update(tx, known.id, &change).await?)
    }

    /// Switches on or off that the linked account signs its user in here.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`; `InvalidInput` for an administrator.
    pub async fn set_link_sign_in(
        &self,
        actor: &Actor,
        link: i64,
        sign_in: bool,
    ) -> Result<LinkInfo, AccountsError> {
        let (row, user) = self.link_for(actor, link).await?;
        self.may_sign_in(user, sign_in).await?;
        let change = LinkChange {
            sign_in: Some(sign_in),
            ..LinkChange::default()
        };
        let tx = self.0.db.begin().await?;
        let after = links::update(&tx, link, &change).await?;
        let (old, new) = (Some(shown(&row)), Some(shown(&after)));
        self.audit(&tx, actor, "link.set_sign_in", link, old, new)
            .await?;
        tx.commit().await?;
        self.changed(Change::Link { id: link, user }).await?;
        let shared = links::shared_accounts(&self.0.db).await?;
        info(&after, &shared)
    }

    /// Takes a link away; what it saw is not seen from then on.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn unlink(&self, actor: &Actor, link: i64) -> Result<(), AccountsError> {
        let (row, user) = self.link_for(actor, link).await?;
        let tx = self.0.db.begin().await?;
        links::delete(&tx, link).await?;
        self.audit(&tx, actor, "link.delete", link, Some(shown(&row)), None)
            .await?;
        tx.commit().await?;
        self.changed(Change::Link { id: link, user }).await?;
        // A token that was made here is ended there; one that was brought is its bringer's.
        if row.password.is_some()
            && let Some(server) = self.0.registry.get(row.server_id)
            && let Ok(Some(account)) = self.account(&row)
        {
            tokio::spawn(async move { log_out(&server, &account).await });
        }
        Ok(())
    }

    async fn may_sign_in(&self, user: PublicId, sign_in: bool) -> Result<(), AccountsError> {
        let row = self.user_by_id(user).await?;
        if sign_in && row.is_administrator {
            let problem = "an administrator does not sign in by a server's account";
            return Err(InvalidInput::new("signIn", problem, "false").into());
        }
        Ok(())
    }

    /// A link that the actor may change. Somebody else's is none: its number tells nothing.
    async fn link_for(
        &self,
        actor: &Actor,
        link: i64,
    ) -> Result<(LinkRow, PublicId), AccountsError> {
        let row = self.link_row(link).await?;
        let user = read_id(&row.user_id)?;
        match actor.need_to_be(user) {
            Ok(()) => Ok((row, user)),
            Err(_) => Err(AccountsError::NotFound("link")),
        }
    }

    pub(super) async fn link_row(&self, id: i64) -> Result<LinkRow, AccountsError> {
        links::by_id(&self.0.db, id)
            .await?
            .ok_or(AccountsError::NotFound("link"))
    }

    pub(super) fn server_of(&self, id: i64) -> Result<std::sync::Arc<Server>, AccountsError> {
        self.0
            .registry
            .get(id)
            .ok_or(AccountsError::NotFound("server"))
    }
}

pub(super) fn is_shared(row: &LinkRow, shared: &[(i64, String)]) -> bool {
    shared.iter().any(|(server, account)| {
        *server == row.server_id && Some(account) == row.upstream_user_id.as_ref()
    })
}

fn info(row: &LinkRow, shared: &[(i64, String)]) -> Result<LinkInfo, AccountsError> {
    Ok(LinkInfo {
        id: row.id,
        user_id: read_id(&row.user_id)?,
        server_id: row.server_id,
        username: row.username.clone(),
        upstream_user_id: row
            .upstream_user_id
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| DbError::Damaged("a link's account".into()))?,
        state: match row.state.as_str() {
            "active" => LinkInfoState::Active,
            "pending" => LinkInfoState::Pending,
            _ => LinkInfoState::Refused {
                reason: row.state_reason.clone().unwrap_or_default(),
            },
        },
        sign_in: row.sign_in,
        shared: is_shared(row, shared),
    })
}
