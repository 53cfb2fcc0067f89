//! Changing the key that seals stored upstream secrets.

use super::service::Accounts;
use super::{AccountsError, Actor, crawler, links};
use crate::db::DbError;
use crate::db::secrets::{Place, reseal};

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
            if vault.is_current(sealed) {
                return Ok(None);
            }
            let purpose = match place {
                Place::LinkToken => links::TOKEN,
                Place::LinkPassword => links::PASSWORD,
                Place::ServerToken => crawler::TOKEN,
                Place::ServerPassword => crawler::PASSWORD,
            };
            let plain = vault
                .open(purpose, sealed)
                .map_err(|error| DbError::Damaged(error.to_string()))?;
            count += 1;
            Ok(Some(vault.seal(purpose, &plain)))
        })
        .await?;
        vault.drop_old_keys()?;
        self.audit(&Actor::Shell, "key.rotate", "all", None, None)
            .await?;
        Ok(count)
    }
}
