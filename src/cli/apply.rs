//! `manyfin apply FILE [--prune]`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output, open};
use crate::app::apply::{self, Change, Problem};

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The configuration file (TOML)
    file: PathBuf,
    /// Remove what a file made and this one does not name (never the last administrator)
    #[arg(long)]
    prune: bool,
}

impl Apply {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let config = settings.load_file(&self.file)?;
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
