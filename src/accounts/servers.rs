//! Source servers: adding, changing, removing, and the account that crawls each.

use serde_json::{Value, json};
use url::Url;

use super::address::{read_url, spec, tls_columns, tls_of};
use super::error::found;
use super::names::{self, MAX_NAME};
use super::service::{Accounts, Change};
use super::upstream_login::{Credentials, prove};
use super::{AccountsError, Actor, crawler};
use crate::db::servers::{NewServer, ServerChange, ServerRow};
use crate::db::{Transaction, departed_sources, servers};
use crate::error::InvalidInput;
use crate::jellyfin::{Account, Registry, Server, ServerSpec, TlsTrust, UpstreamError};
use crate::model::{PublicId, ServerKey};

/// A server to be.
#[derive(Debug, Clone)]
pub struct AddServer {
    pub name: String,
    /// `http(s)://host[:port][/path]`.
    pub url: String,
    pub tls: TlsTrust,
    /// The account that crawls.
    pub credentials: Credentials,
    /// Link who adds it by that account.
    pub link_me: bool,
    /// Even if a server of that upstream id is here: some share one.
    pub force: bool,
    /// The key of a server that was here before, where an administrator knows that it is that one.
    pub take_key: Option<ServerKey>,
    /// The name in the configuration file.
    pub config_key: Option<String>,
}

/// What changes of a server; absent stays.
#[derive(Debug, Clone, Default)]
pub struct ServerUpdate {
    pub name: Option<String>,
    pub url: Option<String>,
    pub tls: Option<TlsTrust>,
    pub credentials: Option<Credentials>,
}

/// For the audit: no secrets.
pub(super) fn shown(row: &ServerRow) -> Value {
    json!({
        "name": row.name,
        "url": row.url,
        "serverKey": row.server_key,
        "upstreamId": row.upstream_id,
        "crawlUser": row.crawl_username,
        "tlsFingerprint": row.tls_fingerprint,
        "ownAuthority": row.ca_pem.is_some(),
    })
}

impl Accounts {
    /// Brings the registry to what the database holds.
    pub(super) async fn load_servers(&self) -> Result<(), AccountsError> {
        // What is added while the rows are read is not among them, and stays.
        let before = self.0.registry.all();
        let rows = servers::all(&self.0.db).await?;
        for row in &rows {
            self.0.registry.upsert(spec(row)?);
        }
        for known in before {
            if rows.iter().all(|row| row.id != known.id) {
                self.0.registry.remove(known.id);
            }
        }
        Ok(())
    }

    /// Every server, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn servers(&self) -> Result<Vec<ServerRow>, AccountsError> {
        Ok(servers::all(&self.0.db).await?)
    }

    /// # Errors
    /// When the database fails.
    pub async fn server_by_name(&self, name: &str) -> Result<Option<ServerRow>, AccountsError> {
        Ok(servers::by_name_key(&self.0.db, &names::key(name)).await?)
    }

    /// Adds a server: asks what lives at the address, logs in, keeps it and its libraries, links who
    /// adds it. A server that was here before takes its key, and so all its ids and its places in merged
    /// libraries, back when most of its items are the known ones.
    ///
    /// # Errors
    /// `Forbidden`; `InvalidInput` for a bad name or address; `NameTaken`; `DuplicateServer`;
    /// `WrongUpstreamCredentials`; `Upstream` with what is wrong there: no answer, no Jellyfin, too
    /// old, untrusted certificate, still starting.
    pub async fn add_server(
        &self,
        actor: &Actor,
        add: AddServer,
    ) -> Result<ServerRow, AccountsError> {
        actor.need_administrator()?;
        let name = names::check("name", &add.name, MAX_NAME)?;
        let url = read_url(&add.url)?;
        let info = Server::probe(&url, &add.tls).await?;
        if !info.ready {
            return Err(UpstreamError::Starting.into());
        }
        self.refuse_duplicate(None, &info.id, add.force).await?;
        let draft = Draft::new(self, &name, &url, &add.tls);
        let device_id = PublicId::random().to_string();
        let proven = prove(&draft.server, &add.credentials, &device_id).await?;
        let crawler = Account {
            user_id: proven.user_id,
            token: proven.token.clone(),
            device_id: device_id.clone(),
            link: None,
        };
        let key = match add.take_key {
            Some(key) => key,
            None => self
                .known_key(&info.id, &draft.server, &crawler)
                .await?
                .unwrap_or_else(ServerKey::random),
        };
        let mut server = self.new_row(&name, &url, &add, &key, device_id);
        server.upstream_id = Some(info.id);
        server.version = Some(info.version);
        server.crawl_user_id = Some(proven.user_id.to_string());
        server.crawl_username = Some(proven.name.clone());
        server.crawl_token = Some(self.0.vault.seal(crawler::TOKEN, &proven.token));
        let tx = self.0.db.begin().await?;
        let row = self.insert_server(&tx, &server, add.force).await?;
        self.audit(&tx, actor, "server.add", row.id, None, Some(shown(&row)))
            .await?;
        tx.commit().await?;
        self.0.registry.upsert(spec(&row)?);
        self.changed(Change::Server(row.id)).await?;
        // The server is here and can be used: what fails from now on is tried again later.
        if let (true, Some(user)) = (add.link_me, actor.user_id()) {
            // By a password the link gets a token of its own; a brought token serves both.
            let linked = self
                .link_account(actor, user, row.id, add.credentials, false)
                .await;
            if let Err(error) = linked {
                tracing::warn!(%error, "{user} is not linked to {name}: {error}");
            }
        }
        if let Err(error) = self.refresh_libraries(row.id).await {
            tracing::warn!(%error, "no libraries of {name} yet: {error}");
        }
        Ok(row)
    }

    /// Keeps a server that cannot be reached yet; found out about at first contact.
    ///
    /// # Errors
    /// `Forbidden`, `InvalidInput`, `NameTaken`.
    pub async fn add_server_later(
        &self,
        actor: &Actor,
        add: AddServer,
    ) -> Result<ServerRow, AccountsError> {
        actor.need_administrator()?;
        let name = names::check("name", &add.name, MAX_NAME)?;
        let url = read_url(&add.url)?;
        let key = add.take_key.unwrap_or_else(ServerKey::random);
        let device_id = PublicId::random().to_string();
        let mut server = self.new_row(&name, &url, &add, &key, device_id);
        match &add.credentials {
            Credentials::Password { username, .. } => {
                server.crawl_username = Some(username.clone());
            }
            Credentials::Token(token) => {
                server.crawl_token = Some(self.0.vault.seal(crawler::TOKEN, token));
            }
        }
        let tx = self.0.db.begin().await?;
        let row = self.insert_server(&tx, &server, true).await?;
        self.audit(&tx, actor, "server.add", row.id, None, Some(shown(&row)))
            .await?;
        tx.commit().await?;
        self.0.registry.upsert(spec(&row)?);
        self.changed(Change::Server(row.id)).await?;
        Ok(row)
    }

    fn new_row(
        &self,
        name: &str,
        url: &Url,
        add: &AddServer,
        key: &ServerKey,
        device_id: String,
    ) -> NewServer {
        let now = self.0.clock.millis();
        let (ca_pem, tls_fingerprint) = tls_columns(&add.tls);
        let crawl_password = match &add.credentials {
            Credentials::Password { password, .. } => {
                Some(self.0.vault.seal(crawler::PASSWORD, password))
            }
            Credentials::Token(_) => None,
        };
        NewServer {
            server_key: key.to_string(),
            config_key: add.config_key.clone(),
            name: name.to_owned(),
            name_key: names::key(name),
            url: url.to_string(),
            ca_pem,
            tls_fingerprint,
            upstream_id: None,
            version: None,
            crawl_user_id: None,
            crawl_username: None,
            crawl_token: None,
            crawl_password,
            device_id,
            created_at: now,
            updated_at: now,
        }
    }

    async fn insert_server(
        &self,
        tx: &Transaction,
        server: &NewServer,
        force: bool,
    ) -> Result<ServerRow, AccountsError> {
        match servers::insert(tx, server, force).await {
            Err(error) if error.is_conflict_on("name_key") => Err(AccountsError::NameTaken {
                name: server.name.clone(),
            }),
            Err(error)
                if error.is_conflict_on("upstream_id") || error.is_conflict_on("server_key") =>
            {
                Err(AccountsError::DuplicateServer {
                    name: server.name.clone(),
                })
            }
            other => {
                let row = other?;
                let now = self.0.clock.millis();
                departed_sources::take_back(tx, row.id, &row.server_key, now).await?;
                Ok(row)
            }
        }
    }

    pub(super) async fn refuse_duplicate(
        &self,
        own: Option<i64>,
        upstream_id: &str,
        force: bool,
    ) -> Result<(), AccountsError> {
        if force {
            return Ok(());
        }
        for row in servers::all(&self.0.db).await? {
            if row.upstream_id.as_deref() == Some(upstream_id) && Some(row.id) != own {
                return Err(AccountsError::DuplicateServer { name: row.name });
            }
        }
        Ok(())
    }

    /// Changes a server. A new address or account is asked at once; it must be the same server.
    ///
    /// # Errors
    /// As [`Self::add_server`]; `NotFound`; `InvalidInput` when another server answers there.
    pub async fn update_server(
        &self,
        actor: &Actor,
        id: i64,
        update: ServerUpdate,
    ) -> Result<ServerRow, AccountsError> {
        actor.need_administrator()?;
        let before = self.server_row(id).await?;
        let mut change = self.renamed(&update)?;
        let url = match &update.url {
            Some(url) => read_url(url)?,
            None => spec(&before)?.base_url,
        };
        let tls = match update.tls.clone() {
            Some(tls) => tls,
            None => tls_of(&before)?,
        };
        if update.url.is_some() || update.tls.is_some() || update.credentials.is_some() {
            let info = Server::probe(&url, &tls).await?;
            if before
                .upstream_id
                .as_ref()
                .is_some_and(|known| *known != info.id)
            {
                let problem = "another server answers there";
                let allowed = "an address of the same server; add another one as a new server";
                return Err(InvalidInput::new("url", problem, allowed).into());
            }
            let (ca_pem, tls_fingerprint) = tls_columns(&tls);
            change.url = Some(url.to_string());
            change.ca_pem = Some(ca_pem);
            change.tls_fingerprint = Some(tls_fingerprint);
        }
        if let Some(credentials) = &update.credentials {
            let draft = Draft::new(self, &before.name, &url, &tls);
            let proven = prove(&draft.server, credentials, &before.device_id).await?;
            self.keep_crawler(&mut change, &proven);
            change.crawl_password = Some(match credentials {
                Credentials::Password { password, .. } => {
                    Some(self.0.vault.seal(crawler::PASSWORD, password))
                }
                Credentials::Token(_) => None,
            });
        }
        self.put_server(actor, &before, &change, &update).await
    }

    /// What changes by the name alone.
    pub(super) fn renamed(&self, update: &ServerUpdate) -> Result<ServerChange, AccountsError> {
        let name = update.name.as_ref();
        let name = name.map(|name| names::check("name", name, MAX_NAME));
        let name = name.transpose()?;
        Ok(ServerChange {
            updated_at: Some(self.0.clock.millis()),
            name_key: name.as_deref().map(names::key),
            name,
            ..ServerChange::default()
        })
    }

    /// Writes a change of a server down, and lets everybody know.
    pub(super) async fn put_server(
        &self,
        actor: &Actor,
        before: &ServerRow,
        change: &ServerChange,
        update: &ServerUpdate,
    ) -> Result<ServerRow, AccountsError> {
        let id = before.id;
        let tx = self.0.db.begin().await?;
        let row = match servers::update(&tx, id, change).await {
            Err(error) if error.is_conflict_on("name_key") => {
                let name = change.name.clone().unwrap_or_default();
                return Err(AccountsError::NameTaken { name });
            }
            other => other?,
        };
        let (old, mut new) = (shown(before), shown(&row));
        if update.credentials.is_some() {
            new["account"] = "told anew".into();
        }
        self.audit(&tx, actor, "server.update", id, Some(old), Some(new))
            .await?;
        tx.commit().await?;
        self.0.registry.upsert(spec(&row)?);
        self.changed(Change::Server(id)).await?;
        Ok(row)
    }

    /// Removes a server with its copies and links. Its key, what was watched, and what it is in merged
    /// libraries stay known.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn remove_server(&self, actor: &Actor, id: i64) -> Result<(), AccountsError> {
        actor.need_administrator()?;
        let tx = self.0.db.begin().await?;
        departed_sources::keep(&tx, id).await?;
        let gone = servers::delete(&tx, id, self.0.clock.millis()).await;
        let row = found("server", gone)?;
        self.audit(&tx, actor, "server.remove", id, Some(shown(&row)), None)
            .await?;
        tx.commit().await?;
        self.0.registry.remove(id);
        self.changed(Change::Server(id)).await
    }

    pub(super) async fn server_row(&self, id: i64) -> Result<ServerRow, AccountsError> {
        servers::by_id(&self.0.db, id)
            .await?
            .ok_or(AccountsError::NotFound("server"))
    }
}

/// A server to talk to before it has a row: a registry of its own, gone with it.
struct Draft {
    server: std::sync::Arc<Server>,
    _registry: Registry,
}

impl Draft {
    fn new(accounts: &Accounts, name: &str, url: &Url, tls: &TlsTrust) -> Self {
        let registry = Registry::new(accounts.0.clock.clone());
        let server = registry.upsert(ServerSpec {
            id: 0,
            key: ServerKey::default(),
            name: name.to_owned(),
            base_url: url.clone(),
            tls: tls.clone(),
        });
        Self {
            server,
            _registry: registry,
        }
    }
}
