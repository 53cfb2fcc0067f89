//! `manyfin apply FILE [--prune]`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Failure, Output, open};
use crate::app::apply::{self, Change, Problem};
use crate::config::{Config, Overrides};

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The configuration file (TOML)
    file: PathBuf,
    /// Remove what a file made and this one does not name (never the last administrator)
    #[arg(long)]
    prune: bool,
    /// Where the SQLite file, the secret key and caches lie
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Apply {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let flags = Overrides {
            data_dir: self.data_dir,
            database_url: self.database_url,
            ..Overrides::default()
        };
        let config = Config::load(Some(&self.file), &flags)?;
        let accounts = open::accounts(&config).await?;
        match apply::apply(&accounts, &config, self.prune).await {
            Ok(changes) => {
                print(output, &changes, &[]);
                Ok(())
            }
            Err(error) => {
                print(output, &error.changes, &error.problems);
                Err(error.into())
            }
        }
    }
}

fn print(output: Output, changes: &[Change], problems: &[Problem]) {
    let json = json!({ "changes": changes, "problems": problems });
    output.print(json, || {
        let mut lines: Vec<_> = changes.iter().map(Change::to_string).collect();
        if !changes.iter().any(Change::is_change) {
            lines.push("nothing changed".to_owned());
        }
        lines.join("\n")
    });
}
