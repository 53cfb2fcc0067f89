//! `manyfin key rotate`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output, open};

#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Encrypt the stored secrets of servers under a new key
    Rotate,
}

impl Key {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let accounts = open::accounts(&settings.load()?).await?;
        match self.deed {
            Deed::Rotate => {
                let count = accounts.rotate_key().await?;
                output.print(json!({ "encrypted": count }), || {
                    format!("encrypted {count} secrets under a new key")
                });
            }
        }
        Ok(())
    }
}
