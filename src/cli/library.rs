//! `manyfin library …`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::table;
use super::settings::Settings;
use super::{Failure, Output, open, user};
use crate::accounts::{Accounts, Actor, LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput};
use crate::config::{CollectionType, DedupStrategy, SourcePolicy};
use crate::db::merged_libraries::MergedLibrary;
use crate::model::PublicId;

#[derive(Debug, Args)]
pub(super) struct Library {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// The merged libraries and their sources
    List,
    /// Make a merged library
    Add {
        name: String,
        /// movies, tvshows, music, boxsets, homevideos, books, musicvideos, mixed
        #[arg(long = "type", value_parser = word::<CollectionType>)]
        collection_type: CollectionType,
        /// provider_ids, name_year, smart, none
        #[arg(long, value_parser = word::<DedupStrategy>, default_value = "provider_ids")]
        strategy: DedupStrategy,
        /// priority, quality, fastest
        #[arg(long, value_parser = word::<SourcePolicy>, default_value = "priority")]
        policy: SourcePolicy,
        /// A user's own library; without it: everybody's
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        /// SERVER/LIBRARY or SERVER/LIBRARY=PRIORITY; may be repeated
        #[arg(long = "source", value_name = "SOURCE", value_parser = source)]
        sources: Vec<SourceInput>,
    },
    /// Change a merged library; --source is then the whole list
    Change {
        name: String,
        #[arg(long)]
        rename: Option<String>,
        /// provider_ids, name_year, smart, none
        #[arg(long, value_parser = word::<DedupStrategy>)]
        strategy: Option<DedupStrategy>,
        /// priority, quality, fastest
        #[arg(long, value_parser = word::<SourcePolicy>)]
        policy: Option<SourcePolicy>,
        /// SERVER/LIBRARY or SERVER/LIBRARY=PRIORITY; may be repeated
        #[arg(long = "source", value_name = "SOURCE", value_parser = source)]
        sources: Vec<SourceInput>,
    },
    /// Remove a merged library; its sources are libraries of their own again
    Remove { name: String },
}

impl Library {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let accounts = open::accounts(&settings.load()?).await?;
        let shell = &Actor::Shell;
        match self.deed {
            Deed::List => list(&accounts, output).await,
            Deed::Add {
                name,
                collection_type,
                strategy,
                policy,
                owner,
                sources,
            } => {
                let owner = match owner {
                    None => Owner::Everybody,
                    Some(name) => Owner::User(user::named(&accounts, &name).await?.id),
                };
                let new = NewLibrary {
                    name,
                    collection_type,
                    dedup_strategy: strategy,
                    source_policy: policy,
                    owner,
                    sources,
                    config_key: None,
                };
                let library = accounts.create_library(shell, new).await?;
                let name = &library.row.name;
                output.print(json!({ "id": library.row.virtual_id }), || {
                    format!("added {name}")
                });
                Ok(())
            }
            Deed::Change {
                name,
                rename,
                strategy,
                policy,
                sources,
            } => {
                let id = named(&accounts, &name).await?;
                let update = LibraryUpdate {
                    name: rename,
                    dedup_strategy: strategy,
                    source_policy: policy,
                    sources: (!sources.is_empty()).then_some(sources),
                    ..LibraryUpdate::default()
                };
                accounts.update_library(shell, id, update).await?;
                output.print(json!({ "changed": id }), || format!("changed {name}"));
                Ok(())
            }
            Deed::Remove { name } => {
                let id = named(&accounts, &name).await?;
                accounts.delete_library(shell, id).await?;
                output.print(json!({ "removed": id }), || format!("removed {name}"));
                Ok(())
            }
        }
    }
}

async fn list(accounts: &Accounts, output: Output) -> Result<(), Failure> {
    let servers = accounts.servers().await?;
    let libraries = accounts.merged_libraries().await?;
    let server_name = |id: i64| {
        let server = servers.iter().find(|row| row.id == id);
        server.map_or("?", |row| row.name.as_str())
    };
    let json = libraries
        .iter()
        .map(|library| shown(library, &server_name))
        .collect();
    output.print(json, || {
        let rows = libraries.iter().map(|library| {
            let sources: Vec<String> = library
                .sources
                .iter()
                .map(|source| {
                    let server = server_name(source.server_id);
                    format!("{server}/{}={}", source.library_name, source.priority)
                })
                .collect();
            let row = &library.row;
            vec![
                row.name.clone(),
                row.collection_type.clone(),
                row.dedup_strategy.clone(),
                sources.join(", "),
            ]
        });
        table(&["name", "type", "strategy", "sources"], rows)
    });
    Ok(())
}

fn shown<'n>(library: &MergedLibrary, server_name: &impl Fn(i64) -> &'n str) -> Value {
    let row = &library.row;
    json!({
        "id": row.virtual_id,
        "name": row.name,
        "collectionType": row.collection_type,
        "dedupStrategy": row.dedup_strategy,
        "sourcePolicy": row.source_policy,
        "global": row.is_global,
        "sources": library.sources.iter().map(|source| json!({
            "server": server_name(source.server_id),
            "library": source.library_name,
            "priority": source.priority,
        })).collect::<Vec<_>>(),
        "pending": library.pending.iter().map(|source| json!({
            "server": source.server_name,
            "library": source.library_name,
            "priority": source.priority,
        })).collect::<Vec<_>>(),
    })
}

/// The id of the merged library of this name; several users may have one of the same name.
async fn named(accounts: &Accounts, name: &str) -> Result<PublicId, Failure> {
    let libraries = accounts.merged_libraries().await?;
    let mut found = libraries.iter().filter(|library| {
        library.row.name.eq_ignore_ascii_case(name) || library.row.virtual_id == name
    });
    match (found.next(), found.next()) {
        (Some(library), None) => Ok(library.row.virtual_id.parse()?),
        (None, _) => Err(format!("there is no merged library called {name}").into()),
        (Some(_), Some(_)) => {
            Err(format!("several merged libraries are called {name}: name one by its id").into())
        }
    }
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "unknown".to_owned())
}

/// `attic/Movies` or `attic/Movies=10`.
fn source(text: &str) -> Result<SourceInput, String> {
    let (server, library) = text
        .split_once('/')
        .filter(|(server, library)| !server.is_empty() && !library.is_empty())
        .ok_or("it must be SERVER/LIBRARY or SERVER/LIBRARY=PRIORITY")?;
    let (library, priority) = match library.rsplit_once('=') {
        None => (library, 0),
        Some((library, priority)) => {
            let priority = priority
                .parse()
                .map_err(|_| format!("`{priority}` is no priority (a whole number)"))?;
            (library, priority)
        }
    };
    Ok(SourceInput {
        server: OnServer::Name(server.to_owned()),
        library: library.to_owned(),
        priority,
    })
}
