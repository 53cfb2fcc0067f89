//! The flags that say where everything is; they may stand anywhere on the line.

use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

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

    /// What was said on the line, for a command that has no use for it: whoever says where their library lies
    /// and is not heard takes something else for it.
    pub(super) fn said(matches: &ArgMatches) -> Option<&'static str> {
        let said = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        [
            ("config", "--config"),
            ("data_dir", "--data-dir"),
            ("database_url", "--database-url"),
        ]
        .into_iter()
        .find_map(|(name, flag)| said(name).then_some(flag))
    }

    fn over(&self, own: Overrides) -> Overrides {
        Overrides {
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            ..own
        }
    }
}
