//! Merged libraries: global ones are administrators' to change, a user's own that user's too.

use async_graphql::{Context, Enum, ID, InputObject, Object};

use crate::accounts::{LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput};
use crate::config;
use crate::db::merged_libraries;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::types::{DedupStrategy, MergedLibrary, NodeId, SourcePolicy, find_merged};
use crate::model::PublicId;

/// What a merged library holds: Jellyfin's collection types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "config::CollectionType")]
pub enum CollectionType {
    /// Films.
    Movies,
    /// Series.
    TvShows,
    /// Music.
    Music,
    /// Collections.
    BoxSets,
    /// Home videos and photos.
    HomeVideos,
    /// Books.
    Books,
    /// Music videos.
    MusicVideos,
    /// Anything.
    Mixed,
}

/// A source of a merged library.
#[derive(Debug, Clone, InputObject)]
pub struct LibrarySourceInput {
    /// The server.
    pub server_id: ID,
    /// The library there: its id (either form, or the server's own) or its name.
    pub library: String,
    /// The higher one wins. Default: 0.
    pub priority: Option<i32>,
}

/// A merged library to make.
#[derive(Debug, Clone, InputObject)]
pub struct CreateMergedLibraryInput {
    /// What it is to be called.
    pub name: String,
    /// What it holds.
    pub collection_type: CollectionType,
    /// How copies are joined. Default: `PROVIDER_IDS`.
    pub dedup_strategy: Option<DedupStrategy>,
    /// Which copy comes first. Default: `PRIORITY`.
    pub source_policy: Option<SourcePolicy>,
    /// For everyone, or for the caller alone. Default: true for administrators, else false.
    pub is_global: Option<bool>,
    /// What it is made of.
    pub sources: Option<Vec<LibrarySourceInput>>,
}

/// What changes of a merged library; absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateMergedLibraryInput {
    /// What it is to be called.
    pub name: Option<String>,
    /// What it holds.
    pub collection_type: Option<CollectionType>,
    /// How copies are joined.
    pub dedup_strategy: Option<DedupStrategy>,
    /// Which copy comes first.
    pub source_policy: Option<SourcePolicy>,
    /// The whole list of what it is made of.
    pub sources: Option<Vec<LibrarySourceInput>>,
}

#[derive(Default)]
pub struct LibraryMutation;

#[Object]
impl LibraryMutation {
    /// Makes a merged library.
    async fn create_merged_library(
        &self,
        ctx: &Context<'_>,
        input: CreateMergedLibraryInput,
    ) -> GraphResult<MergedLibrary> {
        let viewer = ctx.viewer()?;
        let owner = match input.is_global.unwrap_or(viewer.is_administrator) {
            true => Owner::Everybody,
            false => Owner::User(viewer.user_id),
        };
        let strategy = input.dedup_strategy.unwrap_or(DedupStrategy::ProviderIds);
        let policy = input.source_policy.unwrap_or(SourcePolicy::Priority);
        let library = NewLibrary {
            name: input.name,
            collection_type: input.collection_type.into(),
            dedup_strategy: configured_strategy(strategy),
            source_policy: configured_policy(policy),
            owner,
            sources: sources(input.sources.unwrap_or_default())?,
            config_key: None,
        };
        let accounts = &ctx.services()?.accounts;
        shown(ctx, accounts.create_library(&ctx.actor()?, library).await?).await
    }

    /// Renames a merged library, or changes how it is made.
    async fn update_merged_library(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: UpdateMergedLibraryInput,
    ) -> GraphResult<MergedLibrary> {
        let id = NodeId::library("id", &id)?;
        let update = LibraryUpdate {
            name: input.name,
            collection_type: input.collection_type.map(Into::into),
            dedup_strategy: input.dedup_strategy.map(configured_strategy),
            source_policy: input.source_policy.map(configured_policy),
            sources: input.sources.map(sources).transpose()?,
        };
        let accounts = &ctx.services()?.accounts;
        shown(
            ctx,
            accounts.update_library(&ctx.actor()?, id, update).await?,
        )
        .await
    }

    /// Adds a source, or gives one that is there another priority.
    async fn put_library_source(
        &self,
        ctx: &Context<'_>,
        id: ID,
        source: LibrarySourceInput,
    ) -> GraphResult<MergedLibrary> {
        let id = NodeId::library("id", &id)?;
        let source = self::source(source)?;
        let accounts = &ctx.services()?.accounts;
        let changed = accounts
            .put_library_source(&ctx.actor()?, id, source)
            .await?;
        shown(ctx, changed).await
    }

    /// Takes a source out; its items stay where else they are.
    async fn remove_library_source(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The source library's id.")] source_library_id: ID,
    ) -> GraphResult<MergedLibrary> {
        let id = NodeId::library("id", &id)?;
        let source = NodeId::library("sourceLibraryId", &source_library_id)?;
        let services = ctx.services()?;
        let snapshot = services.catalog.snapshot();
        let known = snapshot
            .source_libraries
            .iter()
            .find(|library| library.id == source)
            .ok_or_else(|| GraphError::not_found("source library"))?;
        let server = snapshot.servers[known.server as usize].id;
        let changed = services
            .accounts
            .remove_library_source(&ctx.actor()?, id, server, known.library_id)
            .await?;
        shown(ctx, changed).await
    }

    /// Deletes a merged library; its sources are libraries of their own again.
    async fn delete_merged_library(&self, ctx: &Context<'_>, id: ID) -> GraphResult<bool> {
        let id = NodeId::library("id", &id)?;
        let services = ctx.services()?;
        services.accounts.delete_library(&ctx.actor()?, id).await?;
        services.catalog.store().reload_configuration().await?;
        Ok(true)
    }
}

/// The library as it is after a change, which the next answer shows too.
async fn shown(
    ctx: &Context<'_>,
    changed: merged_libraries::MergedLibrary,
) -> GraphResult<MergedLibrary> {
    let id: PublicId = changed
        .row
        .virtual_id
        .parse()
        .map_err(GraphError::internal)?;
    ctx.services()?
        .catalog
        .store()
        .reload_configuration()
        .await?;
    find_merged(ctx, id)
}

fn sources(list: Vec<LibrarySourceInput>) -> GraphResult<Vec<SourceInput>> {
    list.into_iter().map(source).collect()
}

fn source(input: LibrarySourceInput) -> GraphResult<SourceInput> {
    let library = match input.library.parse() {
        Ok(NodeId::SourceLibrary(id)) => id.to_string(),
        _ => input.library,
    };
    Ok(SourceInput {
        server: OnServer::Id(NodeId::server("serverId", &input.server_id)?),
        library,
        priority: input.priority.unwrap_or(0),
    })
}

fn configured_strategy(strategy: DedupStrategy) -> config::DedupStrategy {
    match strategy {
        DedupStrategy::ProviderIds => config::DedupStrategy::ProviderIds,
        DedupStrategy::NameYear => config::DedupStrategy::NameYear,
        DedupStrategy::Smart => config::DedupStrategy::Smart,
        DedupStrategy::None => config::DedupStrategy::None,
    }
}

fn configured_policy(policy: SourcePolicy) -> config::SourcePolicy {
    match policy {
        SourcePolicy::Priority => config::SourcePolicy::Priority,
        SourcePolicy::Quality => config::SourcePolicy::Quality,
        SourcePolicy::Fastest => config::SourcePolicy::Fastest,
    }
}
