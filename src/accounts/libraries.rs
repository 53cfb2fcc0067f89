//! Libraries: what the servers have, and what is merged of them.

use serde_json::{Value, json};

use super::names::{self, MAX_LIBRARY_NAME};
use super::service::{Accounts, Change};
use super::{AccountsError, Actor};
use crate::config::{CollectionType, DedupStrategy, SourcePolicy};
use crate::db::merged_libraries::{
    self, MergedLibrary, MergedLibraryChange, NewMergedLibrary, NewSource,
};
use crate::db::servers::ServerRow;
use crate::db::source_libraries::{self, SeenLibrary, SourceLibraryRow};
use crate::db::{DbError, links, servers};
use crate::error::InvalidInput;
use crate::jellyfin::{Account, Server, UpstreamError};
use crate::model::{PublicId, UpstreamId};

/// Which server a source is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnServer {
    Id(i64),
    Name(String),
}

/// A source of a merged library, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInput {
    pub server: OnServer,
    /// The server's own id of the library, the id that clients know it by, or its name.
    pub library: String,
    /// The higher one wins.
    pub priority: i32,
}

/// Whose a merged library is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Everybody,
    User(PublicId),
}

/// A merged library to be.
#[derive(Debug, Clone)]
pub struct NewLibrary {
    pub name: String,
    pub collection_type: CollectionType,
    pub dedup_strategy: DedupStrategy,
    pub source_policy: SourcePolicy,
    pub owner: Owner,
    pub sources: Vec<SourceInput>,
    /// The name in the configuration file.
    pub config_key: Option<String>,
}

/// What changes of a merged library; absent stays. `sources` is the whole list.
#[derive(Debug, Clone, Default)]
pub struct LibraryUpdate {
    pub name: Option<String>,
    pub collection_type: Option<CollectionType>,
    pub dedup_strategy: Option<DedupStrategy>,
    pub source_policy: Option<SourcePolicy>,
    pub sources: Option<Vec<SourceInput>>,
}

fn shown(library: &MergedLibrary) -> Value {
    let row = &library.row;
    json!({
        "name": row.name,
        "collectionType": row.collection_type,
        "dedupStrategy": row.dedup_strategy,
        "sourcePolicy": row.source_policy,
        "global": row.is_global,
        "owner": row.created_by,
        "sources": library.sources.iter().map(|source| json!({
            "server": source.server_id,
            "library": source.library_name,
            "priority": source.priority,
        })).collect::<Vec<_>>(),
        "pending": library.pending.iter().map(|source| json!({
            "server": source.server_name,
            "library": source.library_name,
            "priority": source.priority,
        })).collect::<Vec<_>>(),
    })
}

/// The libraries that an account sees on its server.
async fn views(server: &Server, account: &Account) -> Result<Vec<Value>, UpstreamError> {
    let query = [("userId", account.user_id.to_string())];
    let answer = server.get(account, "/UserViews", &query).await?;
    let Some(items) = answer["Items"].as_array() else {
        return Err(UpstreamError::Malformed {
            reason: "the views are no list".into(),
        });
    };
    Ok(items.clone())
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
        let mut account = self.crawl_account(server_id).await?;
        let server = self.server_of(server_id)?;
        let answer = match views(&server, &account).await {
            Err(UpstreamError::Unauthorized) => {
                account = self.renew_crawl_account(server_id).await?;
                views(&server, &account).await
            }
            other => other,
        };
        let seen: Vec<_> = answer?
            .iter()
            .filter_map(|view| {
                let id = id_of(view)?;
                Some(SeenLibrary {
                    library_id: id.to_string(),
                    virtual_id: self.0.ids.library(server.key, id).to_string(),
                    name: view["Name"].as_str().unwrap_or_default().to_owned(),
                    collection_type: view["CollectionType"].as_str().map(str::to_owned),
                    body: Some(view.to_string()),
                })
            })
            .collect();
        let now = self.0.clock.millis();
        let kept = source_libraries::replace(&self.0.db, server_id, &seen, now).await;
        let (rows, changed) = match kept {
            Err(DbError::Missing(_)) => return Err(AccountsError::NotFound("server")),
            other => other?,
        };
        let found = self.find_pending(server_id, &rows).await?;
        if changed || found {
            self.changed(Change::Libraries).await?;
        }
        Ok(rows)
    }

    /// Puts libraries that are there now in the place of sources that waited for them.
    async fn find_pending(
        &self,
        server_id: i64,
        rows: &[SourceLibraryRow],
    ) -> Result<bool, AccountsError> {
        let server = self.server_row(server_id).await?;
        let now = self.0.clock.millis();
        let mut found = false;
        for waiting in merged_libraries::pending(&self.0.db).await? {
            if !is_called(&server, &waiting.server_name) {
                continue;
            }
            let Some(row) = find(rows, &waiting.library_name) else {
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
        Ok(found)
    }

    /// Every library that the servers have or had.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn source_libraries(&self) -> Result<Vec<SourceLibraryRow>, AccountsError> {
        Ok(source_libraries::all(&self.0.db).await?)
    }

    /// Every merged library, in the order of their making; which a viewer may see is not asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merged_libraries(&self) -> Result<Vec<MergedLibrary>, AccountsError> {
        Ok(merged_libraries::all(&self.0.db).await?)
    }

    /// Makes a merged library.
    ///
    /// # Errors
    /// `Forbidden`: a global one is made by administrators, a user's own by that user too;
    /// `InvalidInput` for a name that is taken, and for sources that are not there, stand twice, are
    /// of another kind, or are not the owner's to see.
    pub async fn create_library(
        &self,
        actor: &Actor,
        library: NewLibrary,
    ) -> Result<MergedLibrary, AccountsError> {
        match library.owner {
            Owner::Everybody => actor.need_administrator()?,
            Owner::User(user) => actor.need_to_be(user)?,
        }
        let owner = match library.owner {
            Owner::Everybody => None,
            Owner::User(user) => Some(self.user_by_id(user).await?.id),
        };
        let name = self
            .free_name(&library.name, owner.as_deref(), None)
            .await?;
        let sources = self
            .check_sources(
                &library.sources,
                library.collection_type,
                eyes(actor, library.owner),
            )
            .await?;
        let now = self.0.clock.millis();
        let is_global = owner.is_none();
        let row = NewMergedLibrary {
            virtual_id: PublicId::random().to_string(),
            config_key: library.config_key,
            name,
            collection_type: library.collection_type.to_string(),
            dedup_strategy: library.dedup_strategy.to_string(),
            source_policy: library.source_policy.to_string(),
            created_by: owner.or_else(|| actor.user_id().map(|id| id.to_string())),
            is_global,
            created_at: now,
            updated_at: now,
        };
        let id = merged_libraries::insert(&self.0.db, &row, &sources).await?;
        let made = self.library_row(id).await?;
        self.audit(
            actor,
            "library.create",
            &made.row.virtual_id,
            None,
            Some(shown(&made)),
        )
        .await?;
        self.changed(Change::Libraries).await?;
        Ok(made)
    }

    /// Changes a merged library, found by the id that clients know it by.
    ///
    /// # Errors
    /// As [`Self::create_library`]; `NotFound`.
    pub async fn update_library(
        &self,
        actor: &Actor,
        virtual_id: PublicId,
        update: LibraryUpdate,
    ) -> Result<MergedLibrary, AccountsError> {
        let before = self.own_library(actor, virtual_id).await?;
        let owner = owner_of(&before)?;
        let name = match &update.name {
            Some(name) => {
                let created_by = match owner {
                    Owner::User(_) => before.row.created_by.as_deref(),
                    Owner::Everybody => None,
                };
                Some(
                    self.free_name(name, created_by, Some(before.row.id))
                        .await?,
                )
            }
            None => None,
        };
        let kind = update
            .collection_type
            .or(before.row.collection_type.parse().ok());
        let kind = kind.unwrap_or(CollectionType::Mixed);
        let sources = match &update.sources {
            Some(sources) => Some(
                self.check_sources(sources, kind, eyes(actor, owner))
                    .await?,
            ),
            None => None,
        };
        let change = MergedLibraryChange {
            name,
            collection_type: update.collection_type.map(|kind| kind.to_string()),
            dedup_strategy: update.dedup_strategy.map(|strategy| strategy.to_string()),
            source_policy: update.source_policy.map(|policy| policy.to_string()),
            ..MergedLibraryChange::default()
        };
        let now = self.0.clock.millis();
        let id = before.row.id;
        merged_libraries::update(&self.0.db, id, &change, sources.as_deref(), now).await?;
        self.library_changed(actor, "library.update", &before).await
    }

    /// Adds a source, or changes the priority of one that is there.
    ///
    /// # Errors
    /// As [`Self::update_library`].
    pub async fn put_library_source(
        &self,
        actor: &Actor,
        virtual_id: PublicId,
        source: SourceInput,
    ) -> Result<MergedLibrary, AccountsError> {
        let before = self.own_library(actor, virtual_id).await?;
        let kind = before
            .row
            .collection_type
            .parse()
            .unwrap_or(CollectionType::Mixed);
        let owner = owner_of(&before)?;
        let now = self.0.clock.millis();
        for source in self.check_sources(&[source], kind, owner).await? {
            merged_libraries::put_source(&self.0.db, before.row.id, &source, now).await?;
        }
        self.library_changed(actor, "library.put_source", &before)
            .await
    }

    /// Takes a source out of a merged library.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn remove_library_source(
        &self,
        actor: &Actor,
        virtual_id: PublicId,
        server_id: i64,
        library_id: UpstreamId,
    ) -> Result<MergedLibrary, AccountsError> {
        let before = self.own_library(actor, virtual_id).await?;
        let gone = merged_libraries::remove_source(
            &self.0.db,
            before.row.id,
            server_id,
            &library_id.to_string(),
            self.0.clock.millis(),
        )
        .await?;
        if !gone {
            return Err(AccountsError::NotFound("source"));
        }
        self.library_changed(actor, "library.remove_source", &before)
            .await
    }

    /// Deletes a merged library; its sources are libraries of their own again.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub async fn delete_library(
        &self,
        actor: &Actor,
        virtual_id: PublicId,
    ) -> Result<(), AccountsError> {
        let before = self.own_library(actor, virtual_id).await?;
        merged_libraries::delete(&self.0.db, before.row.id).await?;
        self.audit(
            actor,
            "library.delete",
            virtual_id,
            Some(shown(&before)),
            None,
        )
        .await?;
        self.changed(Change::Libraries).await
    }

    async fn library_changed(
        &self,
        actor: &Actor,
        action: &str,
        before: &MergedLibrary,
    ) -> Result<MergedLibrary, AccountsError> {
        let after = self.library_row(before.row.id).await?;
        let id = &after.row.virtual_id;
        self.audit(actor, action, id, Some(shown(before)), Some(shown(&after)))
            .await?;
        self.changed(Change::Libraries).await?;
        Ok(after)
    }

    async fn library_row(&self, id: i64) -> Result<MergedLibrary, AccountsError> {
        merged_libraries::by_id(&self.0.db, id)
            .await?
            .ok_or(AccountsError::NotFound("library"))
    }

    /// A library that the actor may change. Others' own ones do not exist for who may not.
    async fn own_library(
        &self,
        actor: &Actor,
        virtual_id: PublicId,
    ) -> Result<MergedLibrary, AccountsError> {
        let library = merged_libraries::by_virtual_id(&self.0.db, &virtual_id.to_string()).await?;
        let library = library.ok_or(AccountsError::NotFound("library"))?;
        match owner_of(&library)? {
            Owner::Everybody => actor.need_administrator()?,
            Owner::User(user) => actor
                .need_to_be(user)
                .map_err(|_| AccountsError::NotFound("library"))?,
        }
        Ok(library)
    }

    /// A name that no other library of the same owner has.
    async fn free_name(
        &self,
        name: &str,
        owner: Option<&str>,
        own: Option<i64>,
    ) -> Result<String, AccountsError> {
        let name = names::check("name", name, MAX_LIBRARY_NAME)?;
        let taken = merged_libraries::all(&self.0.db)
            .await?
            .into_iter()
            .any(|other| {
                let same_owner = match owner {
                    None => other.row.is_global,
                    Some(owner) => {
                        !other.row.is_global && other.row.created_by.as_deref() == Some(owner)
                    }
                };
                same_owner
                    && Some(other.row.id) != own
                    && names::key(&other.row.name) == names::key(&name)
            });
        if taken {
            let problem = format!("there is a library called {name}");
            return Err(InvalidInput::new("name", problem, "another name").into());
        }
        Ok(name)
    }

    async fn check_sources(
        &self,
        inputs: &[SourceInput],
        kind: CollectionType,
        owner: Owner,
    ) -> Result<Vec<NewSource>, AccountsError> {
        let all_servers = servers::all(&self.0.db).await?;
        let mut sources: Vec<NewSource> = Vec::with_capacity(inputs.len());
        for (index, input) in inputs.iter().enumerate() {
            let field = format!("sources[{index}]");
            let source = self
                .check_source(&field, input, kind, owner, &all_servers)
                .await?;
            if sources.iter().any(|other| same_place(other, &source)) {
                let problem = "it stands twice";
                return Err(InvalidInput::new(field, problem, "each library once").into());
            }
            sources.push(source);
        }
        Ok(sources)
    }

    async fn check_source(
        &self,
        field: &str,
        input: &SourceInput,
        kind: CollectionType,
        owner: Owner,
        all_servers: &[ServerRow],
    ) -> Result<NewSource, AccountsError> {
        let server = all_servers.iter().find(|server| match &input.server {
            OnServer::Id(id) => server.id == *id,
            OnServer::Name(name) => is_called(server, name),
        });
        let server = server.ok_or_else(|| {
            let names: Vec<_> = all_servers
                .iter()
                .map(|server| server.name.as_str())
                .collect();
            InvalidInput::new(
                format!("{field}.server"),
                "there is no such server",
                names.join(", "),
            )
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

fn owner_of(library: &MergedLibrary) -> Result<Owner, AccountsError> {
    match (&library.row.created_by, library.row.is_global) {
        (Some(user), false) => Ok(Owner::User(super::viewers::read_id(user)?)),
        _ => Ok(Owner::Everybody),
    }
}

/// By whose links sources are chosen. The file may name a library before its owner's links work:
/// what the owner sees of it is decided copy by copy all the same.
fn eyes(actor: &Actor, owner: Owner) -> Owner {
    match actor {
        Actor::Config => Owner::Everybody,
        _ => owner,
    }
}

fn is_called(server: &ServerRow, name: &str) -> bool {
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
