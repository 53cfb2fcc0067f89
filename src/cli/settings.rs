//! The flags that several commands share.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, ConfigError, Overrides};

/// Where the configuration comes from; a flag beats the environment, which beats the file.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Settings {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "MANYFIN_CONFIG")]
    config: Option<PathBuf>,
    /// Where the SQLite file, the secret key and caches lie
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Settings {
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        self.load_with(Overrides::default())
    }

    /// As [`Settings::load`], with flags of the command's own.
    pub(super) fn load_with(&self, own: Overrides) -> Result<Config, ConfigError> {
        let flags = Overrides {
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            ..own
        };
        Config::load(self.config.as_deref(), &flags)
    }
}
