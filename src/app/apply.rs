//! Brings an installation to what the configuration file declares.
//!
//! What the file does not name stays as it is. What a file made is found again by its name in the
//! file, whatever it is called now. What cannot be done is told, and the rest done all the same.

mod libraries;
mod prune;
mod report;
mod servers;
mod users;

use crate::accounts::{Accounts, AccountsError, Actor, Credentials};
use crate::config::{Config, UpstreamLogin};
use crate::db::links;
use crate::db::servers::ServerRow;
use crate::jellyfin::UpstreamError;

pub use report::{Action, ApplyError, Change, Kind, Problem};
pub(super) use servers::tls;

/// Who makes these changes, for the audit.
const ACTOR: Actor = Actor::Config;

/// Applies what a file declares; tells each change. A second run changes nothing. With `prune`,
/// removes what a file made and this one does not name.
///
/// # Errors
/// When something could not be brought about; it tells what was changed all the same. Servers that
/// do not answer are no error: what needs them waits for their first answer.
pub async fn apply(
    accounts: &Accounts,
    config: &Config,
    prune: bool,
) -> Result<Vec<Change>, ApplyError> {
    let mut run = Run {
        accounts,
        changes: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(error) = run.all(config, prune).await {
        run.problem("the installation", &error);
    }
    if run.problems.is_empty() {
        Ok(run.changes)
    } else {
        Err(ApplyError {
            changes: run.changes,
            problems: run.problems,
        })
    }
}

/// Does what waited for a server: finds out who it is, who is linked to it, and which libraries it
/// has. To be called when it answers for the first time or again.
///
/// # Errors
/// `NotFound`, `WrongUpstreamCredentials`, `DuplicateServer`, `Upstream`.
pub async fn settle(accounts: &Accounts, server_id: i64) -> Result<(), AccountsError> {
    // Asks for pending links too, at first contact.
    accounts.crawl_account(server_id).await?;
    for link in links::all(accounts.db()).await? {
        if link.server_id == server_id && link.state == "pending" {
            match accounts.check_link(link.id).await {
                Err(error) if !is_silence(&error) => return Err(error),
                _ => {}
            }
        }
    }
    accounts.refresh_libraries(server_id).await?;
    Ok(())
}

/// One run: what it works on, and what came of it.
struct Run<'a> {
    accounts: &'a Accounts,
    changes: Vec<Change>,
    problems: Vec<Problem>,
}

impl Run<'_> {
    /// Fails only where nothing can go on.
    async fn all(&mut self, config: &Config, prune: bool) -> Result<(), AccountsError> {
        self.servers(&config.servers).await?;
        self.users(&config.users).await?;
        self.libraries(&config.merged_libraries).await?;
        // Half of what was asked for is not yet in place: a bad moment to remove something.
        if prune && self.problems.is_empty() {
            self.prune(config).await?;
        }
        Ok(())
    }

    fn changed(&mut self, action: Action, kind: Kind, name: &str, text: impl Into<String>) {
        self.changes.push(Change {
            action,
            kind,
            name: name.to_owned(),
            text: text.into(),
        });
    }

    fn problem(&mut self, subject: impl Into<String>, what: impl ToString) {
        self.problems.push(Problem {
            subject: subject.into(),
            text: what.to_string(),
        });
    }
}

/// The server that a file means by a name: the one that was made under it, else one of that name
/// that no file made.
fn server_called<'a>(rows: &'a [ServerRow], name: &str) -> Option<&'a ServerRow> {
    let made = |row: &&ServerRow| row.config_key.as_deref() == Some(name);
    let named = |row: &&ServerRow| row.config_key.is_none() && same(&row.name, name);
    rows.iter().find(made).or_else(|| rows.iter().find(named))
}

/// Whether two names are one, as people read them.
fn same(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

fn credentials(login: &UpstreamLogin) -> Credentials {
    match login {
        UpstreamLogin::Password { username, password } => Credentials::Password {
            username: username.clone(),
            password: password.clone(),
        },
        UpstreamLogin::Token(token) => Credentials::Token(token.clone()),
    }
}

/// The server cannot say anything now, but may later. A wrong certificate, a version too old or
/// something that is no Jellyfin is an answer, and wrong in the file.
fn is_silence(error: &AccountsError) -> bool {
    match error {
        AccountsError::Upstream(error) => match error {
            UpstreamError::Unreachable { .. }
            | UpstreamError::Timeout
            | UpstreamError::Starting
            | UpstreamError::CircuitOpen => true,
            UpstreamError::Status { status } => *status >= 500 || *status == 429,
            _ => false,
        },
        _ => false,
    }
}
