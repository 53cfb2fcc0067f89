//! Manyfin's own users.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::error::found;
use super::limiter::Origin;
use super::names::{self, MAX_NAME};
use super::service::{Accounts, Change};
use super::settings::{differing, stored};
use super::viewers::read_id;
use super::{AccountsError, Actor};
use crate::db::users::{UserChange, UserRow};
use crate::db::{DbError, sessions, users};
use crate::error::InvalidInput;
use crate::merge::SourcePolicy;
use crate::model::{PublicId, Secret};

/// A user as others may see one.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: PublicId,
    pub name: String,
    pub is_administrator: bool,
    pub is_disabled: bool,
    /// Whether a password of Manyfin's own opens it (an empty one is one).
    pub has_password: bool,
    /// Made by signing in with a server's account.
    pub made_by_sign_in: bool,
    /// The name in the configuration file that made it.
    pub config_key: Option<String>,
    /// Jellyfin's `UserConfiguration`.
    pub settings: Value,
    /// Which copy plays first for the user, whatever the libraries say.
    pub source_policy: Option<SourcePolicy>,
    pub created_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_activity_at: Option<DateTime<Utc>>,
}

/// A user to be.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    pub name: String,
    /// None: no password opens it.
    pub password: Option<Secret>,
    pub is_administrator: bool,
    pub config_key: Option<String>,
}

/// A time in the database, as a time.
pub(super) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

impl TryFrom<UserRow> for User {
    type Error = DbError;
    fn try_from(row: UserRow) -> Result<Self, DbError> {
        Ok(Self {
            id: read_id(&row.id)?,
            has_password: row.password_hash.is_some(),
            made_by_sign_in: row.made_by_account.is_some(),
            settings: serde_json::from_str(&row.settings)
                .map_err(|_| DbError::Damaged("a user's settings".into()))?,
            source_policy: source_policy(&row)?,
            created_at: time(row.created_at),
            last_login_at: row.last_login_at.map(time),
            last_activity_at: row.last_activity_at.map(time),
            name: row.name,
            is_administrator: row.is_administrator,
            is_disabled: row.is_disabled,
            config_key: row.config_key,
        })
    }
}

pub(super) fn source_policy(row: &UserRow) -> Result<Option<SourcePolicy>, DbError> {
    let read = row.source_policy.as_deref().map(str::parse).transpose();
    read.map_err(|_| DbError::Damaged("a user's source policy".into()))
}

/// For the audit: no secrets.
pub(super) fn shown(row: &UserRow) -> Value {
    json!({
        "name": row.name,
        "administrator": row.is_administrator,
        "disabled": row.is_disabled,
        "password": row.password_hash.is_some(),
        "sourcePolicy": row.source_policy,
    })
}

impl Accounts {
    /// Every user, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self) -> Result<Vec<User>, AccountsError> {
        let rows = users::all(&self.0.db).await?;
        rows.into_iter()
            .map(|row| User::try_from(row).map_err(Into::into))
            .collect()
    }

    /// # Errors
    /// When the database fails.
    pub async fn user(&self, id: PublicId) -> Result<Option<User>, AccountsError> {
        let row = users::by_id(&self.0.db, &id.to_string()).await?;
        Ok(row.map(User::try_from).transpose()?)
    }

    /// # Errors
    /// When the database fails.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, AccountsError> {
        let row = users::by_name_key(&self.0.db, &names::key(name)).await?;
        Ok(row.map(User::try_from).transpose()?)
    }

    /// # Errors
    /// `Forbidden`, `InvalidInput`, `NameTaken`.
    pub async fn create_user(&self, actor: &Actor, user: NewUser) -> Result<User, AccountsError> {
        actor.need_administrator()?;
        let row = self.user_row(user).await?;
        let tx = self.0.db.begin().await?;
        insert_named(users::insert(&tx, &row).await, &row.name)?;
        self.audit(&tx, actor, "user.create", &row.id, None, Some(shown(&row)))
            .await?;
        tx.commit().await?;
        let user = User::try_from(row)?;
        self.changed(Change::User(user.id)).await?;
        Ok(user)
    }

    pub(super) async fn user_row(&self, user: NewUser) -> Result<UserRow, AccountsError> {
        let name = names::check("name", &user.name, MAX_NAME)?;
        if user.is_administrator && user.password.as_ref().is_none_or(Secret::is_empty) {
            return Err(needs_password().into());
        }
        let password_hash = match &user.password {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        Ok(UserRow {
            id: PublicId::random().to_string(),
            config_key: user.config_key,
            name_key: names::key(&name),
            name,
            password_hash,
            is_administrator: user.is_administrator,
            is_disabled: false,
            made_by_server_key: None,
            made_by_account: None,
            settings: "{}".into(),
            created_at: self.0.clock.millis(),
            last_login_at: None,
            last_activity_at: None,
            source_policy: None,
        })
    }

    /// # Errors
    /// `Forbidden`, `NotFound`, `InvalidInput`, `NameTaken`.
    pub async fn rename_user(
        &self,
        actor: &Actor,
        id: PublicId,
        name: &str,
    ) -> Result<User, AccountsError> {
        actor.need_administrator()?;
        let name = names::check("name", name, MAX_NAME)?;
        let change = UserChange {
            name_key: Some(names::key(&name)),
            name: Some(name),
            ..UserChange::default()
        };
        self.change_user(actor, "user.rename", id, change).await
    }

    /// Makes an administrator of a user, or the reverse. Sessions that an upstream account opened
    /// end: no right upstream leads to an administrator here.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `LastAdministrator`; `InvalidInput` for a user without a password.
    pub async fn set_administrator(
        &self,
        actor: &Actor,
        id: PublicId,
        administrator: bool,
    ) -> Result<User, AccountsError> {
        actor.need_administrator()?;
        let row = self.user_by_id(id).await?;
        if administrator && row.password_hash.is_none() {
            return Err(needs_password().into());
        }
        let change = UserChange {
            is_administrator: Some(administrator),
            ..UserChange::default()
        };
        let user = self
            .change_user(actor, "user.set_administrator", id, change)
            .await?;
        if administrator {
            for link in crate::db::links::of_user(&self.0.db, &row.id).await? {
                sessions::delete_of_link(&self.0.db, link.id).await?;
            }
            self.changed(Change::User(id)).await?;
        }
        Ok(user)
    }

    /// A disabled user is signed out everywhere and cannot sign in.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `LastAdministrator`.
    pub async fn set_disabled(
        &self,
        actor: &Actor,
        id: PublicId,
        disabled: bool,
    ) -> Result<User, AccountsError> {
        actor.need_administrator()?;
        let change = UserChange {
            is_disabled: Some(disabled),
            ..UserChange::default()
        };
        let user = self
            .change_user(actor, "user.set_disabled", id, change)
            .await?;
        if disabled {
            sessions::delete_of_user(&self.0.db, &id.to_string(), None).await?;
            self.changed(Change::User(id)).await?;
        }
        Ok(user)
    }

    /// Changes a password. Users prove the present one; administrators change others' without.
    /// All other sessions of the user end; `keep` is the one that asks.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `InvalidCredentials` when the present one is wrong; `Forbidden` too
    /// for one's own first password, where an account of a server signs in.
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: PublicId,
        current: Option<&Secret>,
        new: &Secret,
        keep: Option<PublicId>,
    ) -> Result<(), AccountsError> {
        actor.need_to_be(id)?;
        let row = self.user_by_id(id).await?;
        if actor.is(id) {
            let hash = row
                .password_hash
                .as_deref()
                .ok_or(AccountsError::Forbidden)?;
            // Not the bucket of sign-ins, which others can empty.
            let own = format!("\npassword of {}", row.name_key);
            self.0.limiter.admit(None, &own, Origin::Elsewhere)?;
            let current = current.cloned().unwrap_or_default();
            if !self.0.passwords.verify(&current, Some(hash)).await? {
                return Err(AccountsError::InvalidCredentials);
            }
            self.0.limiter.give_back(None, &own, Origin::Elsewhere);
        }
        if row.is_administrator && new.is_empty() {
            return Err(needs_password().into());
        }
        let change = UserChange {
            password_hash: Some(Some(self.0.passwords.hash(new).await?)),
            ..UserChange::default()
        };
        self.change_user(actor, "user.set_password", id, change)
            .await?;
        let keep = keep.map(|id| id.to_string());
        sessions::delete_of_user(&self.0.db, &id.to_string(), keep.as_deref()).await?;
        self.changed(Change::User(id)).await
    }

    /// Keeps Jellyfin's `UserConfiguration` of a user.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `InvalidInput` when it is no object, or too large.
    pub async fn update_settings(
        &self,
        actor: &Actor,
        id: PublicId,
        settings: &Value,
    ) -> Result<User, AccountsError> {
        actor.need_to_be(id)?;
        let change = UserChange {
            settings: Some(stored("settings", settings)?),
            ..UserChange::default()
        };
        let tx = self.0.db.begin().await?;
        let before = users::by_id(&tx, &id.to_string()).await?;
        let before = before.ok_or(AccountsError::NotFound("user"))?;
        let row = found("user", users::update(&tx, &before.id, &change).await)?;
        if row.settings != before.settings {
            let read = |row: &UserRow| serde_json::from_str(&row.settings).unwrap_or_default();
            let (old, new) = differing(&read(&before), &read(&row));
            let told = |settings| Some(json!({ "name": row.name, "settings": settings }));
            self.audit(&tx, actor, "user.update_settings", id, told(old), told(new))
                .await?;
        }
        tx.commit().await?;
        let user = User::try_from(row)?;
        self.changed(Change::User(id)).await?;
        Ok(user)
    }

    /// Sets which copy plays first for a user, whatever the libraries say; none: as they say.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn set_source_policy(
        &self,
        actor: &Actor,
        id: PublicId,
        policy: Option<SourcePolicy>,
    ) -> Result<User, AccountsError> {
        actor.need_to_be(id)?;
        let change = UserChange {
            source_policy: Some(policy.map(|policy| policy.to_string())),
            ..UserChange::default()
        };
        self.change_user(actor, "user.set_source_policy", id, change)
            .await
    }

    /// Deletes a user with all that is theirs.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `LastAdministrator`.
    pub async fn delete_user(&self, actor: &Actor, id: PublicId) -> Result<(), AccountsError> {
        actor.need_administrator()?;
        let tx = self.0.db.begin().await?;
        let row = found("user", users::delete(&tx, &id.to_string()).await)?;
        self.audit(&tx, actor, "user.delete", id, Some(shown(&row)), None)
            .await?;
        tx.commit().await?;
        self.changed(Change::User(id)).await
    }

    async fn change_user(
        &self,
        actor: &Actor,
        action: &str,
        id: PublicId,
        change: UserChange,
    ) -> Result<User, AccountsError> {
        let tx = self.0.db.begin().await?;
        let before = users::by_id(&tx, &id.to_string()).await?;
        let before = before.ok_or(AccountsError::NotFound("user"))?;
        let name = change.name.clone().unwrap_or_default();
        let row = users::update(&tx, &before.id, &change).await;
        let row = match row {
            Err(error) if error.is_conflict_on("name_key") => {
                return Err(AccountsError::NameTaken { name });
            }
            other => found("user", other)?,
        };
        let (old, new) = (Some(shown(&before)), Some(shown(&row)));
        self.audit(&tx, actor, action, id, old, new).await?;
        tx.commit().await?;
        self.changed(Change::User(id)).await?;
        Ok(User::try_from(row)?)
    }

    pub(super) async fn user_by_id(&self, id: PublicId) -> Result<UserRow, AccountsError> {
        users::by_id(&self.0.db, &id.to_string())
            .await?
            .ok_or(AccountsError::NotFound("user"))
    }
}

fn needs_password() -> InvalidInput {
    InvalidInput::new(
        "password",
        "an administrator needs one",
        "a password that is not empty",
    )
}

/// A taken name has an error of its own.
pub(super) fn insert_named<T>(result: Result<T, DbError>, name: &str) -> Result<T, AccountsError> {
    match result {
        Err(error) if error.is_conflict_on("name_key") => Err(AccountsError::NameTaken {
            name: name.to_owned(),
        }),
        other => Ok(other?),
    }
}
