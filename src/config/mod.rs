//! The configuration: built-in defaults, then the TOML file, then the environment, then flags.
//!
//! Every value is checked before anything starts, and every problem found is told at once: which
//! key, what is wrong with it, what is allowed.

mod cache;
mod declared;
mod environment;
mod error;
mod file;
mod keys;
mod load;
pub mod private;
mod secret;
mod template;
mod validate;
mod validate_declared;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

pub use cache::CacheConfig;
pub use declared::{
    CollectionType, DeclaredLibrary, DeclaredLink, DeclaredServer, DeclaredSource, DeclaredUser,
    DedupStrategy, LibraryOwner, SourcePolicy, Trust, UpstreamLogin,
};
pub use error::{ConfigError, Problem};
pub use load::Overrides;
pub use secret::Secret;
pub use template::TEMPLATE;

/// A configuration that was read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the gateway listens.
    pub bind: SocketAddr,
    /// Holds the SQLite file, the secret key and caches; made at first start.
    pub data_dir: PathBuf,
    /// `sqlite://path` or `postgres://user:password@host/name`; secret because of the password.
    pub database_url: Secret,
    /// What clients are told as the address of this gateway; no slash at its end.
    pub public_url: Option<Url>,
    /// The Jellyfin version that clients are told.
    pub advertised_version: String,
    /// Where the key lies that encrypts the stored upstream secrets.
    pub secret_key_file: PathBuf,
    /// The key itself (`MANYFIN_SECRET_KEY`), in place of the file.
    pub secret_key: Option<Secret>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// From where `/metrics` may be read without an administrator's token.
    pub metrics_from: Vec<IpNet>,
    /// Names of servers whose accounts may sign in.
    pub sign_in_servers: Vec<String>,
    /// Whether `/Users/Public` lists anybody.
    pub public_users: bool,
    /// Requests a minute that one address, and one account, may make; zero: no limit.
    pub requests_per_minute: u32,
    /// Whether apps on the home network are told by UDP where the gateway is.
    pub discovery: bool,
    /// A folder with a build of jellyfin-web, served at `/web/`.
    pub jellyfin_web_dir: Option<PathBuf>,
    /// Whether media may be deleted through Manyfin, which is not offered yet.
    pub allow_delete: bool,
    /// How many days the audit log goes back.
    pub audit_days: u32,
    /// The password of the first administrator (`MANYFIN_ADMIN_PASSWORD`).
    pub admin_password: Option<Secret>,
    pub log: LogConfig,
    pub cache: CacheConfig,
    pub servers: Vec<DeclaredServer>,
    pub users: Vec<DeclaredUser>,
    pub merged_libraries: Vec<DeclaredLibrary>,
}

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Directives as in `info,manyfin=debug`.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line an event.
    #[default]
    Human,
    /// One JSON object an event.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Human,
        }
    }
}

impl Config {
    /// Whether the file declares anything that `apply` would bring about.
    pub fn declares_anything(&self) -> bool {
        !(self.servers.is_empty() && self.users.is_empty() && self.merged_libraries.is_empty())
    }
}

impl Default for Config {
    /// What holds when nothing is configured.
    fn default() -> Self {
        load::defaults()
    }
}
