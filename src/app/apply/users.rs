//! Users and their links.

use super::{ACTOR, Action, Kind, Run, credentials, is_silence, same, server_called};
use crate::accounts::{AccountsError, NewUser, User};
use crate::config::{DeclaredLink, DeclaredUser};
use crate::db::servers::ServerRow;

/// The user that a file means by a name: the one that was made under it, else one of that name that
/// no file made.
pub(super) fn user_called<'a>(users: &'a [User], name: &str) -> Option<&'a User> {
    let made = |user: &&User| user.config_key.as_deref() == Some(name);
    let named = |user: &&User| user.config_key.is_none() && same(&user.name, name);
    users.iter().find(made).or_else(|| users.iter().find(named))
}

impl Run<'_> {
    pub(super) async fn users(&mut self, declared: &[DeclaredUser]) -> Result<(), AccountsError> {
        let known = self.accounts.users().await?;
        let servers = self.accounts.servers().await?;
        for user in declared {
            let subject = format!("user {}", user.name);
            match self.put_user(user_called(&known, &user.name), user).await {
                Ok(made) => self.links(&made, user, &servers).await?,
                Err(error) => self.problem(subject, error),
            }
        }
        Ok(())
    }

    async fn put_user(
        &mut self,
        known: Option<&User>,
        declared: &DeclaredUser,
    ) -> Result<User, AccountsError> {
        let name = &declared.name;
        let Some(known) = known else {
            let user = NewUser {
                name: name.clone(),
                password: declared.password.clone(),
                is_administrator: declared.administrator,
                config_key: Some(name.clone()),
            };
            let made = self.accounts.create_user(&ACTOR, user).await?;
            let what = if declared.administrator {
                "administrator"
            } else {
                "user"
            };
            self.changed(
                Action::Added,
                Kind::User,
                name,
                format!("added {what} {name}"),
            );
            return Ok(made);
        };
        // Whoever has that account upstream is not the person whom the file means.
        if known.config_key.is_none() && known.made_by_sign_in {
            return Err(AccountsError::NameTaken { name: name.clone() });
        }
        if known.is_administrator == declared.administrator {
            return Ok(known.clone());
        }
        let changed = self
            .accounts
            .set_administrator(&ACTOR, known.id, declared.administrator)
            .await?;
        let what = if declared.administrator {
            "an administrator now"
        } else {
            "no administrator any more"
        };
        let text = format!("changed user {name}: {what}");
        self.changed(Action::Changed, Kind::User, name, text);
        Ok(changed)
    }

    async fn links(
        &mut self,
        user: &User,
        declared: &DeclaredUser,
        servers: &[ServerRow],
    ) -> Result<(), AccountsError> {
        let mut seen = Vec::with_capacity(declared.links.len());
        for link in &declared.links {
            let subject = format!("link of {} to {}", declared.name, link.server);
            let Some(server) = server_called(servers, &link.server) else {
                self.problem(subject, "there is no such server");
                continue;
            };
            if seen.contains(&server.id) {
                self.problem(subject, "it stands twice; a user has one link to a server");
                continue;
            }
            seen.push(server.id);
            match self.put_link(user, server, link).await {
                Ok(None) => {}
                Ok(Some((action, text))) => {
                    self.changed(
                        action,
                        Kind::Link,
                        &declared.name,
                        format!("{text} {subject}"),
                    );
                }
                Err(error) => self.problem(subject, error),
            }
        }
        Ok(())
    }

    async fn put_link(
        &self,
        user: &User,
        server: &ServerRow,
        declared: &DeclaredLink,
    ) -> Result<Option<(Action, &'static str)>, AccountsError> {
        let known = self.accounts.links(&ACTOR, user.id).await?;
        if let Some(known) = known.iter().find(|link| link.server_id == server.id) {
            // A file that is silent about it does not switch off what the user switched on.
            if declared.sign_in && !known.sign_in {
                self.accounts
                    .set_link_sign_in(&ACTOR, known.id, true)
                    .await?;
                return Ok(Some((Action::Changed, "switched sign-in on for the")));
            }
            return Ok(None);
        }
        let credentials = credentials(&declared.login);
        let sign_in = declared.sign_in;
        // A server that did not answer a moment ago is not asked again for every user.
        if server.upstream_id.is_some() {
            let linked = self
                .accounts
                .link_account(&ACTOR, user.id, server.id, credentials.clone(), sign_in)
                .await;
            match linked {
                Ok(_) => return Ok(Some((Action::Added, "added the"))),
                Err(error) if is_silence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.accounts
            .link_later(&ACTOR, user.id, server.id, credentials, sign_in)
            .await?;
        let text = "added, pending until the server answers, the";
        Ok(Some((Action::Added, text)))
    }
}
