//! Checks what a file declares: servers, users, merged libraries.

use std::collections::HashSet;
use std::str::FromStr;

use super::Secret;
use super::declared::{
    CollectionType, DeclaredLibrary, DeclaredLink, DeclaredServer, DeclaredSource, DeclaredUser,
    DedupStrategy, LibraryOwner, SourcePolicy, Trust, UpstreamLogin,
};
use super::file::{FileLibrary, FileLink, FileServer, FileSource, FileUser};
use super::validate::{Problems, http_url, non_empty};

pub(super) fn servers(files: Vec<FileServer>, problems: &mut Problems) -> Vec<DeclaredServer> {
    let mut names = Names::default();
    let mut servers = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let key = format!("servers[{index}]");
        names.check(&key, &file.name, problems);
        let url = http_url(&format!("{key}.url"), &file.url, problems);
        let trust = trust(&key, file.ca_file, file.tls_fingerprint, problems);
        let login = login(
            &key,
            file.username,
            (file.password, file.password_file),
            file.token,
            problems,
        );
        if let (Some(url), Some(login)) = (url, login) {
            servers.push(DeclaredServer {
                name: file.name,
                url,
                trust,
                login,
            });
        }
    }
    servers
}

pub(super) fn users(files: Vec<FileUser>, problems: &mut Problems) -> Vec<DeclaredUser> {
    let mut names = Names::default();
    let mut users = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let key = format!("users[{index}]");
        names.check(&key, &file.name, problems);
        users.push(DeclaredUser {
            name: file.name,
            password: secret(&key, file.password, file.password_file, problems),
            administrator: file.administrator,
            links: links(&key, file.links, problems),
        });
    }
    users
}

fn links(user: &str, files: Vec<FileLink>, problems: &mut Problems) -> Vec<DeclaredLink> {
    let mut links = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let key = format!("{user}.links[{index}]");
        require(&format!("{key}.server"), &file.server, problems);
        let login = login(
            &key,
            file.username,
            (file.password, file.password_file),
            file.token,
            problems,
        );
        if let Some(login) = login {
            links.push(DeclaredLink {
                server: file.server,
                login,
                sign_in: file.sign_in,
            });
        }
    }
    links
}

pub(super) fn libraries(files: Vec<FileLibrary>, problems: &mut Problems) -> Vec<DeclaredLibrary> {
    let mut names = HashSet::new();
    let mut libraries = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let key = format!("merged_libraries[{index}]");
        require(&format!("{key}.name"), &file.name, problems);
        let owner = owner(&key, file.global, file.owner, problems);
        let owner_name = match &owner {
            LibraryOwner::Everyone => None,
            LibraryOwner::User(name) => Some(name.to_lowercase()),
        };
        if !names.insert((owner_name, file.name.to_lowercase())) {
            problems.add(
                format!("{key}.name"),
                format!("`{}` stands twice", file.name),
                "each name once an owner",
            );
        }
        libraries.push(DeclaredLibrary {
            collection_type: word(
                &format!("{key}.collection_type"),
                file.collection_type,
                CollectionType::Mixed,
                &CollectionType::allowed(),
                problems,
            ),
            dedup_strategy: word(
                &format!("{key}.dedup_strategy"),
                file.dedup_strategy,
                DedupStrategy::ProviderIds,
                &DedupStrategy::allowed(),
                problems,
            ),
            source_policy: word(
                &format!("{key}.source_policy"),
                file.source_policy,
                SourcePolicy::Priority,
                &SourcePolicy::allowed(),
                problems,
            ),
            sources: sources(&key, file.sources, problems),
            name: file.name,
            owner,
        });
    }
    libraries
}

fn owner(
    key: &str,
    global: Option<bool>,
    owner: Option<String>,
    problems: &mut Problems,
) -> LibraryOwner {
    match (global, non_empty(owner)) {
        (Some(true) | None, None) => LibraryOwner::Everyone,
        (Some(false) | None, Some(name)) => LibraryOwner::User(name),
        (Some(true), Some(_)) => {
            problems.add(
                format!("{key}.owner"),
                "a global library has no owner",
                "global = true or owner = \"NAME\"",
            );
            LibraryOwner::Everyone
        }
        (Some(false), None) => {
            problems.add(
                format!("{key}.owner"),
                "missing",
                "global = true or owner = \"NAME\"",
            );
            LibraryOwner::Everyone
        }
    }
}

fn sources(library: &str, files: Vec<FileSource>, problems: &mut Problems) -> Vec<DeclaredSource> {
    let mut seen = HashSet::new();
    let mut sources = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let key = format!("{library}.sources[{index}]");
        require(&format!("{key}.server"), &file.server, problems);
        require(&format!("{key}.library"), &file.library, problems);
        if !seen.insert((file.server.to_lowercase(), file.library.to_lowercase())) {
            problems.add(
                &key,
                format!("`{}` of `{}` stands twice", file.library, file.server),
                "each source once",
            );
        }
        sources.push(DeclaredSource {
            server: file.server,
            library: file.library,
            priority: file.priority,
        });
    }
    sources
}

fn trust(
    key: &str,
    ca_file: Option<String>,
    fingerprint: Option<String>,
    problems: &mut Problems,
) -> Trust {
    match (non_empty(ca_file), non_empty(fingerprint)) {
        (None, None) => Trust::Public,
        (Some(path), None) => {
            match std::fs::read_to_string(&path) {
                Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => {
                    return Trust::Authority(text);
                }
                Ok(_) => problems.add(
                    format!("{key}.ca_file"),
                    format!("{path} holds no certificate"),
                    "certificates in PEM form",
                ),
                Err(error) => problems.add(
                    format!("{key}.ca_file"),
                    format!("cannot read {path}: {error}"),
                    "a file with certificates in PEM form",
                ),
            }
            Trust::Public
        }
        (None, Some(text)) => parse_fingerprint(&text).map_or_else(
            || {
                problems.add(
                    format!("{key}.tls_fingerprint"),
                    format!("`{text}` is no fingerprint"),
                    "sha256: and 64 hex digits, colons allowed",
                );
                Trust::Public
            },
            Trust::Fingerprint,
        ),
        (Some(_), Some(_)) => {
            problems.add(
                format!("{key}.tls_fingerprint"),
                "ca_file is given too",
                "ca_file or tls_fingerprint",
            );
            Trust::Public
        }
    }
}

fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().strip_prefix("sha256:")?.replace(':', "");
    hex::decode(digits).ok()?.try_into().ok()
}

fn login(
    key: &str,
    username: Option<String>,
    (password, password_file): (Option<Secret>, Option<String>),
    token: Option<Secret>,
    problems: &mut Problems,
) -> Option<UpstreamLogin> {
    const ALLOWED: &str = "username with password or password_file, or token";
    let username = non_empty(username);
    let token = token.filter(|token| !token.is_empty());
    let password = secret(key, password, password_file, problems);
    match (username, password, token) {
        (None, None, Some(token)) => Some(UpstreamLogin::Token(token)),
        // An account without a password is legal on a Jellyfin server, when said so: password = "".
        (Some(username), Some(password), None) => {
            Some(UpstreamLogin::Password { username, password })
        }
        (None, None, None) => {
            problems.add(key, "it names no account", ALLOWED);
            None
        }
        (Some(_), None, None) => {
            problems.add(format!("{key}.password"), "missing", ALLOWED);
            None
        }
        (None, Some(_), None) => {
            problems.add(format!("{key}.username"), "missing", ALLOWED);
            None
        }
        (_, _, Some(_)) => {
            problems.add(
                format!("{key}.token"),
                "a username or password is given too",
                ALLOWED,
            );
            None
        }
    }
}

fn secret(
    key: &str,
    text: Option<Secret>,
    file: Option<String>,
    problems: &mut Problems,
) -> Option<Secret> {
    let Some(path) = non_empty(file) else {
        return text;
    };
    let key = format!("{key}.password_file");
    if text.is_some() {
        problems.add(key, "password is given too", "password or password_file");
        return None;
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
        Err(error) => {
            problems.add(
                key,
                format!("cannot read {path}: {error}"),
                "a readable file whose content is the password",
            );
            None
        }
    }
}

fn word<T: FromStr>(
    key: &str,
    text: Option<String>,
    default: T,
    allowed: &str,
    problems: &mut Problems,
) -> T {
    let Some(text) = non_empty(text) else {
        return default;
    };
    text.parse().unwrap_or_else(|_| {
        problems.add(key, format!("`{text}` is unknown"), allowed);
        default
    })
}

fn require(key: &str, text: &str, problems: &mut Problems) {
    if text.trim().is_empty() {
        problems.add(key, "missing", "a name");
    }
}

/// Names that must be there once, whatever their case.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn check(&mut self, key: &str, name: &str, problems: &mut Problems) {
        let key = format!("{key}.name");
        require(&key, name, problems);
        if !name.trim().is_empty() && !self.0.insert(name.to_lowercase()) {
            problems.add(key, format!("`{name}` stands twice"), "each name once");
        }
    }
}
