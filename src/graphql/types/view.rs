//! A library that the caller can open.

use async_graphql::{Context, ID, Object};

use super::{ItemConnection, MergedLibrary, SourceLibrary};
use crate::catalog::query;
use crate::catalog::scope::{self, Entry, Scope};
use crate::catalog::snapshot::LibraryRef;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{
    self, BodyOptionsInput, ItemFilterInput, ItemSortInput, Paging, cost, weight,
};
use crate::graphql::scalars::Json;

/// See the GraphQL type.
pub struct View {
    pub scope: Scope,
    pub view: scope::View,
}

/// A library that the caller can open: a merged library, a source library that is in none, the
/// collections, or the playlists.
#[Object]
impl View {
    /// The id by which every client knows it.
    pub async fn id(&self) -> ID {
        self.view.id.to_string().into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.view.name
    }

    /// Jellyfin's collection type: `movies`, `tvshows`, `music` …; absent for mixed ones.
    async fn collection_type(&self) -> Option<&str> {
        self.view.collection_type.as_deref()
    }

    /// The merged library that it shows, if it is one.
    async fn merged_library(&self) -> Option<MergedLibrary> {
        let LibraryRef::Merged(at) = self.view.library else {
            return None;
        };
        Some(MergedLibrary::at(
            self.scope.projection.snapshot.clone(),
            at,
        ))
    }

    /// The source library that it shows, if it is one by itself.
    async fn source_library(&self) -> Option<SourceLibrary> {
        let LibraryRef::Source(at) = self.view.library else {
            return None;
        };
        Some(SourceLibrary::at(
            self.scope.projection.snapshot.clone(),
            at,
        ))
    }

    /// Jellyfin's body of it (`BaseItemDto`).
    async fn body(
        &self,
        ctx: &Context<'_>,
        options: Option<BodyOptionsInput>,
    ) -> GraphResult<Json> {
        let options = options.unwrap_or_default().into_options()?;
        let (caller, services) = (ctx.caller()?, ctx.services()?);
        let entry = Entry::Library(self.view.library);
        let loaders = &caller.loaders;
        loaders
            .body(&services.catalog, &self.scope, &entry, options)
            .await
    }

    /// What it holds. Without a filter: what lies directly in it.
    #[graphql(complexity = "cost(weight(first, last), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn items(
        &self,
        ctx: &Context<'_>,
        filter: Option<ItemFilterInput>,
        sort: Option<Vec<ItemSortInput>>,
        offset: Option<i32>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GraphResult<ItemConnection> {
        let mut query = inputs::query(filter, sort)?;
        query.filter.parent_id = Some(self.view.id);
        let paging = Paging {
            offset,
            first,
            after,
            last,
            before,
        };
        let all = query::select(&self.scope, &query)?;
        ItemConnection::of(self.scope.clone(), &all, &paging, ctx.caller()?.trusted)
    }
}
