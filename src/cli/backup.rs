//! `manyfin backup FILE [--with-key]` and `manyfin restore FILE [--force]`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output};
use crate::app::backup::{backup, restore};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where to; only its owner may read it. `-` for standard output
    file: PathBuf,
    /// Put the secret key in too: the backup then is as secret as the passwords of your servers
    #[arg(long)]
    with_key: bool,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let to_stdout = self.file == Path::new("-");
        if to_stdout && std::io::stdout().is_terminal() {
            return Err("a backup is no text; send it to a file or a program".into());
        }
        let config = settings.load()?;
        let moved = backup(&config, &self.file, self.with_key).await?;
        if to_stdout {
            return Ok(());
        }
        let told = json!({
            "file": self.file, "tables": moved.tables, "rows": moved.rows,
            "with_key": self.with_key,
        });
        output.print(told, || {
            let key = match self.with_key {
                true => {
                    "It holds the secret key: who has it has the passwords of your servers. Keep it so."
                        .to_owned()
                }
                false => format!(
                    "The secret key is not in it; keep {} too, elsewhere.",
                    place_of_key(&config)
                ),
            };
            format!(
                "backed up {} rows of {} tables to {}\n{key}",
                moved.rows,
                moved.tables,
                self.file.display()
            )
        });
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// What `manyfin backup` wrote; `-` for standard input
    file: PathBuf,
    /// Replace all that the database holds. Stop every gateway on it first
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let config = settings.load()?;
        let restored = restore(&config, &self.file, self.force).await?;
        if restored.unreadable > 0 {
            eprintln!(
                "manyfin: {} of {} stored secrets of servers cannot be opened with the key at hand \
                 ({}). Put the key of the backed up installation there before you start the gateway; \
                 without it every server and link has to be given its password anew.",
                restored.unreadable,
                restored.secrets,
                place_of_key(&config)
            );
        }
        let told = json!({
            "tables": restored.moved.tables, "rows": restored.moved.rows,
            "version": restored.version, "with_key": restored.with_key,
            "secrets": restored.secrets, "unreadable_secrets": restored.unreadable,
        });
        output.print(told, || {
            format!(
                "restored {} rows of {} tables, backed up by Manyfin {}",
                restored.moved.rows, restored.moved.tables, restored.version
            )
        });
        Ok(())
    }
}

fn place_of_key(config: &Config) -> String {
    match config.secret_key {
        Some(_) => "MANYFIN_SECRET_KEY".to_owned(),
        None => config.secret_key_file.display().to_string(),
    }
}
