//! What only a configuration file asks for: comparing with what is kept, and changing what was
//! never reached.

use super::address::{read_url, tls_columns};
use super::crawler::{PASSWORD, TOKEN};
use super::names;
use super::servers::ServerUpdate;
use super::service::Accounts;
use super::upstream_login::Credentials;
use super::{AccountsError, Actor};
use crate::db::servers::ServerRow;
use crate::error::InvalidInput;

impl Accounts {
    /// Whether a server is crawled by this very account, password or token included.
    ///
    /// # Errors
    /// When what is kept cannot be opened.
    pub fn crawls_by(
        &self,
        server: &ServerRow,
        credentials: &Credentials,
    ) -> Result<bool, AccountsError> {
        let vault = &self.0.vault;
        match credentials {
            Credentials::Password { username, password } => {
                let known = server.crawl_username.as_deref().unwrap_or_default();
                let Some(kept) = &server.crawl_password else {
                    return Ok(false);
                };
                Ok(names::key(known) == names::key(username)
                    && vault.open(PASSWORD, kept)? == *password)
            }
            Credentials::Token(token) => match (&server.crawl_password, &server.crawl_token) {
                (None, Some(kept)) => Ok(vault.open(TOKEN, kept)? == *token),
                _ => Ok(false),
            },
        }
    }

    /// Changes a server that was never reached, without asking it: who it is, is found out at first
    /// contact.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `NameTaken`; `InvalidInput`, also for a server that was reached.
    pub async fn update_server_later(
        &self,
        actor: &Actor,
        id: i64,
        update: ServerUpdate,
    ) -> Result<ServerRow, AccountsError> {
        actor.need_administrator()?;
        let before = self.server_row(id).await?;
        if before.upstream_id.is_some() {
            let problem = "the server is known already";
            return Err(InvalidInput::new("server", problem, "one never reached").into());
        }
        let mut change = self.renamed(&update)?;
        if let Some(url) = &update.url {
            change.url = Some(read_url(url)?.to_string());
        }
        if let Some(tls) = &update.tls {
            let (ca_pem, tls_fingerprint) = tls_columns(tls);
            change.ca_pem = Some(ca_pem);
            change.tls_fingerprint = Some(tls_fingerprint);
        }
        if let Some(credentials) = &update.credentials {
            change.crawl_user_id = Some(None);
            let (username, password, token) = match credentials {
                Credentials::Password { username, password } => {
                    let sealed = self.0.vault.seal(PASSWORD, password);
                    (Some(username.clone()), Some(sealed), None)
                }
                Credentials::Token(token) => (None, None, Some(self.0.vault.seal(TOKEN, token))),
            };
            change.crawl_username = Some(username);
            change.crawl_password = Some(password);
            change.crawl_token = Some(token);
        }
        self.put_server(actor, &before, &change, &update).await
    }
}
