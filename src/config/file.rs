//! The file as it is written: optional everywhere, so that defaults and other places can fill in.
//!
//! Texts stay texts here. `validate` reads them, so that a bad one is told with its key.

use serde::Deserialize;

use super::Secret;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileConfig {
    pub bind: Option<String>,
    pub data_dir: Option<String>,
    pub database_url: Option<Secret>,
    pub public_url: Option<String>,
    pub advertised_version: Option<String>,
    pub secret_key_file: Option<String>,
    pub secret_key: Option<Secret>,
    pub trusted_proxies: Option<Vec<String>>,
    pub metrics_from: Option<Vec<String>>,
    pub sign_in_servers: Option<Vec<String>>,
    pub public_users: Option<bool>,
    pub discovery: Option<bool>,
    pub requests_per_minute: Option<u32>,
    pub jellyfin_web_dir: Option<String>,
    pub allow_delete: Option<bool>,
    pub audit_days: Option<i64>,
    pub admin_password: Option<Secret>,
    pub log: FileLog,
    pub cache: FileCache,
    pub servers: Vec<FileServer>,
    pub users: Vec<FileUser>,
    pub merged_libraries: Vec<FileLibrary>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileLog {
    pub filter: Option<String>,
    pub format: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileCache {
    pub images_mib: Option<i64>,
    pub images_seconds: Option<i64>,
    pub libraries_seconds: Option<i64>,
    pub details_mib: Option<i64>,
    pub details_seconds: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileServer {
    pub name: String,
    pub url: String,
    pub ca_file: Option<String>,
    pub tls_fingerprint: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
    pub token: Option<Secret>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileUser {
    pub name: String,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
    pub administrator: bool,
    pub links: Vec<FileLink>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileLink {
    pub server: String,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
    pub token: Option<Secret>,
    pub sign_in: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileLibrary {
    pub name: String,
    pub collection_type: Option<String>,
    pub dedup_strategy: Option<String>,
    pub source_policy: Option<String>,
    pub global: Option<bool>,
    pub owner: Option<String>,
    pub sources: Vec<FileSource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileSource {
    pub server: String,
    pub library: String,
    pub priority: i32,
}
