//! The services that the administering commands work on, without a gateway around them.

use super::Failure;
use crate::accounts::{Accounts, Options};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::jellyfin::Registry;

/// Opens the database of a configuration, migrates it, and the accounts on top.
pub(super) async fn accounts(config: &Config) -> Result<Accounts, Failure> {
    let db = Db::open(config.database_url.expose()).await?;
    db.migrate_up().await?;
    let clock = Clock::system();
    let options = Options {
        secret_key_file: config.secret_key_file.clone(),
        secret_key: config.secret_key.clone(),
        sign_in_servers: config.sign_in_servers.clone(),
        ..Options::default()
    };
    Ok(Accounts::open(db, Registry::new(clock.clone()), clock, options).await?)
}
