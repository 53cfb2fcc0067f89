//! Items: one by its id, and lists with filter, order and pages.

use async_graphql::{Context, ID, Object};

use crate::catalog::query;
use crate::catalog::scope::{Entry, Scope};
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{
    self, ItemFilterInput, ItemSortInput, NameKindInput, Paging, cost, weight,
};
use crate::graphql::types::{Item, ItemConnection};
use crate::model::{self, NameKind};

/// The names that Jellyfin hints at beside items.
const HINTED: [NameKind; 4] = [
    NameKind::Person,
    NameKind::Genre,
    NameKind::MusicGenre,
    NameKind::Studio,
];

#[derive(Default)]
pub struct ItemQuery;

#[Object]
impl ItemQuery {
    /// One item by any id that it ever had: its own, a copy's, a library's, a name's; null when there
    /// is none that the caller may see. `libraryId` decides whose metadata leads.
    async fn item(
        &self,
        ctx: &Context<'_>,
        id: ID,
        library_id: Option<ID>,
    ) -> GraphResult<Option<Item>> {
        let id = inputs::id("id", &id)?;
        let library = library_id
            .map(|library| inputs::id("libraryId", &library))
            .transpose()?;
        let scope = scope(ctx).await?;
        let Some(entry) = scope.find(id, library) else {
            return Ok(None);
        };
        if let Some(address) = ctx.caller()?.meta.client_addr {
            let catalog = &ctx.services()?.catalog;
            catalog.note_shown(&scope, &entry, address);
        }
        Ok(Some(Item::new(scope, entry)))
    }

    /// A list of items. Without any filter: the libraries.
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
        let paging = Paging {
            offset,
            first,
            after,
            last,
            before,
        };
        let scope = scope(ctx).await?;
        list(
            &scope,
            &inputs::query(filter, sort)?,
            &paging,
            ctx.caller()?.trusted,
        )
    }

    /// Items whose name matches, the best match first.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to look for.")] term: String,
        filter: Option<ItemFilterInput>,
        offset: Option<i32>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GraphResult<ItemConnection> {
        let mut query = inputs::query(filter, None)?;
        query.filter.search = Some(term);
        query.filter.recursive = true;
        let paging = Paging {
            after,
            ..Paging::offset(offset, first)
        };
        let scope = scope(ctx).await?;
        list(&scope, &query, &paging, ctx.caller()?.trusted)
    }

    /// What a search box shows while one types: items and names that match `filter.search`.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn search_hints(
        &self,
        ctx: &Context<'_>,
        filter: ItemFilterInput,
        #[graphql(
            desc = "Names of which kinds; people, genres and studios, if nothing is said and the \
                    filter asks for no kind of item."
        )]
        names: Option<Vec<NameKindInput>>,
        #[graphql(desc = "False: names alone.", default = true)] items: bool,
        offset: Option<i32>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let mut query = inputs::query(Some(filter), None)?;
        query.filter.recursive = true;
        query.filter.search_no_items = !items;
        query.filter.search_names = match names {
            Some(kinds) => Some(kinds.into_iter().map(NameKind::from).collect()),
            None if query.filter.kinds.is_empty() => Some(HINTED.to_vec()),
            None => None,
        };
        let paging = Paging::offset(offset, first);
        let scope = scope(ctx).await?;
        list(&scope, &query, &paging, ctx.caller()?.trusted)
    }
}

/// The page of a query.
///
/// # Errors
/// `BAD_INPUT`, `NOT_FOUND` for an unknown parent.
pub fn list(
    scope: &Scope,
    query: &model::ItemQuery,
    paging: &Paging,
    trusted: bool,
) -> GraphResult<ItemConnection> {
    if query.filter.asks_for_views() {
        let views: Vec<Entry> = scope
            .views()
            .into_iter()
            .map(|view| Entry::Library(view.library))
            .collect();
        return ItemConnection::of(scope.clone(), views.as_slice(), paging, trusted);
    }
    let all = query::select(scope, query)?;
    ItemConnection::of(scope.clone(), &all, paging, trusted)
}
