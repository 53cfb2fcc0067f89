//! The service: what it holds, how it starts, how changes are told.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::broadcast;

use super::limiter::Limiter;
use super::link_checks::Checks;
use super::passwords::{Cost, Passwords};
use super::refused_links::AskedAgain;
use super::renewing::Renewing;
use super::viewers::ViewerCache;
use super::{AccountsError, Actor, PublicIds, Vault};
use crate::clock::Clock;
use crate::db::audit::{AuditFilter, AuditPart, AuditRow};
use crate::db::{Db, DbError, Transaction, audit, installation};
use crate::jellyfin::Registry;
use crate::model::{PublicId, Secret};

/// How the service is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the key of the stored upstream secrets lies; made when missing.
    pub secret_key_file: PathBuf,
    /// That key itself, in place of the file.
    pub secret_key: Option<Secret>,
    /// Names of servers whose accounts may sign in.
    pub sign_in_servers: Vec<String>,
    pub password_cost: Cost,
}

/// What others must look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A server came, went or changed.
    Server(i64),
    /// Source or merged libraries.
    Libraries,
    /// A link came, went, was refused or taken up again.
    Link {
        id: i64,
        user: PublicId,
    },
    User(PublicId),
    /// Another process changed something.
    Everything,
}

/// Users, sessions, links, servers and merged libraries. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub db: Db,
    pub registry: Registry,
    pub clock: Clock,
    pub vault: Vault,
    pub ids: PublicIds,
    pub server_id: PublicId,
    pub sign_in_servers: Vec<String>,
    pub passwords: Passwords,
    pub limiter: Limiter,
    pub viewers: ViewerCache,
    /// One check of a link at a time.
    pub checks: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<Checks>>>>,
    pub check_count: AtomicU64,
    pub asked_again: AskedAgain,
    changes: broadcast::Sender<Change>,
    generation: AtomicU64,
    /// The count of changes in the database up to which this process knows them.
    revision: AtomicI64,
}

/// Keys in `installation`.
const ID_SECRET: &str = "id_secret";
const SERVER_ID: &str = "server_id";
const REVISION: &str = "accounts_revision";

impl Accounts {
    /// Starts on a migrated database: reads or makes the secrets, and tells the registry of every
    /// server.
    ///
    /// # Errors
    /// When the key file or the database cannot be used.
    pub async fn open(
        db: Db,
        registry: Registry,
        clock: Clock,
        options: Options,
    ) -> Result<Self, AccountsError> {
        let vault = match &options.secret_key {
            Some(key) => Vault::from_text(key)?,
            None => Vault::from_file(&options.secret_key_file)?,
        };
        let fresh = hex::encode(rand::random::<[u8; 32]>());
        let secret = installation::get_or_set(&db, ID_SECRET, &fresh).await?;
        let mut id_secret = [0; 32];
        hex::decode_to_slice(&secret, &mut id_secret)
            .map_err(|_| DbError::Damaged("the id secret".into()))?;
        let fresh = PublicId::random().to_string();
        let server_id = installation::get_or_set(&db, SERVER_ID, &fresh).await?;
        let revision = AtomicI64::new(revision(&db).await?);
        let accounts = Self(Arc::new(Inner {
            limiter: Limiter::new(clock.clone()),
            viewers: ViewerCache::default(),
            passwords: Passwords::new(options.password_cost),
            ids: PublicIds::new(id_secret),
            server_id: server_id
                .parse()
                .map_err(|_| DbError::Damaged("the server id".into()))?,
            sign_in_servers: options.sign_in_servers,
            checks: Mutex::default(),
            check_count: AtomicU64::new(1),
            asked_again: AskedAgain::default(),
            changes: broadcast::Sender::new(256),
            generation: AtomicU64::new(0),
            revision,
            db,
            registry,
            clock,
            vault,
        }));
        let renewing = Renewing(Arc::downgrade(&accounts.0));
        accounts.0.registry.renew_by(Arc::new(renewing));
        accounts.load_servers().await?;
        Ok(accounts)
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub fn ids(&self) -> &PublicIds {
        &self.0.ids
    }

    /// The id that clients are told as Jellyfin's server id. Never changes.
    pub fn server_id(&self) -> PublicId {
        self.0.server_id
    }

    /// What changes from now on, here or (as `Everything`) in other processes.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Goes up with every change; what was worked out under an older number may be wrong.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Looks whether another process changed something (`manyfin apply`, another replica), and
    /// takes it up. To be called every second or so. True when there was something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notice(&self) -> Result<bool, AccountsError> {
        let now = revision(&self.0.db).await?;
        if self.0.revision.swap(now, Ordering::AcqRel) == now {
            return Ok(false);
        }
        self.load_servers().await?;
        self.tell(Change::Everything);
        Ok(true)
    }

    /// Says what changed to this process and, by the revision, to others.
    pub(super) async fn changed(&self, change: Change) -> Result<(), AccountsError> {
        self.tell(change);
        let count = installation::count_up(&self.0.db, REVISION).await?;
        // Where it is not the next one, somebody else changed something too: `notice` will see it.
        let _ =
            self.0
                .revision
                .compare_exchange(count - 1, count, Ordering::AcqRel, Ordering::Acquire);
        Ok(())
    }

    fn tell(&self, change: Change) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
        // Nobody listening is fine.
        let _ = self.0.changes.send(change);
    }

    /// Writes down who changed what, in the transaction of the change. `before` and `after` must hold
    /// no secrets. `action` names the kind of the subject before its point.
    pub(super) async fn audit(
        &self,
        tx: &Transaction,
        actor: &Actor,
        action: &str,
        subject: impl std::fmt::Display,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), AccountsError> {
        let name_in = |value: &Value| {
            let name = value.get("name").or_else(|| value.get("username"));
            name.and_then(Value::as_str).map(str::to_owned)
        };
        let subject_name = after.as_ref().or(before.as_ref()).and_then(name_in);
        let kind = action.split('.').next().unwrap_or_default();
        let entry = audit::NewAudit {
            at: self.0.clock.millis(),
            actor: actor.to_string(),
            kind: kind.to_owned(),
            action: action.to_owned(),
            subject: subject.to_string(),
            subject_name: subject_name.unwrap_or_default(),
            before: before.map(|value| value.to_string()),
            after: after.map(|value| value.to_string()),
        };
        tracing::info!(
            actor = entry.actor,
            action,
            subject = entry.subject,
            "changed by {}: {action} {}",
            entry.actor,
            entry.subject
        );
        audit::insert(tx, &entry).await?;
        Ok(())
    }

    /// Writes down what an administrator changed elsewhere, in the transaction of that change, which ends
    /// with it; and says so to other processes.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn record(
        &self,
        tx: Transaction,
        actor: &Actor,
        action: &str,
        subject: impl std::fmt::Display,
        after: Option<Value>,
    ) -> Result<(), AccountsError> {
        actor.need_administrator()?;
        self.audit(&tx, actor, action, subject, None, after).await?;
        tx.commit().await?;
        self.changed(Change::Libraries).await
    }

    /// Who changed what: a part of the log, the latest first.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn audit_log(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        part: &AuditPart,
    ) -> Result<Vec<AuditRow>, AccountsError> {
        actor.need_administrator()?;
        Ok(audit::list(&self.0.db, filter, part).await?)
    }

    /// How many entries of the log fit.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn audit_count(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
    ) -> Result<i64, AccountsError> {
        actor.need_administrator()?;
        Ok(audit::count(&self.0.db, filter).await?)
    }
}

async fn revision(db: &Db) -> Result<i64, AccountsError> {
    let text = installation::get(db, REVISION).await?;
    let text = text.as_deref().unwrap_or("0");
    let damaged = |_| DbError::Damaged("the count of changes".into());
    Ok(text.parse().map_err(damaged)?)
}
