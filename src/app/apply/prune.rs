//! Removes what a file made and this one does not name.

use super::libraries::config_key;
use super::{ACTOR, Action, Kind, Run};
use crate::accounts::AccountsError;
use crate::config::Config;

impl Run<'_> {
    pub(super) async fn prune(&mut self, config: &Config) -> Result<(), AccountsError> {
        self.prune_libraries(config).await?;
        self.prune_users(config).await?;
        self.prune_servers(config).await
    }

    async fn prune_libraries(&mut self, config: &Config) -> Result<(), AccountsError> {
        let named: Vec<_> = config.merged_libraries.iter().map(config_key).collect();
        for library in self.accounts.merged_libraries().await? {
            let row = &library.row;
            if !is_gone(row.config_key.as_deref(), |key| {
                named.iter().any(|name| name == key)
            }) {
                continue;
            }
            let id = (row.virtual_id.parse())
                .map_err(|_| AccountsError::Internal("a library's id cannot be read".into()))?;
            self.accounts.delete_library(&ACTOR, id).await?;
            let text = format!("removed merged library {}", row.name);
            self.changed(Action::Removed, Kind::MergedLibrary, &row.name, text);
        }
        Ok(())
    }

    async fn prune_users(&mut self, config: &Config) -> Result<(), AccountsError> {
        for user in self.accounts.users().await? {
            let name = &user.name;
            if !is_gone(user.config_key.as_deref(), |key| {
                config.users.iter().any(|named| named.name == key)
            }) {
                continue;
            }
            match self.accounts.delete_user(&ACTOR, user.id).await {
                Ok(()) => {
                    let text = format!("removed user {name}");
                    self.changed(Action::Removed, Kind::User, name, text);
                }
                Err(AccountsError::LastAdministrator) => {
                    let text = format!("kept user {name}: the last administrator must stay");
                    self.changed(Action::Kept, Kind::User, name, text);
                }
                Err(error) => self.problem(format!("user {name}"), error),
            }
        }
        Ok(())
    }

    async fn prune_servers(&mut self, config: &Config) -> Result<(), AccountsError> {
        for server in self.accounts.servers().await? {
            if !is_gone(server.config_key.as_deref(), |key| {
                config.servers.iter().any(|named| named.name == key)
            }) {
                continue;
            }
            self.accounts.remove_server(&ACTOR, server.id).await?;
            let text = format!("removed server {}", server.name);
            self.changed(Action::Removed, Kind::Server, &server.name, text);
        }
        Ok(())
    }
}

/// Made by a file, and not named by this one.
fn is_gone(key: Option<&str>, is_named: impl Fn(&str) -> bool) -> bool {
    key.is_some_and(|key| !is_named(key))
}
