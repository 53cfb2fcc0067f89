//! The flags that say where everything is; they may stand anywhere on the line.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{Config, ConfigError, Overrides};

/// Where the configuration comes from; a flag beats the environment, which beats the file.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Settings {
    /// The configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE", env = "MANYFIN_CONFIG")]
    config: Option<PathBuf>,
    /// Where the SQLite file, the secret key and caches lie
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

impl Settings {
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        self.load_with(Overrides::default())
    }

    /// As [`Settings::load`], with flags of the command's own.
    pub(super) fn load_with(&self, own: Overrides) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), &self.over(own))
    }

    /// Another file than the one that is said or found.
    pub(super) fn load_file(&self, file: &Path) -> Result<Config, ConfigError> {
        Config::load(Some(file), &self.over(Overrides::default()))
    }

    fn over(&self, own: Overrides) -> Overrides {
        Overrides {
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            ..own
        }
    }
}
