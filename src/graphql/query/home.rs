//! What a home screen and a detail page show around an item.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::items::list;
use crate::catalog::home::{self, LatestQuery, NextUpQuery};
use crate::catalog::mix;
use crate::catalog::scope::Entry;
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs::{self, ItemFilterInput, Kind, Paging, cost, weight};
use crate::graphql::scalars::Long;
use crate::graphql::types::{Item, ItemConnection};
use crate::model::{ItemFilter, ItemQuery, ItemSort, Page, PublicId, SortBy, SortOrder};

/// How many items `similar` gives when it is not told.
const SIMILAR: i32 = 20;

#[derive(Default)]
pub struct HomeQuery;

fn optional(field: &str, id: Option<ID>) -> GraphResult<Option<PublicId>> {
    id.map(|id| inputs::id(field, &id)).transpose()
}

fn limit(field: &str, limit: i32) -> GraphResult<usize> {
    usize::try_from(limit).map_err(|_| GraphError::bad_input(field, limit.to_string(), "0 or more"))
}

#[Object]
impl HomeQuery {
    /// What came last, newest first; with `groupItems`, episodes under their series and tracks under
    /// their album, which then tell in `childCount` for how many new ones they stand.
    #[graphql(complexity = "cost(weight(Some(limit), None), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn latest(
        &self,
        ctx: &Context<'_>,
        library_id: Option<ID>,
        kinds: Option<Vec<Kind>>,
        is_played: Option<bool>,
        #[graphql(default = true)] group_items: bool,
        #[graphql(default = 20)] limit: i32,
    ) -> GraphResult<Vec<Item>> {
        let asked = LatestQuery {
            library: optional("libraryId", library_id)?,
            kinds: kinds
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            played: is_played,
            group: group_items,
            limit: self::limit("limit", limit)?,
        };
        let scope = scope(ctx).await?;
        let found = home::latest(&scope, &asked)?;
        let items = found.into_iter();
        Ok(items
            .map(|latest| Item::standing_for(scope.clone(), latest.entry, latest.count))
            .collect())
    }

    /// The next episode of each series that was begun, the series last watched first.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn next_up(
        &self,
        ctx: &Context<'_>,
        series_id: Option<ID>,
        library_id: Option<ID>,
        offset: Option<i32>,
        first: Option<i32>,
        #[graphql(default = true)] enable_resumable: bool,
        #[graphql(default = false)] enable_rewatching: bool,
        #[graphql(desc = "Leaves out series last watched before this.")] cutoff: Option<
            DateTime<Utc>,
        >,
    ) -> GraphResult<ItemConnection> {
        let asked = NextUpQuery {
            series: optional("seriesId", series_id)?,
            library: optional("libraryId", library_id)?,
            resumable: enable_resumable,
            rewatching: enable_rewatching,
            cutoff,
        };
        let scope = scope(ctx).await?;
        let all = home::next_up(&scope, &asked, Page::default());
        let paging = Paging::offset(offset, first);
        ItemConnection::of(
            scope,
            all.entries.as_slice(),
            &paging,
            ctx.caller()?.trusted,
        )
    }

    /// What was begun and not finished, last played first.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn resume(
        &self,
        ctx: &Context<'_>,
        filter: Option<ItemFilterInput>,
        offset: Option<i32>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let filter = filter.unwrap_or_default().into_filter()?;
        let scope = scope(ctx).await?;
        let all = home::resume(&scope, &filter, Page::default())?;
        let paging = Paging::offset(offset, first);
        ItemConnection::of(
            scope,
            all.entries.as_slice(),
            &paging,
            ctx.caller()?.trusted,
        )
    }

    /// Items that have much in common with one.
    #[graphql(complexity = "cost(weight(limit, None), child_complexity)")]
    async fn similar(
        &self,
        ctx: &Context<'_>,
        id: ID,
        limit: Option<i32>,
    ) -> GraphResult<Vec<Item>> {
        let id = inputs::id("id", &id)?;
        let limit = self::limit("limit", limit.unwrap_or(SIMILAR))?;
        let scope = scope(ctx).await?;
        let found = match scope.find(id, None) {
            Some(Entry::Item(entry)) => home::similar(&scope, &entry, limit),
            Some(_) => Vec::new(),
            None => return Err(GraphError::not_found("item")),
        };
        let items = found.into_iter();
        Ok(items.map(|entry| Item::new(scope.clone(), entry)).collect())
    }

    /// Songs like a song, an album, an artist, a playlist or a genre: those that share a genre with it, at
    /// most 200, by chance; a song itself goes first.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn instant_mix(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The same number gives the same order.")] seed: Option<Long>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let like = scope.find(id, None);
        let like = like.ok_or_else(|| GraphError::not_found("item"))?;
        let chance = seed.map_or_else(rand::random, |Long(seed)| seed);
        let found = mix::instant_mix(&scope, &like, chance)?;
        let paging = Paging::offset(None, first);
        ItemConnection::of(scope, found.as_slice(), &paging, ctx.caller()?.trusted)
    }

    /// The box sets that hold an item, by name.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn collections(
        &self,
        ctx: &Context<'_>,
        id: ID,
        offset: Option<i32>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let found = match scope.find(id, None) {
            Some(Entry::Item(entry)) => home::collections(&scope, &entry)?,
            Some(_) => Vec::new(),
            None => return Err(GraphError::not_found("item")),
        };
        let paging = Paging::offset(offset, first);
        ItemConnection::of(scope, found.as_slice(), &paging, ctx.caller()?.trusted)
    }

    /// What holds an item, the nearest first, up to the folder of the libraries.
    #[graphql(complexity = "cost(5, child_complexity)")]
    async fn ancestors(&self, ctx: &Context<'_>, id: ID) -> GraphResult<Vec<Item>> {
        let id = inputs::id("id", &id)?;
        let scope = scope(ctx).await?;
        let entry = scope
            .find(id, None)
            .ok_or_else(|| GraphError::not_found("item"))?;
        let found = home::ancestors(&scope, &entry).into_iter();
        Ok(found.map(|entry| Item::new(scope.clone(), entry)).collect())
    }

    /// Something to watch, by chance; the order stays for a day.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn suggestions(
        &self,
        ctx: &Context<'_>,
        kinds: Option<Vec<Kind>>,
        media_types: Option<Vec<String>>,
        offset: Option<i32>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let day = ctx.services()?.catalog.clock().millis() / (24 * 60 * 60 * 1000);
        let query = ItemQuery {
            filter: ItemFilter {
                recursive: true,
                kinds: kinds
                    .unwrap_or_default()
                    .into_iter()
                    .map(Into::into)
                    .collect(),
                media_types: media_types.unwrap_or_default(),
                // Pages of one day fit together.
                random_seed: Some(day),
                ..ItemFilter::default()
            },
            sort: vec![ItemSort {
                by: SortBy::Random,
                order: SortOrder::Ascending,
            }],
        };
        let scope = scope(ctx).await?;
        list(
            &scope,
            &query,
            &Paging::offset(offset, first),
            ctx.caller()?.trusted,
        )
    }
}
