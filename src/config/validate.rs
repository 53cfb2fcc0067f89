//! Checks the values of a file and gives them their types.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

use super::file::{FileConfig, FileLog};
use super::validate_declared as declared;
use super::{Config, ConfigError, LogConfig, LogFormat, Problem, Secret, cache};

const DEFAULT_BIND: &str = "127.0.0.1:8096";
const DEFAULT_DATA_DIR: &str = "./data";
/// A page of a hundred posters every second.
const DEFAULT_RATE: u32 = 6000;
const DEFAULT_VERSION: &str = "10.11.11";
const DEFAULT_AUDIT_DAYS: u32 = 365;
const MOST_AUDIT_DAYS: u32 = 3650;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        key: impl Into<String>,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        self.0.push(Problem::new(key, problem, allowed));
    }
}

pub(super) fn validate(file: FileConfig) -> Result<Config, ConfigError> {
    let mut problems = Problems::default();
    let data_dir =
        PathBuf::from(non_empty(file.data_dir).unwrap_or_else(|| DEFAULT_DATA_DIR.to_owned()));
    let config = Config {
        bind: bind(file.bind, &mut problems),
        database_url: database_url(file.database_url, &data_dir, &mut problems),
        public_url: public_url(file.public_url, &mut problems),
        advertised_version: advertised_version(file.advertised_version, &mut problems),
        secret_key_file: non_empty(file.secret_key_file)
            .map_or_else(|| data_dir.join("secret.key"), PathBuf::from),
        secret_key: file.secret_key.filter(|key| !key.is_empty()),
        trusted_proxies: networks("trusted_proxies", file.trusted_proxies, &mut problems),
        metrics_from: networks("metrics_from", file.metrics_from, &mut problems),
        sign_in_servers: sign_in_servers(file.sign_in_servers.unwrap_or_default(), &mut problems),
        public_users: file.public_users.unwrap_or(false),
        discovery: file.discovery.unwrap_or(true),
        requests_per_minute: file.requests_per_minute.unwrap_or(DEFAULT_RATE),
        jellyfin_web_dir: jellyfin_web_dir(file.jellyfin_web_dir, &mut problems),
        allow_delete: file.allow_delete.unwrap_or(false),
        audit_days: audit_days(file.audit_days, &mut problems),
        admin_password: file.admin_password.filter(|password| !password.is_empty()),
        log: log(file.log, &mut problems),
        cache: cache::validate(&file.cache, &mut problems),
        servers: declared::servers(file.servers, &mut problems),
        users: declared::users(file.users, &mut problems),
        merged_libraries: declared::libraries(file.merged_libraries, &mut problems),
        data_dir,
    };
    if problems.0.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Invalid(problems.0))
    }
}

/// An empty text means the same as none, as the example file writes it.
pub(super) fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn bind(text: Option<String>, problems: &mut Problems) -> SocketAddr {
    let text = non_empty(text).unwrap_or_else(|| DEFAULT_BIND.to_owned());
    text.parse().unwrap_or_else(|_| {
        problems.add(
            "bind",
            format!("`{text}` is no address"),
            "IP:PORT, such as 127.0.0.1:8096, 0.0.0.0:8096 or [::]:8096",
        );
        SocketAddr::from(([127, 0, 0, 1], 8096))
    })
}

fn database_url(
    url: Option<Secret>,
    data_dir: &std::path::Path,
    problems: &mut Problems,
) -> Secret {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Secret::new(format!(
            "sqlite://{}",
            data_dir.join("manyfin.db").display()
        ));
    };
    let known = ["sqlite:", "postgres://", "postgresql://"];
    let text = url.expose();
    if !known.iter().any(|scheme| text.starts_with(scheme)) {
        // The text itself may hold a password: it is not repeated.
        problems.add(
            "database_url",
            "unknown kind of database",
            "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME",
        );
    } else if text.starts_with("postgres") && Url::parse(text).is_err() {
        problems.add(
            "database_url",
            "not a URL (a password with special characters must be percent-encoded)",
            "postgres://USER:PASSWORD@HOST/NAME",
        );
    }
    url
}

fn audit_days(days: Option<i64>, problems: &mut Problems) -> u32 {
    let Some(days) = days else {
        return DEFAULT_AUDIT_DAYS;
    };
    let known = u32::try_from(days).ok();
    known
        .filter(|days| (1..=MOST_AUDIT_DAYS).contains(days))
        .unwrap_or_else(|| {
            let allowed = format!("1 to {MOST_AUDIT_DAYS} days");
            problems.add("audit_days", format!("{days} is out of range"), allowed);
            DEFAULT_AUDIT_DAYS
        })
}

fn public_url(text: Option<String>, problems: &mut Problems) -> Option<Url> {
    http_url("public_url", &non_empty(text)?, problems)
}

/// An address without a user, a query or a fragment; a path is kept, without the slash at its end.
pub(super) fn http_url(key: &str, text: &str, problems: &mut Problems) -> Option<Url> {
    const ALLOWED: &str = "http://HOST[:PORT][/PATH] or https://…, without user, ? and #";
    let mut refuse = |why: &str| {
        problems.add(key, why, ALLOWED);
        None
    };
    let Ok(mut url) = Url::parse(text.trim()) else {
        return refuse("not a URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("not an http or https URL");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refuse("it names no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it holds a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it holds a query or a fragment");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

fn advertised_version(text: Option<String>, problems: &mut Problems) -> String {
    let text = non_empty(text).unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let parts: Vec<_> = text.split('.').map(str::parse::<u32>).collect();
    let is_new_enough = match parts.as_slice() {
        [Ok(major), Ok(minor), Ok(_)] => (*major, *minor) >= (10, 10),
        _ => false,
    };
    if !is_new_enough {
        problems.add(
            "advertised_version",
            format!("`{text}` is no version that clients accept"),
            "three numbers, 10.10.0 or newer",
        );
    }
    text
}

fn networks(key: &str, texts: Option<Vec<String>>, problems: &mut Problems) -> Vec<IpNet> {
    let texts = texts.unwrap_or_default();
    let mut networks = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => networks.push(network),
            Err(_) => problems.add(
                format!("{key}[{index}]"),
                format!("`{text}` is no network"),
                "an IP address or ADDRESS/BITS",
            ),
        }
    }
    networks
}

fn sign_in_servers(names: Vec<String>, problems: &mut Problems) -> Vec<String> {
    for (index, name) in names.iter().enumerate() {
        let key = format!("sign_in_servers[{index}]");
        if name.trim().is_empty() {
            problems.add(key, "empty", "the name of a server");
        } else if names[..index].contains(name) {
            problems.add(key, format!("`{name}` stands twice"), "each server once");
        }
    }
    names
}

fn jellyfin_web_dir(text: Option<String>, problems: &mut Problems) -> Option<PathBuf> {
    let folder = PathBuf::from(non_empty(text)?);
    if !folder.join("index.html").is_file() {
        problems.add(
            "jellyfin_web_dir",
            format!("{} holds no index.html", folder.display()),
            "a folder with a build of jellyfin-web",
        );
    }
    Some(folder)
}

fn log(file: FileLog, problems: &mut Problems) -> LogConfig {
    let defaults = LogConfig::default();
    let format = match non_empty(file.format).as_deref() {
        None | Some("human") => LogFormat::Human,
        Some("json") => LogFormat::Json,
        Some(other) => {
            problems.add("log.format", format!("`{other}` is unknown"), "human, json");
            LogFormat::Human
        }
    };
    let filter = non_empty(file.filter).unwrap_or(defaults.filter);
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
        problems.add(
            "log.filter",
            error.to_string(),
            "directives such as info or info,manyfin=debug",
        );
    }
    LogConfig { filter, format }
}
