//! `manyfin user …`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::credentials::{UpstreamAccount, secret};
use super::output::table;
use super::settings::Settings;
use super::{Failure, Output, open, server};
use crate::accounts::{Accounts, Actor, LinkInfoState, NewUser, User as Account};

#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// The users and the servers that each is linked to
    List,
    /// Make a user
    Add {
        name: String,
        /// A file that holds the password; - reads standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<String>,
        #[arg(long)]
        administrator: bool,
    },
    /// Set a password; every device of the user is signed out
    Password {
        name: String,
        /// A file that holds the password; - reads standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        password_file: String,
    },
    /// Call a user something else
    Rename { name: String, new: String },
    /// Make a user an administrator, or no longer
    Administrator {
        name: String,
        #[arg(long)]
        revoke: bool,
    },
    /// Keep a user out; --undo lets them in again
    Disable {
        name: String,
        #[arg(long)]
        undo: bool,
    },
    /// Link a user to an account on a server
    Link {
        name: String,
        server: String,
        #[command(flatten)]
        account: UpstreamAccount,
        /// The account may sign the user in
        #[arg(long)]
        sign_in: bool,
    },
    /// Take a user's link to a server away
    Unlink { name: String, server: String },
    /// Remove a user
    Remove { name: String },
}

impl User {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let accounts = open::accounts(&settings.load()?).await?;
        let shell = &Actor::Shell;
        let said = match self.deed {
            Deed::List => return list(&accounts, output).await,
            Deed::Add {
                name,
                password_file,
                administrator,
            } => {
                let new = NewUser {
                    name,
                    password: password_file.as_deref().map(secret).transpose()?,
                    is_administrator: administrator,
                    config_key: None,
                };
                let user = accounts.create_user(shell, new).await?;
                format!("added {}", user.name)
            }
            Deed::Password {
                name,
                password_file,
            } => {
                let user = named(&accounts, &name).await?;
                let password = secret(&password_file)?;
                accounts
                    .set_password(shell, user.id, None, &password, None)
                    .await?;
                format!("set the password of {}", user.name)
            }
            Deed::Rename { name, new } => {
                let user = named(&accounts, &name).await?;
                let user = accounts.rename_user(shell, user.id, &new).await?;
                format!("{name} is {} now", user.name)
            }
            Deed::Administrator { name, revoke } => {
                let user = named(&accounts, &name).await?;
                accounts.set_administrator(shell, user.id, !revoke).await?;
                let word = if revoke { "no longer" } else { "now" };
                format!("{} is {word} an administrator", user.name)
            }
            Deed::Disable { name, undo } => {
                let user = named(&accounts, &name).await?;
                accounts.set_disabled(shell, user.id, !undo).await?;
                let word = if undo { "enabled" } else { "disabled" };
                format!("{word} {}", user.name)
            }
            Deed::Link {
                name,
                server,
                account,
                sign_in,
            } => {
                let user = named(&accounts, &name).await?;
                let server = server::named(&accounts, &server).await?;
                let credentials = account.read()?;
                let link = accounts
                    .link_account(shell, user.id, server.id, credentials, sign_in)
                    .await?;
                format!(
                    "linked {} to {} on {}",
                    user.name, link.username, server.name
                )
            }
            Deed::Unlink { name, server } => {
                let user = named(&accounts, &name).await?;
                let server = server::named(&accounts, &server).await?;
                let links = accounts.links(shell, user.id).await?;
                let link = links
                    .iter()
                    .find(|link| link.server_id == server.id)
                    .ok_or_else(|| format!("{name} is not linked to {}", server.name))?;
                accounts.unlink(shell, link.id).await?;
                format!("unlinked {} from {}", user.name, server.name)
            }
            Deed::Remove { name } => {
                let user = named(&accounts, &name).await?;
                accounts.delete_user(shell, user.id).await?;
                format!("removed {}", user.name)
            }
        };
        output.print(json!({ "done": said }), || said.clone());
        Ok(())
    }
}

async fn list(accounts: &Accounts, output: Output) -> Result<(), Failure> {
    let servers = accounts.servers().await?;
    let mut users = Vec::new();
    for user in accounts.users().await? {
        let links: Vec<Value> = accounts
            .links(&Actor::Shell, user.id)
            .await?
            .into_iter()
            .map(|link| {
                let server = servers.iter().find(|row| row.id == link.server_id);
                json!({
                    "server": server.map(|row| row.name.as_str()),
                    "username": link.username,
                    "state": match link.state {
                        LinkInfoState::Active => "active",
                        LinkInfoState::Pending => "pending",
                        LinkInfoState::Refused { .. } => "refused",
                    },
                    "signIn": link.sign_in,
                    "shared": link.shared,
                })
            })
            .collect();
        users.push((user, links));
    }
    let json = users
        .iter()
        .map(|(user, links)| {
            json!({
                "id": user.id,
                "name": user.name,
                "administrator": user.is_administrator,
                "disabled": user.is_disabled,
                "links": links,
            })
        })
        .collect();
    output.print(json, || {
        let rows = users.iter().map(|(user, links)| {
            let links: Vec<String> = links
                .iter()
                .map(|link| match link["state"].as_str() {
                    Some("active") | None => link["server"].as_str().unwrap_or("?").to_owned(),
                    Some(state) => format!("{} ({state})", link["server"].as_str().unwrap_or("?")),
                })
                .collect();
            vec![user.name.clone(), rights(user).to_owned(), links.join(", ")]
        });
        table(&["name", "rights", "linked to"], rows)
    });
    Ok(())
}

fn rights(user: &Account) -> &'static str {
    match (user.is_disabled, user.is_administrator) {
        (true, _) => "disabled",
        (false, true) => "administrator",
        (false, false) => "user",
    }
}

pub(super) async fn named(accounts: &Accounts, name: &str) -> Result<Account, Failure> {
    let found = accounts.user_by_name(name).await?;
    found.ok_or_else(|| format!("there is no user called {name}").into())
}
