//! Tries what a configuration says, without changing anything.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use serde_json::Value;

use super::apply::tls;
use crate::accounts::Vault;
use crate::clock::Clock;
use crate::config::{Config, DeclaredServer, LibraryOwner, UpstreamLogin};
use crate::db::links::LinkRow;
use crate::db::servers::ServerRow;
use crate::db::users::UserRow;
use crate::db::{Db, links, servers, users};
use crate::jellyfin::{Account, Registry, ServerSpec, UpstreamError};
use crate::model::{Secret, ServerKey, UpstreamId};

/// The longest that one server is tried.
const DEADLINE: Duration = Duration::from_secs(20);

/// One thing that is wrong. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `database`, `server attic`.
    pub subject: String,
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.subject, self.problem)
    }
}

impl Finding {
    pub fn new(subject: impl Into<String>, problem: impl ToString) -> Self {
        Self {
            subject: subject.into(),
            problem: problem.to_string(),
        }
    }
}

/// What a server told of the libraries that its crawling account sees: (id, name).
type Libraries = Vec<(String, String)>;

/// Opens the database, reads the key, asks every server that is declared, and compares what the
/// file names with what there is. Nothing is migrated, made or kept.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.secret_key.is_some() || config.secret_key_file.exists() {
        let key = match &config.secret_key {
            Some(key) => Vault::from_text(key).map(drop),
            None => Vault::from_file(&config.secret_key_file).map(drop),
        };
        if let Err(error) = key {
            findings.push(Finding::new("secret key", error));
        }
    }
    let (database, servers) = tokio::join!(
        database(config),
        join_all(config.servers.iter().map(|server| async move {
            tokio::time::timeout(DEADLINE, ask(server))
                .await
                .unwrap_or(Err(UpstreamError::Timeout))
        }))
    );
    let known = match database {
        Ok(known) => known,
        Err(error) => {
            findings.push(Finding::new("database", error));
            Known::default()
        }
    };
    let mut told = Vec::with_capacity(servers.len());
    for (server, answer) in config.servers.iter().zip(servers) {
        match answer {
            Ok(libraries) => told.push((server.name.as_str(), libraries)),
            Err(error) => {
                findings.push(Finding::new(format!("server {}", server.name), error));
            }
        }
    }
    names(config, &known, &told, &mut findings);
    findings.extend(known.refused);
    findings
}

/// The names that the database knows, and the links that their servers refuse.
#[derive(Default)]
struct Known {
    servers: Vec<String>,
    users: Vec<String>,
    refused: Vec<Finding>,
}

async fn database(config: &Config) -> Result<Known, crate::db::DbError> {
    let url = config.database_url.expose();
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // The first start makes it.
        if !path.is_empty() && !Path::new(path).exists() {
            return Ok(Known::default());
        }
    }
    let db = Db::open(url).await?;
    db.ping().await?;
    let states = db.migrate_status().await?;
    if states.iter().any(|state| !state.applied) {
        return Ok(Known::default());
    }
    let servers = servers::all(&db).await?;
    let users = users::all(&db).await?;
    let mut known = Known {
        refused: refused(&links::all(&db).await?, &users, &servers),
        ..Known::default()
    };
    for row in servers {
        known.servers.extend(row.config_key);
        known.servers.push(row.name);
    }
    for row in users {
        known.users.extend(row.config_key);
        known.users.push(row.name);
    }
    Ok(known)
}

/// Whose users see nothing of a server until it takes the account again.
fn refused(all: &[LinkRow], users: &[UserRow], servers: &[ServerRow]) -> Vec<Finding> {
    let refused = all.iter().filter(|row| row.state == "refused");
    let finding = |row: &LinkRow| {
        let user = users.iter().find(|user| user.id == row.user_id)?;
        let server = servers.iter().find(|server| server.id == row.server_id)?;
        let reason = row.state_reason.as_deref().unwrap_or("it is refused");
        let remedy = match row.password {
            Some(_) => {
                "it is asked again every hour; if the password is another one now, link it anew"
            }
            None => "no password is kept: sign in by it or link it anew",
        };
        let subject = format!("link of {} to {}", user.name, server.name);
        Some(Finding::new(subject, format!("{reason}; {remedy}")))
    };
    refused.filter_map(finding).collect()
}

/// Whether a server is one that Manyfin can use, by the account that is declared.
async fn ask(declared: &DeclaredServer) -> Result<Libraries, UpstreamError> {
    let trust = tls(&declared.trust);
    let info = crate::jellyfin::Server::probe(&declared.url, &trust).await?;
    if !info.ready {
        return Err(UpstreamError::Starting);
    }
    let registry = Registry::new(Clock::system());
    let server = registry.upsert(ServerSpec {
        id: 0,
        key: ServerKey::default(),
        name: declared.name.clone(),
        base_url: declared.url.clone(),
        tls: trust,
    });
    // Always the same one: a check that was cut off leaves one token behind, not one a time.
    let account = |user_id, token: &Secret| Account {
        user_id,
        token: token.clone(),
        device_id: "manyfin-check".to_owned(),
        link: None,
    };
    match &declared.login {
        UpstreamLogin::Password { username, password } => {
            let answer = server
                .authenticate(username, password, "manyfin-check")
                .await?;
            let account = account(answer.user_id, &answer.token);
            let libraries = libraries(&server, &account).await;
            if let Err(error) = server.post(&account, "/Sessions/Logout", &[], None).await {
                tracing::debug!(%error, "the token of the check could not be ended: {error}");
            }
            libraries
        }
        UpstreamLogin::Token(token) => {
            let account = account(UpstreamId::default(), token);
            let me = server.get(&account, "/Users/Me", &[]).await;
            let me = match me {
                // What an API key is answered: it belongs to nobody.
                Err(UpstreamError::Status { status: 400 } | UpstreamError::NotFound) => {
                    return Err(UpstreamError::Unauthorized);
                }
                other => other?,
            };
            let id = me["Id"].as_str().and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| UpstreamError::Malformed {
                reason: "the user has no id".into(),
            })?;
            libraries(
                &server,
                &Account {
                    user_id: id,
                    ..account
                },
            )
            .await
        }
    }
}

async fn libraries(
    server: &crate::jellyfin::Server,
    account: &Account,
) -> Result<Libraries, UpstreamError> {
    let query = [("userId", account.user_id.to_string())];
    let answer = server.get(account, "/UserViews", &query).await?;
    let text = |view: &Value, key: &str| view[key].as_str().unwrap_or_default().to_owned();
    let views = answer["Items"].as_array().into_iter().flatten();
    Ok(views
        .map(|view| (text(view, "Id"), text(view, "Name")))
        .collect())
}

/// Names in the file that lead nowhere.
fn names(config: &Config, known: &Known, told: &[(&str, Libraries)], findings: &mut Vec<Finding>) {
    let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
    let is_server = |name: &str| {
        let declared = config.servers.iter().map(|server| &server.name);
        declared
            .chain(&known.servers)
            .any(|other| same(other, name))
    };
    let is_user = |name: &str| {
        let declared = config.users.iter().map(|user| &user.name);
        declared.chain(&known.users).any(|other| same(other, name))
    };
    for name in &config.sign_in_servers {
        if !is_server(name) {
            findings.push(Finding::new("sign_in_servers", no_server(name)));
        }
    }
    for user in &config.users {
        for link in &user.links {
            if !is_server(&link.server) {
                let subject = format!("user {}", user.name);
                findings.push(Finding::new(subject, no_server(&link.server)));
            }
        }
    }
    for library in &config.merged_libraries {
        let subject = format!("merged library {}", library.name);
        if let LibraryOwner::User(owner) = &library.owner
            && !is_user(owner)
        {
            findings.push(Finding::new(&subject, format!("there is no user {owner}")));
        }
        for source in &library.sources {
            if !is_server(&source.server) {
                findings.push(Finding::new(&subject, no_server(&source.server)));
                continue;
            }
            let Some((_, libraries)) = told.iter().find(|(name, _)| same(name, &source.server))
            else {
                continue;
            };
            // An id may be one of Manyfin's own, which only the database could tell.
            let is_id = source.library.parse::<UpstreamId>().is_ok();
            let is_there = libraries
                .iter()
                .any(|(_, name)| same(name, &source.library));
            if !is_id && !is_there {
                let names: Vec<_> = libraries.iter().map(|(_, name)| name.as_str()).collect();
                let problem = format!(
                    "{} has no library {}; it has: {}",
                    source.server,
                    source.library,
                    names.join(", ")
                );
                findings.push(Finding::new(&subject, problem));
            }
        }
    }
}

fn no_server(name: &str) -> String {
    format!("there is no server {name}")
}
