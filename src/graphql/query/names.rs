//! Genres, studios, people …, and what a list can be filtered by.

use async_graphql::{Context, Object};

use crate::catalog::scope::Entry;
use crate::catalog::{home, query};
use crate::graphql::caller::{Ask, scope};
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{
    self, ItemFilterInput, ItemSortInput, NameKindInput, Paging, cost, weight,
};
use crate::graphql::scalars::Json;
use crate::graphql::types::{FilterValues, Item, ItemConnection};
use crate::model::{ItemKind, Page};

#[derive(Default)]
pub struct NameQuery;

#[Object]
impl NameQuery {
    /// What the items of a list carry: the choices that a client offers as filters.
    #[graphql(complexity = "cost(10, child_complexity)")]
    async fn filter_values(
        &self,
        ctx: &Context<'_>,
        filter: Option<ItemFilterInput>,
    ) -> GraphResult<FilterValues> {
        let filter = filter.unwrap_or_default().into_filter()?;
        let scope = scope(ctx).await?;
        let values = query::filter_values(&scope, &filter)?;
        Ok(FilterValues::of(&scope, values))
    }

    /// Names of a kind that the filtered items carry.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn names(
        &self,
        ctx: &Context<'_>,
        kind: NameKindInput,
        filter: Option<ItemFilterInput>,
        #[graphql(desc = "Only names that the caller marked as favourites, or did not.")]
        favorite: Option<bool>,
        sort: Option<Vec<ItemSortInput>>,
        offset: Option<i32>,
        first: Option<i32>,
    ) -> GraphResult<ItemConnection> {
        let mut query = inputs::query(filter, sort)?;
        if favorite.is_some() {
            query.filter.status.favorite = favorite;
        }
        let scope = scope(ctx).await?;
        let all = query::names(&scope, kind.into(), &query, Page::default())?;
        let paging = Paging::offset(offset, first);
        ItemConnection::of(
            scope,
            all.entries.as_slice(),
            &paging,
            ctx.caller()?.trusted,
        )
    }

    /// One name; case and accents do not matter.
    async fn name(
        &self,
        ctx: &Context<'_>,
        kind: NameKindInput,
        name: String,
    ) -> GraphResult<Option<Item>> {
        let scope = scope(ctx).await?;
        let found = scope.projection.names().find_name(kind.into(), &name);
        Ok(found.map(|name| Item::new(scope, Entry::Name(name))))
    }

    /// How many items there are of each kind (Jellyfin's `ItemCounts`).
    async fn counts(&self, ctx: &Context<'_>, favorite: Option<bool>) -> GraphResult<Json> {
        let scope = scope(ctx).await?;
        let counts = home::counts(&scope, favorite);
        let of = |kinds: &[ItemKind]| -> usize {
            kinds.iter().filter_map(|kind| counts.get(kind)).sum()
        };
        Ok(Json::from_value(&serde_json::json!({
            "MovieCount": of(&[ItemKind::Movie]),
            "SeriesCount": of(&[ItemKind::Series]),
            "EpisodeCount": of(&[ItemKind::Episode]),
            "ArtistCount": of(&[ItemKind::MusicArtist]),
            "ProgramCount": of(&[ItemKind::Program, ItemKind::TvProgram, ItemKind::LiveTvProgram]),
            "TrailerCount": of(&[ItemKind::Trailer]),
            "SongCount": of(&[ItemKind::Audio]),
            "AlbumCount": of(&[ItemKind::MusicAlbum]),
            "MusicVideoCount": of(&[ItemKind::MusicVideo]),
            "BoxSetCount": of(&[ItemKind::BoxSet]),
            "BookCount": of(&[ItemKind::Book, ItemKind::AudioBook]),
            "ItemCount": counts.values().sum::<usize>(),
        })))
    }
}
