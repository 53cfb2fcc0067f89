//! `manyfin server …`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::credentials::UpstreamAccount;
use super::output::table;
use super::settings::Settings;
use super::{Failure, Output, open};
use crate::accounts::{Accounts, Actor, AddServer, ServerUpdate};
use crate::db::servers::ServerRow;
use crate::jellyfin::TlsTrust;

#[derive(Debug, Args)]
pub(super) struct Server {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// The servers and the libraries that each has
    List,
    /// Add a server: asks what lives at the address and logs in
    Add {
        name: String,
        /// http(s)://host[:port][/path]
        url: String,
        #[command(flatten)]
        account: UpstreamAccount,
        /// A private certificate authority (PEM)
        #[arg(long, value_name = "FILE", conflicts_with = "tls_fingerprint")]
        ca_file: Option<String>,
        /// The server's own certificate: sha256: and 64 hex digits
        #[arg(long)]
        tls_fingerprint: Option<String>,
        /// Even if a server that calls itself the same is here
        #[arg(long)]
        force: bool,
    },
    /// Call a server something else
    Rename { name: String, new: String },
    /// Change the account that crawls a server
    Account {
        name: String,
        #[command(flatten)]
        account: UpstreamAccount,
    },
    /// Remove a server; its ids and what was watched are kept for its return
    Remove { name: String },
}

impl Server {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let accounts = open::accounts(&settings.load()?).await?;
        match self.deed {
            Deed::List => list(&accounts, output).await,
            Deed::Add {
                name,
                url,
                account,
                ca_file,
                tls_fingerprint,
                force,
            } => {
                let add = AddServer {
                    name,
                    url,
                    tls: trust(ca_file, tls_fingerprint)?,
                    credentials: account.read()?,
                    link_me: false,
                    force,
                    take_key: None,
                    config_key: None,
                };
                let row = accounts.add_server(&Actor::Shell, add).await?;
                output.print(shown(&row), || format!("added {}", row.name));
                Ok(())
            }
            Deed::Rename { name, new } => {
                let update = ServerUpdate {
                    name: Some(new),
                    ..ServerUpdate::default()
                };
                self::update(&accounts, &name, update, output).await
            }
            Deed::Account { name, account } => {
                let update = ServerUpdate {
                    credentials: Some(account.read()?),
                    ..ServerUpdate::default()
                };
                self::update(&accounts, &name, update, output).await
            }
            Deed::Remove { name } => {
                let row = named(&accounts, &name).await?;
                accounts.remove_server(&Actor::Shell, row.id).await?;
                output.print(json!({ "removed": row.name }), || {
                    format!("removed {}", row.name)
                });
                Ok(())
            }
        }
    }
}

async fn update(
    accounts: &Accounts,
    name: &str,
    update: ServerUpdate,
    output: Output,
) -> Result<(), Failure> {
    let row = named(accounts, name).await?;
    accounts
        .update_server(&Actor::Shell, row.id, update)
        .await?;
    output.print(json!({ "changed": row.id }), || format!("changed {name}"));
    Ok(())
}

async fn list(accounts: &Accounts, output: Output) -> Result<(), Failure> {
    let servers = accounts.servers().await?;
    let libraries = accounts.source_libraries().await?;
    let names = |server: i64| -> Vec<&str> {
        libraries
            .iter()
            .filter(|library| library.server_id == server && library.is_present)
            .map(|library| library.name.as_str())
            .collect()
    };
    let json = servers
        .iter()
        .map(|row| {
            let mut value = shown(row);
            value["libraries"] = json!(names(row.id));
            value
        })
        .collect();
    output.print(json, || {
        let rows = servers.iter().map(|row| {
            let version = row.version.clone().unwrap_or_else(|| "not reached".into());
            let libraries = names(row.id).join(", ");
            vec![row.name.clone(), row.url.clone(), version, libraries]
        });
        table(&["name", "address", "version", "libraries"], rows)
    });
    Ok(())
}

pub(super) async fn named(accounts: &Accounts, name: &str) -> Result<ServerRow, Failure> {
    let found = accounts.server_by_name(name).await?;
    found.ok_or_else(|| format!("there is no server called {name}").into())
}

fn shown(row: &ServerRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "version": row.version,
        "crawlUser": row.crawl_username,
        "lastError": row.last_error,
    })
}

fn trust(ca_file: Option<String>, fingerprint: Option<String>) -> Result<TlsTrust, Failure> {
    match (ca_file, fingerprint) {
        (Some(file), _) => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {file}: {error}"))?;
            Ok(TlsTrust::Authority(text))
        }
        (None, Some(text)) => Ok(text.parse()?),
        (None, None) => Ok(TlsTrust::default()),
    }
}
