//! What the servers have, and which of it a merged library may take.

use serde_json::Value;

use super::AccountsError;
use super::error::found;
use super::libraries::{OnServer, Owner, SourceInput};
use super::names;
use super::service::{Accounts, Change};
use crate::config::CollectionType;
use crate::db::merged_libraries::{self, NewSource};
use crate::db::servers::ServerRow;
use crate::db::source_libraries::{self, SeenLibrary, SourceLibraryRow};
use crate::db::{links, servers};
use crate::error::InvalidInput;
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::{PublicId, UpstreamId};

/// The libraries that an account sees on its server. Live TV and channels are none.
async fn views(server: &Server, account: &Account) -> Result<Vec<Value>, UpstreamError> {
    let query = [
        ("userId", account.user_id.to_string()),
        ("includeHidden", "true".to_owned()),
    ];
    let mut answer = server.get(account, "/UserViews", &query).await?;
    let Value::Array(mut views) = answer["Items"].take() else {
        return Err(UpstreamError::Malformed {
            reason: "the views are no list".into(),
        });
    };
    views.retain(|view| {
        let kind = view["CollectionType"].as_str().unwrap_or_default();
        !kind.eq_ignore_ascii_case("livetv") && view["Type"] != "Channel"
    });
    Ok(views)
}

fn id_of(view: &Value) -> Option<UpstreamId> {
    view["Id"].as_str()?.parse().ok()
}

impl Accounts {
    /// Asks a server which libraries it has now, keeps them, and finds what waited for them.
    ///
    /// # Errors
    /// As [`Self::crawl_account`].
    pub async fn refresh_libraries(
        &self,
        server_id: i64,
    ) -> Result<Vec<SourceLibraryRow>, AccountsError> {
        let account = self.crawl_account(server_id).await?;
        match self.read_libraries(server_id, &account).await {
            Err(AccountsError::WrongUpstreamCredentials) => {
                let account = self.renew_crawl_account(server_id).await?;
                self.read_libraries(server_id, &account).await
            }
            other => other,
        }
    }

    pub(super) async fn read_libraries(
        &self,
        server_id: i64,
        account: &Account,
    ) -> Result<Vec<SourceLibraryRow>, AccountsError> {
        let server = self.server_of(server_id)?;
        let views = views(&server, account).await?;
        let known = source_libraries::of_server(&self.0.db, server_id).await?;
        let seen: Vec<_> = views
            .iter()
            .filter_map(|view| {
                let id = id_of(view)?;
                let library_id = id.to_string();
                let known = known.iter().find(|row| row.library_id == library_id);
                let kind = view["CollectionType"].as_str();
                Some(SeenLibrary {
                    virtual_id: self.0.ids.library(server.key, id).to_string(),
                    name: view["Name"].as_str().unwrap_or_default().to_owned(),
                    collection_type: kind.map(str::to_ascii_lowercase),
                    // The crawl keeps the body, in a form of its own.
                    body: known.and_then(|row| row.body.clone()),
                    library_id,
                })
            })
            .collect();
        let now = self.0.clock.millis();
        let kept = source_libraries::replace(&self.0.db, server_id, &seen, now).await;
        let (rows, changed) = found("server", kept)?;
        if !self.find_pending_sources(server_id).await? && changed {
            self.changed(Change::Libraries).await?;
        }
        Ok(rows)
    }

    /// Puts libraries that a server has now in the place of sources that waited for them; to be
    /// called whenever its libraries were read. True when there were some.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_pending_sources(&self, server_id: i64) -> Result<bool, AccountsError> {
        let pending = merged_libraries::pending(&self.0.db).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        let server = self.server_row(server_id).await?;
        let rows = source_libraries::of_server(&self.0.db, server_id).await?;
        let now = self.0.clock.millis();
        let mut found = false;
        for waiting in pending {
            if !is_called(&server, &waiting.server_name) {
                continue;
            }
            let Some(row) = find(&rows, &waiting.library_name) else {
                continue;
            };
            merged_libraries::resolve_pending(
                &self.0.db,
                &waiting,
                server_id,
                &row.library_id,
                &row.name,
                now,
            )
            .await?;
            found = true;
        }
        if found {
            self.changed(Change::Libraries).await?;
        }
        Ok(found)
    }

    /// Reads sources as they are asked for.
    pub(super) async fn check_sources(
        &self,
        inputs: &[SourceInput],
        kind: CollectionType,
        owner: Owner,
    ) -> Result<Vec<NewSource>, AccountsError> {
        let servers = self.servers_for(owner).await?;
        let mut sources: Vec<NewSource> = Vec::with_capacity(inputs.len());
        for (index, input) in inputs.iter().enumerate() {
            let field = format!("sources[{index}]");
            let source = self
                .check_source(&field, input, kind, owner, &servers)
                .await?;
            if sources.iter().any(|other| same_place(other, &source)) {
                let problem = "it stands twice";
                return Err(InvalidInput::new(field, problem, "each library once").into());
            }
            sources.push(source);
        }
        Ok(sources)
    }

    /// The servers that a library may be of: a user hears of no other than those they are linked to.
    async fn servers_for(&self, owner: Owner) -> Result<Vec<ServerRow>, AccountsError> {
        let mut servers = servers::all(&self.0.db).await?;
        if let Owner::User(user) = owner {
            let links = links::of_user(&self.0.db, &user.to_string()).await?;
            servers.retain(|server| links.iter().any(|link| link.server_id == server.id));
        }
        Ok(servers)
    }

    async fn check_source(
        &self,
        field: &str,
        input: &SourceInput,
        kind: CollectionType,
        owner: Owner,
        servers: &[ServerRow],
    ) -> Result<NewSource, AccountsError> {
        let server = servers.iter().find(|server| match &input.server {
            OnServer::Id(id) => server.id == *id,
            OnServer::Name(name) => is_called(server, name),
        });
        let server = server.ok_or_else(|| {
            let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
            let allowed = match (owner, names.is_empty()) {
                (Owner::User(_), true) => "a server that you are linked to".to_owned(),
                _ => names.join(", "),
            };
            let field = format!("{field}.server");
            InvalidInput::new(field, "there is no such server", allowed)
        })?;
        let mut rows = source_libraries::of_server(&self.0.db, server.id).await?;
        if rows.is_empty() {
            // It was never asked, so nobody knows what it has.
            if let Owner::User(_) = owner {
                return Err(UpstreamError::Starting.into());
            }
            return Ok(NewSource::Pending {
                server_name: server.config_key.clone().unwrap_or(server.name.clone()),
                library_name: input.library.clone(),
                priority: input.priority,
            });
        }
        rows.retain(|row| row.is_present);
        if let Owner::User(user) = owner {
            let seen = self.seen_by(user, server).await?;
            rows.retain(|row| seen.contains(&row.library_id));
        }
        let row = find(&rows, &input.library).ok_or_else(|| {
            let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
            let problem = format!("{} has no such library", server.name);
            InvalidInput::new(format!("{field}.library"), problem, names.join(", "))
        })?;
        let fits = kind == CollectionType::Mixed
            || row
                .collection_type
                .as_deref()
                .is_none_or(|own| own == kind.as_str());
        if !fits {
            let own = row.collection_type.as_deref().unwrap_or_default();
            let problem = format!("{} holds {own}", row.name);
            let allowed = format!("libraries of {kind}, or a library of mixed ones");
            return Err(InvalidInput::new(format!("{field}.library"), problem, allowed).into());
        }
        Ok(NewSource::Found {
            server_id: server.id,
            library_id: row.library_id.clone(),
            library_name: row.name.clone(),
            priority: input.priority,
        })
    }

    /// The ids of the libraries that a user sees on a server: as the server itself says now.
    async fn seen_by(
        &self,
        user: PublicId,
        server: &ServerRow,
    ) -> Result<Vec<String>, AccountsError> {
        let link = links::of_user_on(&self.0.db, &user.to_string(), server.id).await?;
        let account = match &link {
            Some(link) if link.state == "active" => self.account(link)?,
            _ => None,
        };
        let Some(account) = account else {
            return Ok(Vec::new());
        };
        let views = views(&*self.server_of(server.id)?, &account).await?;
        let ids = views.iter().filter_map(id_of);
        Ok(ids.map(|id| id.to_string()).collect())
    }
}

/// By its name, or by the one that the configuration file has for it.
pub(super) fn is_called(server: &ServerRow, name: &str) -> bool {
    server.config_key.as_deref() == Some(name) || server.name_key == names::key(name)
}

/// A library by id or, where one alone has it, by name.
fn find<'a>(rows: &'a [SourceLibraryRow], wanted: &str) -> Option<&'a SourceLibraryRow> {
    if let Ok(id) = wanted.parse::<PublicId>() {
        let id = id.to_string();
        let by_id = rows
            .iter()
            .find(|row| row.library_id == id || row.virtual_id == id);
        if by_id.is_some() {
            return by_id;
        }
    }
    let key = names::key(wanted);
    let mut named = rows
        .iter()
        .filter(|row| row.is_present && names::key(&row.name) == key);
    let first = named.next();
    if named.next().is_some() { None } else { first }
}

fn same_place(one: &NewSource, two: &NewSource) -> bool {
    use NewSource::{Found, Pending};
    match (one, two) {
        (
            Found {
                server_id: a,
                library_id: x,
                ..
            },
            Found {
                server_id: b,
                library_id: y,
                ..
            },
        ) => a == b && x == y,
        (
            Pending {
                server_name: a,
                library_name: x,
                ..
            },
            Pending {
                server_name: b,
                library_name: y,
                ..
            },
        ) => a == b && names::key(x) == names::key(y),
        _ => false,
    }
}
