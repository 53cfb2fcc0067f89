//! Merged libraries and the source libraries that they are made of.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};

use super::node::NodeId;
use super::{Server, User};
use crate::catalog::snapshot::{self, Snapshot};
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};

/// How the copies of a merged library's sources are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::Strategy")]
pub enum DedupStrategy {
    /// By the ids of providers; what has none, by name and year.
    ProviderIds,
    /// By normalized name and year.
    NameYear,
    /// By a learned score over many traits.
    Smart,
    /// Not at all: each copy is listed by itself.
    None,
}

/// Which copy of an item plays first, of those whose servers answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "snapshot::SourcePolicy")]
pub enum SourcePolicy {
    /// The one of the highest priority; of equals the best, then the fastest one.
    Priority,
    /// The best picture and sound (`Source.quality`); of equals the fastest one, then by priority.
    Quality,
    /// The one whose server is fastest (`Server.speed`); of equals the best one, then by priority.
    Fastest,
}

/// See the GraphQL type.
pub struct MergedLibrary {
    snapshot: Arc<Snapshot>,
    at: u32,
}

impl MergedLibrary {
    /// The merged library at a position of the snapshot.
    pub fn at(snapshot: Arc<Snapshot>, at: u32) -> Self {
        Self { snapshot, at }
    }

    fn library(&self) -> &snapshot::MergedLibrary {
        &self.snapshot.merged_libraries[self.at as usize]
    }
}

/// A virtual library over libraries of several servers.
#[Object]
impl MergedLibrary {
    /// Its id for `node` and for mutations.
    pub async fn id(&self) -> ID {
        NodeId::MergedLibrary(self.library().id).into()
    }

    /// The id by which every client knows it: that of its view.
    async fn virtual_id(&self) -> ID {
        self.library().id.to_string().into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.library().name
    }

    /// Jellyfin's collection type: `movies`, `tvshows`, `music`, `mixed` …
    async fn collection_type(&self) -> &str {
        &self.library().collection_type
    }

    /// How copies are joined.
    async fn dedup_strategy(&self) -> DedupStrategy {
        self.library().strategy.into()
    }

    /// Which copy comes first.
    async fn source_policy(&self) -> SourcePolicy {
        self.library().policy.into()
    }

    /// For everyone, or for its owner alone.
    async fn is_global(&self) -> bool {
        self.library().is_global
    }

    /// Whose it is, where it is not for everyone.
    async fn owner(&self, ctx: &Context<'_>) -> GraphResult<Option<User>> {
        match self.library().owner {
            Some(owner) if !self.library().is_global => User::find(ctx, owner).await,
            _ => Ok(None),
        }
    }

    /// What it is made of, the highest priority first. Administrators see all of them, others those
    /// on servers that they are linked to.
    async fn sources(&self, ctx: &Context<'_>) -> GraphResult<Vec<MergedLibrarySource>> {
        let viewer = ctx.viewer()?;
        let linked = |library: u32| {
            let library = &self.snapshot.source_libraries[library as usize];
            let server = &self.snapshot.servers[library.server as usize];
            viewer.link_to(server.id).is_some()
        };
        let mut sources: Vec<_> = self
            .library()
            .sources
            .iter()
            .filter(|source| viewer.is_administrator || linked(source.library))
            .map(|source| MergedLibrarySource {
                snapshot: self.snapshot.clone(),
                source: source.clone(),
            })
            .collect();
        sources.sort_by_key(|source| std::cmp::Reverse(source.source.priority));
        Ok(sources)
    }
}

/// See the GraphQL type.
pub struct MergedLibrarySource {
    snapshot: Arc<Snapshot>,
    source: snapshot::MergedSource,
}

/// A source of a merged library.
#[Object]
impl MergedLibrarySource {
    /// The higher one wins.
    async fn priority(&self) -> i32 {
        self.source.priority
    }

    /// The library on its server.
    async fn library(&self) -> SourceLibrary {
        SourceLibrary::at(self.snapshot.clone(), self.source.library)
    }

    /// The server that has it.
    async fn server(&self, ctx: &Context<'_>) -> GraphResult<Server> {
        let library = &self.snapshot.source_libraries[self.source.library as usize];
        let server = &self.snapshot.servers[library.server as usize];
        Ok(Server::new(ctx.services()?, server))
    }
}

/// See the GraphQL type.
pub struct SourceLibrary {
    snapshot: Arc<Snapshot>,
    at: u32,
}

impl SourceLibrary {
    /// The source library at a position of the snapshot.
    pub fn at(snapshot: Arc<Snapshot>, at: u32) -> Self {
        Self { snapshot, at }
    }

    fn library(&self) -> &snapshot::SourceLibrary {
        &self.snapshot.source_libraries[self.at as usize]
    }
}

/// A library of a source server.
#[Object]
impl SourceLibrary {
    /// Its id for `node` and for mutations.
    pub async fn id(&self) -> ID {
        NodeId::SourceLibrary(self.library().id).into()
    }

    /// The id by which clients know it where it is a library of its own.
    async fn virtual_id(&self) -> ID {
        self.library().id.to_string().into()
    }

    /// What its server calls it.
    async fn name(&self) -> &str {
        &self.library().name
    }

    /// Jellyfin's collection type; absent for mixed ones.
    async fn collection_type(&self) -> Option<&str> {
        self.library().collection_type.as_deref()
    }

    /// The server that has it.
    async fn server(&self, ctx: &Context<'_>) -> GraphResult<Server> {
        let server = &self.snapshot.servers[self.library().server as usize];
        Ok(Server::new(ctx.services()?, server))
    }

    /// The merged libraries that hold it; administrators see all, others the global ones and their own.
    async fn merged_libraries(&self, ctx: &Context<'_>) -> GraphResult<Vec<MergedLibrary>> {
        let viewer = ctx.viewer()?;
        let holds = |library: &snapshot::MergedLibrary| {
            library
                .sources
                .iter()
                .any(|source| source.library == self.at)
        };
        let found = self
            .snapshot
            .merged_libraries
            .iter()
            .enumerate()
            .filter(|(_, library)| holds(library) && may_see(viewer, library))
            .map(|(at, _)| MergedLibrary::at(self.snapshot.clone(), at as u32));
        Ok(found.collect())
    }
}

/// Global libraries are everyone's to see, the others their owner's and administrators'.
pub fn may_see(viewer: &crate::accounts::Viewer, library: &snapshot::MergedLibrary) -> bool {
    viewer.is_administrator || library.is_global || library.owner == Some(viewer.user_id)
}

/// The merged library with this id, if the caller may see it.
///
/// # Errors
/// `NOT_FOUND`, `UNAUTHENTICATED`.
pub fn find_merged(ctx: &Context<'_>, id: crate::model::PublicId) -> GraphResult<MergedLibrary> {
    let viewer = ctx.viewer()?;
    let snapshot = ctx.services()?.catalog.snapshot();
    let found = snapshot
        .merged_libraries
        .iter()
        .position(|library| library.id == id && may_see(viewer, library));
    let at = found.ok_or_else(|| GraphError::not_found("merged library"))?;
    Ok(MergedLibrary::at(snapshot, at as u32))
}
