//! Signing in: by Manyfin's own password, or by an account of a server.
//!
//! The rules for the latter keep a server's operator, who can make and open any account there, from
//! becoming somebody here. An upstream account signs in only the user that it made, or one who
//! switched that on for the link; never an administrator, never by an account that several users are
//! linked to. What is typed goes to no server but those.

use std::net::IpAddr;
use std::sync::Arc;

use super::library_sources::is_called;
use super::limiter::{Origin, network};
use super::links::shown;
use super::names::{self, MAX_NAME};
use super::service::{Accounts, Change};
use super::sessions::{Device, SignedIn};
use super::upstream_login::{Credentials, Proven, log_out, prove, sign_in_device};
use super::users::{NewUser, insert_named};
use super::viewers::read_id;
use super::{AccountsError, Actor};
use crate::db::links::{LinkChange, LinkRow};
use crate::db::servers::ServerRow;
use crate::db::sessions::SessionRow;
use crate::db::users::UserRow;
use crate::db::{links, servers, sessions, users};
use crate::jellyfin::{Account, Server};
use crate::model::Secret;

/// A wish to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// A name, or `name@server`.
    pub username: String,
    pub password: Secret,
    pub device: Device,
    pub address: Option<IpAddr>,
}

/// Whom a right password stands for.
struct Who {
    user_id: String,
    made_by_link: Option<i64>,
}

impl Accounts {
    /// Opens a session for who the name and the password stand for.
    ///
    /// # Errors
    /// `InvalidCredentials`, `TooManyAttempts`, `SignInRefused`, `NameTaken`; `Upstream` when the
    /// server that has to be asked is silent.
    pub async fn sign_in(&self, wish: SignIn) -> Result<SignedIn, AccountsError> {
        let name_key = names::key(&wish.username);
        let from = self.whence(&name_key, &wish).await?;
        self.0.limiter.admit(wish.address, &name_key, from)?;
        let who = self
            .identify(&name_key, &wish.username, &wish.password)
            .await;
        if !matches!(who, Err(AccountsError::InvalidCredentials)) {
            self.0.limiter.give_back(wish.address, &name_key, from);
        }
        let who = who?;
        let device = &wish.device.id;
        self.0.limiter.remember(&name_key, device, wish.address);
        self.open_session(&who.user_id, who.made_by_link, &wish.device, wish.address)
            .await
    }

    /// Whether the name has signed in by this device or from this network: lately, or in a session
    /// that is still open.
    async fn whence<'a>(
        &self,
        name_key: &str,
        wish: &'a SignIn,
    ) -> Result<Origin<'a>, AccountsError> {
        let device = wish.device.id.as_str();
        let known = self.0.limiter.knows(name_key, device, wish.address);
        if known != Origin::Elsewhere {
            return Ok(known);
        }
        let Some(user) = users::by_name_key(&self.0.db, name_key).await? else {
            return Ok(known);
        };
        let open = sessions::list(&self.0.db, Some(&user.id)).await?;
        if !device.is_empty() && open.iter().any(|session| session.device_id == device) {
            return Ok(Origin::Device(device));
        }
        let here = wish.address.map(network);
        let from_here = |session: &SessionRow| {
            let address = session
                .remote_address
                .as_ref()
                .and_then(|text| text.parse().ok());
            here.is_some() && address.map(network) == here
        };
        Ok(match open.iter().any(from_here) {
            true => Origin::Network,
            false => Origin::Elsewhere,
        })
    }

    async fn identify(
        &self,
        name_key: &str,
        typed: &str,
        password: &Secret,
    ) -> Result<Who, AccountsError> {
        if let Some(user) = users::by_name_key(&self.0.db, name_key).await? {
            return self.known_user(&user, password).await;
        }
        // As slow as for a name that is known.
        self.0.passwords.verify(password, None).await?;
        let all = servers::all(&self.0.db).await?;
        let named = typed.rsplit_once('@').and_then(|(name, server)| {
            let key = names::key(server);
            Some((name, all.iter().find(|row| row.name_key == key)?))
        });
        let (name, server) = match named {
            Some(named) => named,
            None => {
                let first = self.0.sign_in_servers.first();
                let first = first.and_then(|name| all.iter().find(|row| is_called(row, name)));
                (typed, first.ok_or(AccountsError::InvalidCredentials)?)
            }
        };
        // A password for a server that signs nobody in goes to no other one either.
        if !self.signs_in(server) {
            return Err(AccountsError::InvalidCredentials);
        }
        self.by_server(server, name.trim(), password).await
    }

    /// Whether accounts of a server may sign in.
    fn signs_in(&self, server: &ServerRow) -> bool {
        let names = &self.0.sign_in_servers;
        names.iter().any(|name| is_called(server, name))
    }

    /// A name that is known here: its own password, else its own switched-on links.
    async fn known_user(&self, user: &UserRow, password: &Secret) -> Result<Who, AccountsError> {
        let hash = user.password_hash.as_deref();
        let right = self.0.passwords.verify(password, hash).await?;
        if user.is_disabled {
            return Err(AccountsError::InvalidCredentials);
        }
        if right {
            return Ok(Who {
                user_id: user.id.clone(),
                made_by_link: None,
            });
        }
        if user.is_administrator {
            return Err(AccountsError::InvalidCredentials);
        }
        let mut silent = None;
        for link in links::of_user(&self.0.db, &user.id).await? {
            match self.by_link(user, &link, password).await {
                Ok(true) => {
                    return Ok(Who {
                        user_id: user.id.clone(),
                        made_by_link: Some(link.id),
                    });
                }
                Ok(false) => {}
                Err(AccountsError::Upstream(error)) => silent = Some(error),
                Err(other) => return Err(other),
            }
        }
        if let Some(error) = silent {
            return Err(AccountsError::Upstream(error));
        }
        match self.maker(user).await? {
            Some(server) => {
                let who = self.by_server(&server, &user.name, password).await?;
                // The name may be somebody else's there by now.
                if who.user_id == user.id {
                    Ok(who)
                } else {
                    Err(AccountsError::InvalidCredentials)
                }
            }
            None => Err(AccountsError::InvalidCredentials),
        }
    }

    /// The server whose account made a user, where the link went with an earlier row of that server.
    async fn maker(&self, user: &UserRow) -> Result<Option<ServerRow>, AccountsError> {
        let Some(key) = &user.made_by_server_key else {
            return Ok(None);
        };
        let all = servers::all(&self.0.db).await?;
        let server = all.into_iter().find(|row| row.server_key == *key);
        let Some(server) = server.filter(|row| self.signs_in(row)) else {
            return Ok(None);
        };
        let link = links::of_user_on(&self.0.db, &user.id, server.id).await?;
        Ok(link.is_none().then_some(server))
    }

    /// Asks a switched-on link's server about a typed password; renews the link when it is right.
    async fn by_link(
        &self,
        user: &UserRow,
        link: &LinkRow,
        password: &Secret,
    ) -> Result<bool, AccountsError> {
        let row = servers::by_id(&self.0.db, link.server_id).await?;
        // No account: its server was never reached.
        let (Some(row), Some(account)) = (row, &link.upstream_user_id) else {
            return Ok(false);
        };
        let made_by_it = user.made_by_server_key.as_ref() == Some(&row.server_key)
            && user.made_by_account.as_ref() == Some(account);
        if !link.sign_in || (made_by_it && !self.signs_in(&row)) {
            return Ok(false);
        }
        if links::of_account(&self.0.db, link.server_id, account)
            .await?
            .len()
            > 1
        {
            return Ok(false);
        }
        let server = self.server_of(link.server_id)?;
        let credentials = Credentials::Password {
            username: link.username.clone(),
            password: password.clone(),
        };
        match prove(&server, &credentials, &link.device_id).await {
            Ok(proven) if proven.user_id.to_string() == *account => {
                self.renew(link, &proven, link.device_id.clone(), password)
                    .await?;
                Ok(true)
            }
            Ok(other) => {
                log_out(&server, &account_of(&other, &link.device_id)).await;
                Ok(false)
            }
            Err(AccountsError::WrongUpstreamCredentials) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// A name that is not known here, on the server that it is for.
    async fn by_server(
        &self,
        row: &ServerRow,
        name: &str,
        password: &Secret,
    ) -> Result<Who, AccountsError> {
        let server = self.server_of(row.id)?;
        let device = sign_in_device(self, &row.server_key, name);
        let credentials = Credentials::Password {
            username: name.to_owned(),
            password: password.clone(),
        };
        let proven = match prove(&server, &credentials, &device).await {
            Err(AccountsError::WrongUpstreamCredentials) => {
                return Err(AccountsError::InvalidCredentials);
            }
            other => other?,
        };
        let who = self.admit_account(row, &proven, &device, password).await;
        if who.is_err() {
            let account = proven.user_id.to_string();
            let linked = links::of_account(&self.0.db, row.id, &account).await?;
            // This login ended the token that a link of the same device had: it gets the new one.
            match linked.iter().find(|link| link.device_id == device) {
                Some(link) => self.renew(link, &proven, device, password).await?,
                None => end_unused(&server, &proven, &device),
            }
        }
        who
    }

    /// Decides whom a right account signs in; makes the user when it is nobody's yet.
    async fn admit_account(
        &self,
        row: &ServerRow,
        proven: &Proven,
        device: &str,
        password: &Secret,
    ) -> Result<Who, AccountsError> {
        let account = proven.user_id.to_string();
        let linked = links::of_account(&self.0.db, row.id, &account).await?;
        if linked.len() > 1 {
            return Err(AccountsError::SignInRefused(
                "several users are linked to it",
            ));
        }
        let made = users::by_account(&self.0.db, &row.server_key, &account).await?;
        let user = match (&made, linked.first()) {
            (Some(user), _) => Some(user.clone()),
            (None, Some(link)) if link.sign_in => users::by_id(&self.0.db, &link.user_id).await?,
            (None, Some(_)) => {
                return Err(AccountsError::SignInRefused(
                    "a user is linked to it and has not switched signing in by it on",
                ));
            }
            (None, None) => None,
        };
        let Some(user) = user else {
            return self.make_user(row, proven, device).await;
        };
        if user.is_disabled {
            return Err(AccountsError::InvalidCredentials);
        }
        if user.is_administrator {
            return Err(AccountsError::SignInRefused("it is an administrator's"));
        }
        match linked.first() {
            Some(link) if link.user_id != user.id => {
                Err(AccountsError::SignInRefused("another user is linked to it"))
            }
            Some(link) if !link.sign_in => Err(AccountsError::SignInRefused(
                "its user has switched signing in by it off",
            )),
            Some(link) => {
                self.renew(link, proven, device.to_owned(), password)
                    .await?;
                Ok(Who {
                    user_id: user.id,
                    made_by_link: Some(link.id),
                })
            }
            // The link went, with the server or by hand; the user whom the account made stayed.
            None => self.link_made(row, proven, device, &user.id).await,
        }
    }

    async fn make_user(
        &self,
        row: &ServerRow,
        proven: &Proven,
        device: &str,
    ) -> Result<Who, AccountsError> {
        let name = names::check("username", &proven.name, MAX_NAME)?;
        // `bob@attic` here would be asked before bob on Attic.
        if let Some((_, server)) = name.rsplit_once('@')
            && servers::by_name_key(&self.0.db, &names::key(server))
                .await?
                .is_some()
        {
            return Err(AccountsError::NameTaken { name });
        }
        let user = NewUser {
            name,
            ..NewUser::default()
        };
        let user = UserRow {
            made_by_server_key: Some(row.server_key.clone()),
            made_by_account: Some(proven.user_id.to_string()),
            ..self.user_row(user).await?
        };
        let tx = self.0.db.begin().await?;
        insert_named(users::insert(&tx, &user).await, &user.name)?;
        let after = Some(serde_json::json!({ "name": user.name, "by": row.name }));
        self.audit(&tx, &Actor::System, "user.sign_in", &user.id, None, after)
            .await?;
        tx.commit().await?;
        self.link_made(row, proven, device, &user.id).await
    }

    /// Links a user to the account that made the user. No password is kept: each sign-in asks.
    async fn link_made(
        &self,
        row: &ServerRow,
        proven: &Proven,
        device: &str,
        user_id: &str,
    ) -> Result<Who, AccountsError> {
        let user = read_id(user_id)?;
        let token = Credentials::Token(proven.token.clone());
        let known = links::of_user_on(&self.0.db, user_id, row.id).await?;
        if known.is_some() {
            return Err(AccountsError::SignInRefused(
                "its user is linked to another account there",
            ));
        }
        let device = device.to_owned();
        let tx = self.0.db.begin().await?;
        let link = self
            .put_link(&tx, None, user, row.id, proven, &token, device, true)
            .await?;
        let after = Some(shown(&link));
        self.audit(&tx, &Actor::System, "link.put", link.id, None, after)
            .await?;
        tx.commit().await?;
        self.changed(Change::Link { id: link.id, user }).await?;
        Ok(Who {
            user_id: user_id.to_owned(),
            made_by_link: Some(link.id),
        })
    }

    /// The token that a sign-in gave takes the place of the link's; a refused link is taken up
    /// again. A password is kept only where one was kept before.
    async fn renew(
        &self,
        link: &LinkRow,
        proven: &Proven,
        device_id: String,
        password: &Secret,
    ) -> Result<(), AccountsError> {
        let seal = |purpose, secret| Some(self.0.vault.seal(purpose, secret));
        let kept = link.password.is_some();
        let change = LinkChange {
            token: Some(seal(super::links::TOKEN, &proven.token)),
            password: kept.then(|| seal(super::links::PASSWORD, password)),
            device_id: Some(device_id),
            username: Some(proven.name.clone()),
            state: Some("active".into()),
            state_reason: Some(None),
            updated_at: Some(self.0.clock.millis()),
            ..LinkChange::default()
        };
        let tx = self.0.db.begin().await?;
        let after = links::update(&tx, link.id, &change).await?;
        if after.state != link.state {
            let (old, new) = (Some(shown(link)), Some(shown(&after)));
            self.audit(&tx, &Actor::System, "link.sign_in", link.id, old, new)
                .await?;
        }
        tx.commit().await?;
        let user = read_id(&link.user_id)?;
        self.changed(Change::Link { id: link.id, user }).await
    }
}

fn account_of(proven: &Proven, device_id: &str) -> Account {
    Account {
        user_id: proven.user_id,
        token: proven.token.clone(),
        device_id: device_id.to_owned(),
        link: None,
    }
}

/// A token that came of a refused sign-in is ended upstream; nobody waits for it.
fn end_unused(server: &Arc<Server>, proven: &Proven, device_id: &str) {
    let (server, account) = (server.clone(), account_of(proven, device_id));
    tokio::spawn(async move { log_out(&server, &account).await });
}
