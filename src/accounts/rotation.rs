//! Changing the key that seals stored upstream secrets.

use super::service::Accounts;
use super::{AccountsError, Actor, Vault, crawler, links};
use crate::db::secrets::{Place, reseal};
use crate::db::{Db, DbError};

impl Accounts {
    /// Seals every stored upstream secret with a new key. A crash on the way loses nothing: all
    /// keys that are still needed stay in the file.
    ///
    /// # Errors
    /// `Vault` when the key comes from the environment, or something sealed cannot be opened.
    pub async fn rotate_key(&self) -> Result<usize, AccountsError> {
        let vault = &self.0.vault;
        vault.add_key()?;
        let mut count = 0;
        reseal(&self.0.db, |place, sealed| {
            let purpose = purpose(place);
            let plain = vault
                .open(purpose, sealed)
                .map_err(|error| DbError::Damaged(error.to_string()))?;
            count += 1;
            Ok(Some(vault.seal(purpose, &plain)))
        })
        .await?;
        vault.drop_old_keys()?;
        let tx = self.0.db.begin().await?;
        self.audit(&tx, &Actor::Shell, "key.rotate", "all", None, None)
            .await?;
        tx.commit().await?;
        Ok(count)
    }
}

/// How many stored upstream secrets there are, and how many of them this key cannot open.
///
/// # Errors
/// When the database fails.
pub async fn unreadable(db: &Db, vault: Option<&Vault>) -> Result<(usize, usize), DbError> {
    let (mut all, mut closed) = (0, 0);
    reseal(db, |place, sealed| {
        all += 1;
        let open = vault.is_some_and(|vault| vault.open(purpose(place), sealed).is_ok());
        closed += usize::from(!open);
        Ok(None)
    })
    .await?;
    Ok((all, closed))
}

/// What a sealed column is bound to.
fn purpose(place: Place) -> &'static str {
    match place {
        Place::LinkToken => links::TOKEN,
        Place::LinkPassword => links::PASSWORD,
        Place::ServerToken => crawler::TOKEN,
        Place::ServerPassword => crawler::PASSWORD,
    }
}
