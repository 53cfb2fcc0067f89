//! From a token to the viewer, without asking the database each time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use lru::LruCache;
use sha2::{Digest, Sha256};

use super::service::Accounts;
use super::{AccountsError, Link, LinkState, SessionInfo, Viewer};
use crate::db::links::LinkRow;
use crate::db::sessions::SessionRow;
use crate::db::{DbError, links, sessions, users};
use crate::jellyfin::Account;
use crate::model::{PublicId, Secret};

const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// After this a viewer is read anew, whatever was told.
const FRESH_MS: i64 = 60_000;
/// How often a session's last use is written down, at the most.
const TOUCH_MS: i64 = 60_000;

struct Cached {
    viewer: Arc<Viewer>,
    generation: u64,
    read_at: i64,
    touched_at: AtomicI64,
}

pub(super) struct ViewerCache(Mutex<LruCache<String, Arc<Cached>>>);

impl Default for ViewerCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

/// A token as the database knows it.
pub(super) fn token_hash(token: &Secret) -> String {
    hex::encode(Sha256::digest(token.expose()))
}

/// An id as the database keeps it.
pub(super) fn read_id(text: &str) -> Result<PublicId, DbError> {
    text.parse()
        .map_err(|_| DbError::Damaged(format!("the id {text}")))
}

impl Accounts {
    /// The viewer whose token this is; none for a token that opens nothing (any more).
    ///
    /// # Errors
    /// When the database fails, or a stored secret cannot be opened.
    pub async fn viewer_by_token(
        &self,
        token: &Secret,
    ) -> Result<Option<Arc<Viewer>>, AccountsError> {
        let hash = token_hash(token);
        let generation = self.generation();
        let now = self.0.clock.millis();
        let known = {
            let mut cache = self.0.viewers.0.lock().unwrap_or_else(|e| e.into_inner());
            cache.get(&hash).cloned()
        };
        if let Some(known) = known
            && known.generation == generation
            && (0..FRESH_MS).contains(&(now - known.read_at))
        {
            self.touch(&known.viewer, &known.touched_at, now);
            return Ok(Some(known.viewer.clone()));
        }
        let Some(session) = sessions::by_token_hash(&self.0.db, &hash).await? else {
            let mut cache = self.0.viewers.0.lock().unwrap_or_else(|e| e.into_inner());
            cache.pop(&hash);
            return Ok(None);
        };
        let Some(viewer) = self.viewer(&session).await? else {
            return Ok(None);
        };
        let viewer = Arc::new(viewer);
        let cached = Arc::new(Cached {
            viewer: viewer.clone(),
            generation,
            read_at: now,
            touched_at: AtomicI64::new(session.last_seen_at),
        });
        self.touch(&viewer, &cached.touched_at, now);
        let mut cache = self.0.viewers.0.lock().unwrap_or_else(|e| e.into_inner());
        cache.put(hash, cached);
        Ok(Some(viewer))
    }

    pub(super) async fn viewer(
        &self,
        session: &SessionRow,
    ) -> Result<Option<Viewer>, AccountsError> {
        let session_info = SessionInfo {
            id: read_id(&session.id)?,
            device_id: session.device_id.clone(),
            device_name: session.device_name.clone(),
            client: session.client.clone(),
            version: session.version.clone(),
        };
        self.viewer_in(&session.user_id, session_info).await
    }

    /// The viewer of a session; none for one that has ended.
    ///
    /// # Errors
    /// When the database fails, or a stored secret cannot be opened.
    pub async fn viewer_of_session(
        &self,
        session: PublicId,
    ) -> Result<Option<Viewer>, AccountsError> {
        match sessions::by_id(&self.0.db, &session.to_string()).await? {
            Some(session) => self.viewer(&session).await,
            None => Ok(None),
        }
    }

    /// A user as a viewer without a session, for a player that has a right to a stream and no token.
    /// None for one who is gone or disabled.
    ///
    /// # Errors
    /// When the database fails, or a stored secret cannot be opened.
    pub async fn viewer_of_user(&self, user: PublicId) -> Result<Option<Viewer>, AccountsError> {
        let no_session = SessionInfo {
            id: PublicId::default(),
            device_id: String::new(),
            device_name: String::new(),
            client: String::new(),
            version: String::new(),
        };
        self.viewer_in(&user.to_string(), no_session).await
    }

    async fn viewer_in(
        &self,
        user_id: &str,
        session: SessionInfo,
    ) -> Result<Option<Viewer>, AccountsError> {
        let Some(user) = users::by_id(&self.0.db, user_id).await? else {
            return Ok(None);
        };
        if user.is_disabled {
            return Ok(None);
        }
        Ok(Some(Viewer {
            user_id: read_id(&user.id)?,
            source_policy: super::users::source_policy(&user)?,
            name: user.name,
            is_administrator: user.is_administrator,
            session,
            settings: serde_json::from_str(&user.settings)
                .map_err(|_| DbError::Damaged("a user's settings".into()))?,
            links: self.links_of(&user.id).await?.into(),
        }))
    }

    /// The links of a user that were ever taken up by their server.
    pub(super) async fn links_of(&self, user_id: &str) -> Result<Vec<Link>, AccountsError> {
        let rows = links::of_user(&self.0.db, user_id).await?;
        let shared = links::shared_accounts(&self.0.db).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let is_shared = shared.iter().any(|(server, account)| {
                *server == row.server_id && Some(account) == row.upstream_user_id.as_ref()
            });
            all.extend(self.link(row, is_shared)?);
        }
        Ok(all)
    }

    pub(super) fn link(&self, row: &LinkRow, shared: bool) -> Result<Option<Link>, AccountsError> {
        let account = match self.account(row) {
            Ok(Some(account)) => account,
            Ok(None) => return Ok(None),
            // A lost key must not lock people out: they can link the account anew.
            Err(AccountsError::Vault(error)) => {
                tracing::error!(link = row.id, %error, "link {} cannot be used: {error}", row.id);
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        Ok(Some(Link {
            id: row.id,
            server_id: row.server_id,
            account,
            state: match row.state.as_str() {
                "active" => LinkState::Active,
                _ => LinkState::Refused {
                    reason: row.state_reason.clone().unwrap_or_default(),
                },
            },
            shared,
        }))
    }

    /// The account of a link; none before its server was asked for the first time.
    pub(super) fn account(&self, row: &LinkRow) -> Result<Option<Account>, AccountsError> {
        let (Some(user_id), Some(token)) = (&row.upstream_user_id, &row.token) else {
            return Ok(None);
        };
        Ok(Some(Account {
            user_id: user_id
                .parse()
                .map_err(|_| DbError::Damaged("a link's account".into()))?,
            token: self.0.vault.open(super::links::TOKEN, token)?,
            device_id: row.device_id.clone(),
            link: Some(row.id),
        }))
    }

    /// Notes that a session is in use, now and then.
    fn touch(&self, viewer: &Viewer, touched_at: &AtomicI64, now: i64) {
        let last = touched_at.load(Ordering::Relaxed);
        let due = now - last >= TOUCH_MS;
        // Of several requests at once, one writes.
        if !due
            || touched_at
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let db = self.0.db.clone();
        let (session, user) = (viewer.session.id.to_string(), viewer.user_id.to_string());
        // Nobody waits for it, and a lost one costs a minute.
        tokio::spawn(async move {
            let done = async {
                sessions::touch(&db, &session, now, None).await?;
                users::touch(&db, &user, now, false).await
            };
            if let Err(error) = done.await {
                tracing::warn!(%error, "the use of a session could not be noted: {error}");
            }
        });
    }
}
