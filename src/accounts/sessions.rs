//! Signed-in devices.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::service::{Accounts, Change};
use super::settings::stored;
use super::users::time;
use super::viewers::{read_id, token_hash};
use super::{AccountsError, Actor, Viewer, names};
use crate::db::sessions::SessionRow;
use crate::db::{DbError, sessions, users};
use crate::model::{PublicId, Secret};

/// What a client says about itself when it signs in.
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub id: String,
    pub name: String,
    pub client: String,
    pub version: String,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: PublicId,
    pub user_id: PublicId,
    pub device_id: String,
    pub device_name: String,
    pub client: String,
    pub version: String,
    pub remote_address: Option<String>,
    /// Jellyfin's `ClientCapabilities`.
    pub capabilities: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// A fresh session. The token is told once and nowhere kept.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub token: Secret,
    pub viewer: Arc<Viewer>,
}

impl TryFrom<SessionRow> for Session {
    type Error = DbError;
    fn try_from(row: SessionRow) -> Result<Self, DbError> {
        Ok(Self {
            id: read_id(&row.id)?,
            user_id: read_id(&row.user_id)?,
            capabilities: row
                .capabilities
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|_| DbError::Damaged("a session's capabilities".into()))?,
            created_at: time(row.created_at),
            last_seen_at: time(row.last_seen_at),
            device_id: row.device_id,
            device_name: row.device_name,
            client: row.client,
            version: row.version,
            remote_address: row.remote_address,
        })
    }
}

impl Accounts {
    /// Opens a session; an older one of the same user on the same device ends by it, no other.
    pub(super) async fn open_session(
        &self,
        user_id: &str,
        made_by_link: Option<i64>,
        device: &Device,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AccountsError> {
        // 128 random bits in the form of Jellyfin's own tokens.
        let token = Secret::new(hex::encode(rand::random::<[u8; 16]>()));
        let now = self.0.clock.millis();
        let mut device_id = names::tame(&device.id);
        if device_id.is_empty() {
            // Clients that name no device must not end one another's sessions.
            device_id = PublicId::random().to_string();
        }
        let row = SessionRow {
            id: PublicId::random().to_string(),
            token_hash: token_hash(&token),
            user_id: user_id.to_owned(),
            made_by_link,
            device_id,
            device_name: names::tame(&device.name),
            client: names::tame(&device.client),
            version: names::tame(&device.version),
            remote_address: address.map(|address| address.to_canonical().to_string()),
            capabilities: None,
            created_at: now,
            last_seen_at: now,
        };
        let replaced = sessions::open(&self.0.db, &row).await?;
        users::touch(&self.0.db, user_id, now, true).await?;
        if !replaced.is_empty() {
            self.changed(Change::User(read_id(user_id)?)).await?;
        }
        let viewer = self.viewer(&row).await?;
        let viewer = viewer.ok_or(AccountsError::InvalidCredentials)?;
        tracing::info!(
            user = %viewer.user_id,
            client = row.client,
            "{} signed in with {}",
            viewer.name,
            row.client
        );
        Ok(SignedIn {
            token,
            viewer: Arc::new(viewer),
        })
    }

    /// A user's sessions, or (for administrators) everybody's; the latest used first.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn sessions(
        &self,
        actor: &Actor,
        of: Option<PublicId>,
    ) -> Result<Vec<Session>, AccountsError> {
        match of {
            Some(user) => actor.need_to_be(user)?,
            None => actor.need_administrator()?,
        }
        let of = of.map(|id| id.to_string());
        let rows = sessions::list(&self.0.db, of.as_deref()).await?;
        rows.into_iter()
            .map(|row| Session::try_from(row).map_err(Into::into))
            .collect()
    }

    /// # Errors
    /// When the database fails.
    pub async fn session(&self, id: PublicId) -> Result<Option<Session>, AccountsError> {
        let row = sessions::by_id(&self.0.db, &id.to_string()).await?;
        Ok(row.map(Session::try_from).transpose()?)
    }

    /// Signs a device out: its token opens nothing from then on. False when there was none.
    ///
    /// # Errors
    /// `Forbidden` for a session of somebody else.
    pub async fn sign_out(&self, actor: &Actor, id: PublicId) -> Result<bool, AccountsError> {
        let Some(session) = self.session(id).await? else {
            return Ok(false);
        };
        actor.need_to_be(session.user_id)?;
        let tx = self.0.db.begin().await?;
        sessions::delete(&tx, &id.to_string()).await?;
        if !actor.is(session.user_id) {
            let before = json!({ "user": session.user_id, "device": session.device_name });
            self.audit(&tx, actor, "session.end", id, Some(before), None)
                .await?;
        }
        tx.commit().await?;
        self.changed(Change::User(session.user_id)).await?;
        Ok(true)
    }

    /// What the client of a session says that it can do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_capabilities(
        &self,
        session: PublicId,
        body: &Value,
    ) -> Result<(), AccountsError> {
        let (id, body) = (session.to_string(), stored("body", body)?);
        sessions::set_capabilities(&self.0.db, &id, &body).await?;
        Ok(())
    }
}
