//! `manyfin serve` and `manyfin demo`.

use std::net::SocketAddr;

use clap::Args;

use super::Failure;
use super::settings::Settings;
use crate::app::{self, demo::DemoOptions};
use crate::config::{Config, LogConfig, Overrides};
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDR")]
    bind: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), Failure> {
        let own = Overrides {
            bind: self.bind.clone(),
            ..Overrides::default()
        };
        let config = settings.load_with(own)?;
        telemetry::init(&config.log)?;
        Ok(app::serve(&config).await?)
    }
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8096")]
    bind: SocketAddr,
    /// How many sources
    #[arg(long, value_name = "N", default_value_t = 3)]
    servers: usize,
    /// Further generated films on every source
    #[arg(long, value_name = "N", default_value_t = 0)]
    movies: usize,
    /// Only the sources, of N plain films each, half of them shared with the next; prints a JSON object
    /// a line (name, url, library, accounts) and runs until its standard input ends
    #[arg(long, requires = "movies", conflicts_with = "bind")]
    sources_only: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<(), Failure> {
        // People look at what is printed below; only what goes wrong may come between.
        telemetry::init(&LogConfig {
            filter: "warn".to_owned(),
            ..Config::default().log
        })?;
        if self.sources_only {
            return Ok(app::demo::sources_only(self.servers, self.movies).await?);
        }
        let options = DemoOptions {
            bind: self.bind,
            servers: self.servers,
            movies: self.movies,
        };
        Ok(app::demo::run(options).await?)
    }
}
