//! The account that crawls a server, and the first contact with a server that was kept unseen.

use super::AccountsError;
use super::address::spec;
use super::error::found;
use super::service::{Accounts, Change};
use super::upstream_login::{Credentials, Proven, prove};
use crate::db::servers::{ServerChange, ServerRow};
use crate::db::{DbError, departed_sources, servers};
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::ServerKey;

/// What sealed secrets are for.
pub(super) const TOKEN: &str = "server.token";
pub(super) const PASSWORD: &str = "server.password";

impl Accounts {
    /// The account that crawls a server. At first contact it is found out who the server is, and
    /// what waited for that is done.
    ///
    /// # Errors
    /// `NotFound`, `WrongUpstreamCredentials`, `DuplicateServer`, `Upstream`.
    pub async fn crawl_account(&self, id: i64) -> Result<Account, AccountsError> {
        let row = self.server_row(id).await?;
        if let (Some(user_id), Some(token)) = (&row.crawl_user_id, &row.crawl_token) {
            return Ok(Account {
                user_id: user_id
                    .parse()
                    .map_err(|_| DbError::Damaged("a crawling account".into()))?,
                token: self.0.vault.open(TOKEN, token)?,
                device_id: row.device_id,
                link: None,
            });
        }
        self.first_contact(row).await
    }

    async fn first_contact(&self, row: ServerRow) -> Result<Account, AccountsError> {
        let spec_of_row = spec(&row)?;
        let info = Server::probe(&spec_of_row.base_url, &spec_of_row.tls).await?;
        if !info.ready {
            return Err(UpstreamError::Starting.into());
        }
        self.refuse_duplicate(Some(row.id), &info.id, false).await?;
        let server = self.server_of(row.id)?;
        let account = self.log_crawler_in(&row, &server).await?;
        let change = ServerChange {
            upstream_id: Some(Some(info.id.clone())),
            version: Some(Some(info.version)),
            last_error: Some(None),
            last_seen_at: Some(Some(self.0.clock.millis())),
            ..ServerChange::default()
        };
        servers::update(&self.0.db, row.id, &change).await?;
        if let Some(key) = self.known_key(&info.id, &server, &account).await? {
            let (tx, key) = (self.0.db.begin().await?, key.to_string());
            let row = servers::take_key(&tx, row.id, &key).await?;
            let now = self.0.clock.millis();
            departed_sources::take_back(&tx, row.id, &key, now).await?;
            tx.commit().await?;
            self.0.registry.upsert(spec(&row)?);
        }
        self.try_pending_links(row.id).await?;
        self.changed(Change::Server(row.id)).await?;
        if let Err(error) = self.read_libraries(row.id, &account).await {
            tracing::warn!(%error, "no libraries of {} yet: {error}", row.name);
        }
        Ok(account)
    }

    /// Renews the crawling account's token by the stored password; to be called when the token was
    /// refused.
    ///
    /// # Errors
    /// `NotFound`, `WrongUpstreamCredentials`, `Upstream`.
    pub async fn renew_crawl_account(&self, id: i64) -> Result<Account, AccountsError> {
        let row = self.server_row(id).await?;
        let server = self.server_of(id)?;
        self.log_crawler_in(&row, &server).await
    }

    async fn log_crawler_in(
        &self,
        row: &ServerRow,
        server: &Server,
    ) -> Result<Account, AccountsError> {
        let credentials = match (&row.crawl_password, &row.crawl_token) {
            (Some(password), _) => Credentials::Password {
                username: row.crawl_username.clone().unwrap_or_default(),
                password: self.0.vault.open(PASSWORD, password)?,
            },
            (None, Some(token)) => Credentials::Token(self.0.vault.open(TOKEN, token)?),
            (None, None) => return Err(AccountsError::WrongUpstreamCredentials),
        };
        let proven = prove(server, &credentials, &row.device_id).await?;
        let mut change = ServerChange::default();
        self.keep_crawler(&mut change, &proven);
        servers::update(&self.0.db, row.id, &change).await?;
        Ok(Account {
            user_id: proven.user_id,
            token: proven.token,
            device_id: row.device_id.clone(),
            link: None,
        })
    }

    /// Writes down that a server was reached, or why not; not audited.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn note_server(
        &self,
        id: i64,
        version: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), AccountsError> {
        let seen = error.is_none().then(|| Some(self.0.clock.millis()));
        let change = ServerChange {
            version: version.map(|version| Some(version.to_owned())),
            last_error: Some(error.map(str::to_owned)),
            last_seen_at: seen,
            ..ServerChange::default()
        };
        let noted = servers::update(&self.0.db, id, &change).await;
        found("server", noted).map(drop)
    }

    /// The key of a removed server that this one is again: the same upstream id, and at least half
    /// of a sample of its items known.
    pub(super) async fn known_key(
        &self,
        upstream_id: &str,
        server: &Server,
        crawler: &Account,
    ) -> Result<Option<ServerKey>, AccountsError> {
        let removed = servers::removed(&self.0.db, upstream_id).await?;
        if removed.is_empty() {
            return Ok(None);
        }
        let query = [
            ("userId", crawler.user_id.to_string()),
            ("recursive", "true".to_owned()),
            ("limit", "300".to_owned()),
            ("sortBy", "Random".to_owned()),
            (
                "includeItemTypes",
                "Movie,Series,Episode,MusicAlbum,Audio,Video".to_owned(),
            ),
            ("enableUserData", "false".to_owned()),
            ("enableImages", "false".to_owned()),
            ("enableTotalRecordCount", "false".to_owned()),
        ];
        let answer = server.get(crawler, "/Items", &query).await?;
        let sample: Vec<_> = answer["Items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["Id"].as_str()?.parse().ok())
            .collect();
        for known in removed {
            let key: ServerKey = known
                .server_key
                .parse()
                .map_err(|_| DbError::Damaged("a server's key".into()))?;
            let ids: Vec<_> = sample
                .iter()
                .map(|item| self.0.ids.copy(key, *item).to_string())
                .collect();
            let count = servers::count_known_copies(&self.0.db, &ids).await?;
            if count > 0 && count * 2 >= ids.len() {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// What is kept of a crawling account that was just proven.
    pub(super) fn keep_crawler(&self, change: &mut ServerChange, proven: &Proven) {
        change.crawl_user_id = Some(Some(proven.user_id.to_string()));
        change.crawl_username = Some(Some(proven.name.clone()));
        change.crawl_token = Some(Some(self.0.vault.seal(TOKEN, &proven.token)));
    }
}
