//! Logging in on a server.

use serde_json::Value;

use super::service::Accounts;
use super::{AccountsError, names};
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::{Secret, UpstreamId};

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

/// Who an account is, as its server just said.
pub(super) struct Proven {
    pub user_id: UpstreamId,
    pub name: String,
    pub token: Secret,
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

/// The device id of sign-ins by a name on a server: the same each time, so that signing in again
/// renews the token there instead of adding one.
pub(super) fn sign_in_device(accounts: &Accounts, server_key: &str, name: &str) -> String {
    use sha2::{Digest, Sha256};
    let key = accounts.ids().derived_key("sign-in devices");
    let text = format!("{server_key}\n{}", names::key(name));
    let digest = Sha256::digest([key.as_slice(), text.as_bytes()].concat());
    hex::encode(&digest[..16])
}
