//! Libraries: what the servers have, and what is merged of them.

use serde_json::{Value, json};

use super::names::{self, MAX_LIBRARY_NAME};
use super::service::{Accounts, Change};
use super::{AccountsError, Actor};
use crate::config::{CollectionType, DedupStrategy, SourcePolicy};
use crate::db::merged_libraries::{self, MergedLibrary, MergedLibraryChange, NewMergedLibrary};
use crate::db::source_libraries::{self, SourceLibraryRow};
use crate::db::{Db, Transaction};
use crate::error::InvalidInput;
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

impl Accounts {
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
        let tx = self.0.db.begin().await?;
        let id = merged_libraries::insert(&tx, &row, &sources).await?;
        let made = library_row(&tx, id).await?;
        let (id, new) = (&made.row.virtual_id, Some(shown(&made)));
        self.audit(&tx, actor, "library.create", id, None, new)
            .await?;
        tx.commit().await?;
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
        let tx = self.0.db.begin().await?;
        merged_libraries::update(&tx, id, &change, sources.as_deref(), now).await?;
        self.library_changed(tx, actor, "library.update", &before)
            .await
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
        let sources = self.check_sources(&[source], kind, owner).await?;
        let tx = self.0.db.begin().await?;
        for source in sources {
            merged_libraries::put_source(&tx, before.row.id, &source, now).await?;
        }
        self.library_changed(tx, actor, "library.put_source", &before)
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
        let tx = self.0.db.begin().await?;
        let gone = merged_libraries::remove_source(
            &tx,
            before.row.id,
            server_id,
            &library_id.to_string(),
            self.0.clock.millis(),
        )
        .await?;
        if !gone {
            return Err(AccountsError::NotFound("source"));
        }
        self.library_changed(tx, actor, "library.remove_source", &before)
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
        let tx = self.0.db.begin().await?;
        merged_libraries::delete(&tx, before.row.id).await?;
        let old = Some(shown(&before));
        self.audit(&tx, actor, "library.delete", virtual_id, old, None)
            .await?;
        tx.commit().await?;
        self.changed(Change::Libraries).await
    }

    async fn library_changed(
        &self,
        tx: Transaction,
        actor: &Actor,
        action: &str,
        before: &MergedLibrary,
    ) -> Result<MergedLibrary, AccountsError> {
        let after = library_row(&tx, before.row.id).await?;
        let id = &after.row.virtual_id;
        let (old, new) = (Some(shown(before)), Some(shown(&after)));
        self.audit(&tx, actor, action, id, old, new).await?;
        tx.commit().await?;
        self.changed(Change::Libraries).await?;
        Ok(after)
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
}

async fn library_row(db: &Db, id: i64) -> Result<MergedLibrary, AccountsError> {
    merged_libraries::by_id(db, id)
        .await?
        .ok_or(AccountsError::NotFound("library"))
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
