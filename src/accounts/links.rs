//! Accounts on the servers: linking, renewing, refusing.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::service::{Accounts, Change};
use super::viewers::read_id;
use super::{AccountsError, Actor, LinkState, names};
use crate::db::links::{LinkChange, LinkRow, NewLink};
use crate::db::{DbError, links, sessions};
use crate::error::InvalidInput;
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::{PublicId, Secret, UpstreamId};

/// What sealed secrets are for.
pub(super) const TOKEN: &str = "link.token";
pub(super) const PASSWORD: &str = "link.password";

/// How to get in on a server.
#[derive(Debug, Clone)]
pub enum Credentials {
    Password {
        username: String,
        password: Secret,
    },
    /// A token of a user, not an API key.
    Token(Secret),
}

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

/// Who an account is, as its server just said.
pub(super) struct Proven {
    pub user_id: UpstreamId,
    pub name: String,
    pub token: Secret,
}

/// For the audit: no secrets.
fn shown(row: &LinkRow) -> Value {
    json!({
        "user": row.user_id,
        "server": row.server_id,
        "username": row.username,
        "signIn": row.sign_in,
        "state": row.state,
    })
}

/// Asks a server who these credentials are.
pub(super) async fn prove(
    server: &Server,
    credentials: &Credentials,
    device_id: &str,
) -> Result<Proven, AccountsError> {
    match credentials {
        Credentials::Password { username, password } => {
            let answer = server.authenticate(username, password, device_id).await?;
            Ok(Proven {
                user_id: answer.user_id,
                name: answer.name,
                token: answer.token,
            })
        }
        Credentials::Token(token) => {
            let account = Account {
                user_id: UpstreamId::default(),
                token: token.clone(),
                device_id: device_id.to_owned(),
                link: None,
            };
            let (user_id, name) = whoami(server, &account).await?;
            Ok(Proven {
                user_id,
                name,
                token: token.clone(),
            })
        }
    }
}

async fn whoami(server: &Server, account: &Account) -> Result<(UpstreamId, String), UpstreamError> {
    let me = match server.get(account, "/Users/Me", &[]).await {
        // What an API key is answered: it belongs to nobody.
        Err(UpstreamError::Status { status: 400 } | UpstreamError::NotFound) => {
            return Err(UpstreamError::Unauthorized);
        }
        other => other?,
    };
    let id = me["Id"].as_str().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| UpstreamError::Malformed {
        reason: "the user has no id".into(),
    })?;
    if me["Policy"]["IsDisabled"] == Value::Bool(true) {
        return Err(UpstreamError::Forbidden);
    }
    Ok((id, me["Name"].as_str().unwrap_or_default().to_owned()))
}

/// Ends a token that is not needed (any more); whether that worked changes nothing.
pub(super) async fn log_out(server: &Server, account: &Account) {
    if let Err(error) = server.post(account, "/Sessions/Logout", &[], None).await {
        tracing::debug!(%error, "a token upstream could not be ended: {error}");
    }
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
    /// `Forbidden`, `NotFound`, `WrongUpstreamCredentials`, `Upstream`; `InvalidInput` for the
    /// sign-in of an administrator.
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
        let proven = prove(&server, &credentials, &device_id).await?;
        let row = self
            .put_link(
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
        self.audit(actor, "link.put", row.id, before, Some(shown(&row)))
            .await?;
        self.changed(Change::Link { id: row.id, user }).await?;
        let shared = links::shared_accounts(&self.0.db).await?;
        info(&row, &shared)
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
        let row = links::insert(&self.0.db, &link).await?;
        self.audit(actor, "link.put", row.id, None, Some(shown(&row)))
            .await?;
        self.changed(Change::Link { id: row.id, user }).await?;
        info(&row, &[])
    }

    #[expect(clippy::too_many_arguments, reason = "one row, two callers")]
    pub(super) async fn put_link(
        &self,
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
            return Ok(links::insert(&self.0.db, &link).await?);
        };
        if known.upstream_user_id.is_some() && known.upstream_user_id != upstream_user_id {
            // Another account: what was agreed and opened by the old one is not its.
            links::delete(&self.0.db, known.id).await?;
            let fresh = Box::pin(self.put_link(
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
        Ok(links::update(&self.0.db, known.id, &change).await?)
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
        let row = self.link_row(link).await?;
        let user = read_id(&row.user_id)?;
        actor.need_to_be(user)?;
        self.may_sign_in(user, sign_in).await?;
        let change = LinkChange {
            sign_in: Some(sign_in),
            ..LinkChange::default()
        };
        let after = links::update(&self.0.db, link, &change).await?;
        self.audit(
            actor,
            "link.set_sign_in",
            link,
            Some(shown(&row)),
            Some(shown(&after)),
        )
        .await?;
        self.changed(Change::Link { id: link, user }).await?;
        let shared = links::shared_accounts(&self.0.db).await?;
        info(&after, &shared)
    }

    /// Takes a link away; what it saw is not seen from then on.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn unlink(&self, actor: &Actor, link: i64) -> Result<(), AccountsError> {
        let row = self.link_row(link).await?;
        let user = read_id(&row.user_id)?;
        actor.need_to_be(user)?;
        links::delete(&self.0.db, link).await?;
        self.audit(actor, "link.delete", link, Some(shown(&row)), None)
            .await?;
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

    /// Asks a link's server whether it still takes the account; to be called when a call by it was
    /// answered 401 or 403. A token that is refused is renewed once by the stored password; if that
    /// fails too, the link is refused from now on, and the sessions that it opened end. A server
    /// that is silent changes nothing. Calls that come together share a question.
    ///
    /// # Errors
    /// `NotFound`; `Upstream` when the server is silent and the link is not known to work.
    pub async fn check_link(&self, id: i64) -> Result<LinkState, AccountsError> {
        let asked = self.0.check_count.fetch_add(1, Ordering::SeqCst);
        let slot = {
            let mut checks = self.0.checks.lock().unwrap_or_else(|e| e.into_inner());
            checks.entry(id).or_default().clone()
        };
        let mut last = slot.lock().await;
        let row = self.link_row(id).await?;
        let server = self.server_of(row.server_id)?;
        // A question that began after this call came answers it too.
        if *last > asked {
            return Ok(state(&row));
        }
        let began = self.0.check_count.fetch_add(1, Ordering::SeqCst);
        let verdict = self.ask(&row, &server).await;
        *last = began;
        match verdict {
            Err(AccountsError::Upstream(error)) if error.is_outage() => match row.state.as_str() {
                "pending" => Err(error.into()),
                _ => Ok(state(&row)),
            },
            Ok(Some(renewed)) => self.settle(&row, Some(renewed), None).await,
            Ok(None) => self.settle(&row, None, None).await,
            Err(AccountsError::WrongUpstreamCredentials) => {
                let reason = "the server does not accept the account any more";
                self.settle(&row, None, Some(reason)).await
            }
            Err(AccountsError::SignInRefused(reason)) => {
                self.settle(&row, None, Some(reason)).await
            }
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
        let after = match links::update(&self.0.db, row.id, &change).await {
            Err(DbError::NotFound) => return Err(AccountsError::NotFound("link")),
            other => other?,
        };
        if refused.is_some() {
            sessions::delete_of_link(&self.0.db, row.id).await?;
        }
        if moved {
            let (before, after) = (Some(shown(row)), Some(shown(&after)));
            self.audit(&Actor::System, "link.check", row.id, before, after)
                .await?;
        }
        let user = read_id(&row.user_id)?;
        self.changed(Change::Link { id: row.id, user }).await?;
        Ok(state(&after))
    }

    /// Asks for every link of a server that waits for its first contact.
    pub(super) async fn try_pending_links(&self, server_id: i64) -> Result<(), AccountsError> {
        for row in links::all(&self.0.db).await? {
            if row.server_id == server_id && row.state == "pending" {
                match self.check_link(row.id).await {
                    Ok(_) | Err(AccountsError::Upstream(_)) => {}
                    Err(other) => return Err(other),
                }
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

/// The device id of sign-ins by a name on a server: the same each time, so that signing in again
/// renews the token there instead of adding one.
pub(super) fn sign_in_device(accounts: &Accounts, server_key: &str, name: &str) -> String {
    use sha2::{Digest, Sha256};
    let key = accounts.ids().derived_key("sign-in devices");
    let text = format!("{server_key}\n{}", names::key(name));
    let digest = Sha256::digest([key.as_slice(), text.as_bytes()].concat());
    hex::encode(&digest[..16])
}
