//! `manyfin migrate up|down|status`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output};
use crate::db::{Db, MigrationState};

#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Apply every migration that is missing
    Up,
    /// Take back the last migration, and what it held
    Down,
    /// Tell which migrations are applied
    Status,
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let config = settings.load()?;
        let db = Db::open(config.database_url.expose()).await?;
        match self.deed {
            Deed::Up => {
                let applied = db.migrate_up().await?;
                output.print(json!({ "applied": applied }), || match applied.len() {
                    0 => "nothing to do".to_owned(),
                    _ => format!("applied {}", applied.join(", ")),
                });
            }
            Deed::Down => {
                let name = db.migrate_down().await?;
                output.print(json!({ "taken_back": name }), || {
                    format!("took back {name}")
                });
            }
            Deed::Status => {
                let states = db.migrate_status().await?;
                let rows: Vec<_> = states
                    .iter()
                    .map(|state| json!({ "name": state.name, "applied": state.applied }))
                    .collect();
                output.print(json!(rows), || table(&states));
            }
        }
        Ok(())
    }
}

fn table(states: &[MigrationState]) -> String {
    states
        .iter()
        .map(|state| {
            let word = if state.applied { "applied" } else { "missing" };
            format!("{word}  {}", state.name)
        })
        .collect::<Vec<_>>()
        .join("\n")
}
