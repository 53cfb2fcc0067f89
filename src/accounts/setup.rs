//! The first administrator.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::limiter::Origin;
use super::service::{Accounts, Change};
use super::users::{NewUser, User, insert_named, shown};
use super::{AccountsError, Actor};
use crate::db::{installation, users};
use crate::model::Secret;

/// In `installation`: the SHA-256 of the token.
const SETUP_TOKEN: &str = "setup_token";
/// The administrator that `MANYFIN_ADMIN_PASSWORD` makes.
const FIRST_NAME: &str = "admin";

/// How an installation without an administrator gets one.
#[derive(Debug)]
pub enum FirstStart {
    /// There is one.
    Done,
    /// One was made now, from the environment.
    Made(User),
    /// Whoever gives this token becomes one. Show it once, on the terminal; it ends with the
    /// next start.
    Token(Secret),
}

impl Accounts {
    /// Sees to it that there is, or can be, an administrator.
    ///
    /// # Errors
    /// `InvalidInput` when the password from the environment is empty; `NameTaken` when somebody
    /// else is called `admin`.
    pub async fn first_start(
        &self,
        admin_password: Option<Secret>,
    ) -> Result<FirstStart, AccountsError> {
        let db = &self.0.db;
        if users::all(db)
            .await?
            .iter()
            .any(|user| user.is_administrator)
        {
            installation::remove(db, SETUP_TOKEN).await?;
            return Ok(FirstStart::Done);
        }
        if admin_password.is_some() {
            let made = self.make_first(FIRST_NAME, admin_password).await?;
            return Ok(made.map_or(FirstStart::Done, FirstStart::Made));
        }
        let token = Secret::new(hex::encode(rand::random::<[u8; 16]>()));
        installation::set(db, SETUP_TOKEN, &hash(&token)).await?;
        Ok(FirstStart::Token(token))
    }

    /// Whether there is no administrator yet, so that a client can be led to set-up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn needs_setup(&self) -> Result<bool, AccountsError> {
        Ok(installation::get(&self.0.db, SETUP_TOKEN).await?.is_some())
    }

    /// Makes the first administrator for who has the set-up token.
    ///
    /// # Errors
    /// `InvalidCredentials`, `TooManyAttempts`, `SetUpIsOver`, `InvalidInput`, `NameTaken`.
    pub async fn complete_setup(
        &self,
        token: &Secret,
        name: &str,
        password: Secret,
        address: Option<IpAddr>,
    ) -> Result<User, AccountsError> {
        self.0
            .limiter
            .admit(address, "set-up token", Origin::Elsewhere)?;
        let known = installation::get(&self.0.db, SETUP_TOKEN).await?;
        let known = known.ok_or(AccountsError::SetUpIsOver)?;
        let same = subtle::ConstantTimeEq::ct_eq(known.as_bytes(), hash(token).as_bytes());
        if !bool::from(same) {
            return Err(AccountsError::InvalidCredentials);
        }
        let made = self.make_first(name, Some(password)).await?;
        installation::remove(&self.0.db, SETUP_TOKEN).await?;
        made.ok_or(AccountsError::SetUpIsOver)
    }

    async fn make_first(
        &self,
        name: &str,
        password: Option<Secret>,
    ) -> Result<Option<User>, AccountsError> {
        let user = NewUser {
            name: name.to_owned(),
            password,
            is_administrator: true,
            config_key: None,
        };
        let row = self.user_row(user).await?;
        let tx = self.0.db.begin().await?;
        let made = users::insert_first_administrator(&tx, &row).await;
        if !insert_named(made, &row.name)? {
            return Ok(None);
        }
        let made = Some(shown(&row));
        self.audit(
            &tx,
            &Actor::System,
            "user.create_first",
            &row.id,
            None,
            made,
        )
        .await?;
        tx.commit().await?;
        let user = User::try_from(row)?;
        self.changed(Change::User(user.id)).await?;
        Ok(Some(user))
    }
}

fn hash(token: &Secret) -> String {
    hex::encode(Sha256::digest(token.expose()))
}
