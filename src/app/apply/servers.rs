//! Servers: added, or given the address, trust and account that the file says.

use futures::future::join_all;

use super::{ACTOR, Action, Kind, Run, credentials, is_silence, server_called, settle};
use crate::accounts::{Accounts, AccountsError, AddServer, ServerUpdate, read_url};
use crate::config::{DeclaredServer, Trust};
use crate::db::servers::ServerRow;
use crate::jellyfin::TlsTrust;

type Outcome = Option<(Action, String)>;

impl Run<'_> {
    /// All at once: several that do not answer cost one deadline.
    pub(super) async fn servers(
        &mut self,
        declared: &[DeclaredServer],
    ) -> Result<(), AccountsError> {
        let rows = self.accounts.servers().await?;
        let all = declared.iter().map(|server| {
            let known = server_called(&rows, &server.name);
            put(self.accounts, known, server)
        });
        let outcomes = join_all(all).await;
        for (server, outcome) in declared.iter().zip(outcomes) {
            let name = &server.name;
            match outcome {
                Ok(None) => {}
                Ok(Some((action, text))) => self.changed(action, Kind::Server, name, text),
                Err(error) => self.problem(format!("server {name}"), error),
            }
        }
        Ok(())
    }
}

async fn put(
    accounts: &Accounts,
    known: Option<&ServerRow>,
    declared: &DeclaredServer,
) -> Result<Outcome, AccountsError> {
    let Some(row) = known else {
        return add(accounts, declared).await;
    };
    let update = difference(accounts, row, declared)?;
    if row.upstream_id.is_none() {
        return reach(accounts, row, update, declared).await;
    }
    let Some((update, what)) = update else {
        return Ok(None);
    };
    let name = &declared.name;
    match accounts.update_server(&ACTOR, row.id, update).await {
        Ok(_) => Ok(Some((
            Action::Changed,
            format!("changed server {name}: {what}"),
        ))),
        // Sending tokens to an address that nobody vouched for would give them away.
        Err(error) if is_silence(&error) => Ok(Some((
            Action::Kept,
            format!("left server {name} as it was, {what} not being confirmed: {error}"),
        ))),
        Err(error) => Err(error),
    }
}

async fn add(accounts: &Accounts, declared: &DeclaredServer) -> Result<Outcome, AccountsError> {
    let name = &declared.name;
    let server = AddServer {
        name: name.clone(),
        url: declared.url.to_string(),
        tls: tls(&declared.trust),
        credentials: credentials(&declared.login),
        link_me: false,
        force: false,
        take_key: None,
        config_key: Some(name.clone()),
    };
    let text = match accounts.add_server(&ACTOR, server.clone()).await {
        Ok(_) => format!("added server {name}"),
        Err(error) if is_silence(&error) => {
            accounts.add_server_later(&ACTOR, server).await?;
            format!("added server {name}, pending until it answers: {error}")
        }
        Err(error) => return Err(error),
    };
    Ok(Some((Action::Added, text)))
}

/// A server that never answered: perhaps it does now.
async fn reach(
    accounts: &Accounts,
    row: &ServerRow,
    update: Option<(ServerUpdate, String)>,
    declared: &DeclaredServer,
) -> Result<Outcome, AccountsError> {
    let mut done = Vec::new();
    if let Some((update, what)) = update {
        accounts.update_server_later(&ACTOR, row.id, update).await?;
        done.push(what);
    }
    match settle(accounts, row.id).await {
        Ok(()) => done.push("it answered for the first time".to_owned()),
        Err(error) if is_silence(&error) => {}
        Err(error) => return Err(error),
    }
    if done.is_empty() {
        return Ok(None);
    }
    let text = format!("changed server {}: {}", declared.name, done.join(", "));
    Ok(Some((Action::Changed, text)))
}

/// What the file says otherwise, and that in words.
fn difference(
    accounts: &Accounts,
    row: &ServerRow,
    declared: &DeclaredServer,
) -> Result<Option<(ServerUpdate, String)>, AccountsError> {
    let mut update = ServerUpdate::default();
    let mut what = Vec::new();
    if read_url(declared.url.as_str())?.as_str() != row.url {
        update.url = Some(declared.url.to_string());
        what.push("its address");
    }
    let trust = tls(&declared.trust);
    let same_trust = match &trust {
        TlsTrust::System => row.ca_pem.is_none() && row.tls_fingerprint.is_none(),
        TlsTrust::Authority(pem) => row.ca_pem.as_ref() == Some(pem),
        TlsTrust::Fingerprint(_) => {
            row.tls_fingerprint.as_deref() == Some(trust.to_string().as_str())
        }
    };
    if !same_trust {
        update.tls = Some(trust);
        what.push("whose certificates it is trusted by");
    }
    let credentials = credentials(&declared.login);
    if !accounts.crawls_by(row, &credentials)? {
        update.credentials = Some(credentials);
        what.push("the account that crawls it");
    }
    Ok((!what.is_empty()).then(|| (update, what.join(" and "))))
}

/// The same words one layer down.
pub(in crate::app) fn tls(trust: &Trust) -> TlsTrust {
    match trust {
        Trust::Public => TlsTrust::System,
        Trust::Authority(pem) => TlsTrust::Authority(pem.clone()),
        Trust::Fingerprint(bytes) => TlsTrust::Fingerprint(*bytes),
    }
}
