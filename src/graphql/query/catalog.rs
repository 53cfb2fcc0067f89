//! The whole catalogue, for administrators: not by their links but as it is.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::items::list;
use super::merging::{Decision, Explanation};
use crate::catalog::scope::{AccessSet, Projection, Scope, ServersNow};
use crate::catalog::snapshot::Snapshot;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{self, ItemFilterInput, ItemSortInput, Paging, cost, weight};
use crate::graphql::types::{Item, ItemConnection, JoinKey};
use crate::merge;

/// See the GraphQL type.
pub struct WholeCatalog {
    scope: Scope,
}

impl WholeCatalog {
    /// # Errors
    /// `FORBIDDEN` for those who are no administrators; what the catalog says.
    pub async fn open(ctx: &Context<'_>) -> GraphResult<Self> {
        let viewer = ctx.administrator()?;
        let services = ctx.services()?;
        let user_items = services.catalog.user_items(viewer.user_id).await?;
        let snapshot = services.catalog.snapshot();
        let projection = services.whole.of(snapshot.generation, || {
            let access = AccessSet::whole(&snapshot);
            let ids = services.catalog.ids().clone();
            Projection::new(snapshot.clone(), access, None, ids)
        });
        Ok(Self {
            scope: Scope {
                viewer: viewer.clone(),
                projection,
                user_items,
                servers: ServersNow::of(services.catalog.registry()),
            },
        })
    }
}

/// A join of two copies that was not made, or made although ids differ.
#[derive(Debug, Clone, SimpleObject)]
pub struct Conflict {
    /// The one copy.
    pub left: ID,
    /// Its name.
    pub left_name: String,
    /// The other copy.
    pub right: ID,
    /// Its name.
    pub right_name: String,
    /// What would join them, or did.
    pub key: JoinKey,
    /// How sure that is, where it is the score; 0 to 1.
    pub score: Option<f64>,
    /// Whose ids differ; absent where numbers differ, or where a person parted them.
    pub provider: Option<String>,
    /// The one copy's id there.
    pub left_id: Option<String>,
    /// The other copy's id there.
    pub right_id: Option<String>,
    /// Whether they were joined all the same, because what joins them is worth more.
    pub is_joined: bool,
}

impl Conflict {
    pub fn of(snapshot: &Snapshot, conflict: &merge::Conflict) -> Option<Self> {
        let left = snapshot.copies.get(conflict.left)?;
        let right = snapshot.copies.get(conflict.right)?;
        let ids = conflict.ids.as_ref();
        Some(Self {
            left: left.id.to_string().into(),
            left_name: left.light.name().to_string(),
            right: right.id.to_string().into(),
            right_name: right.light.name().to_string(),
            key: JoinKey::of(conflict.key),
            score: JoinKey::score(conflict.key),
            provider: ids.map(|ids| ids.provider.clone()),
            left_id: ids.map(|ids| ids.left.clone()),
            right_id: ids.map(|ids| ids.right.clone()),
            is_joined: conflict.joined,
        })
    }
}

/// Everything that the servers have, whoever may see it.
#[Object(name = "Catalog")]
impl WholeCatalog {
    /// Works.
    async fn item_count(&self) -> i32 {
        i32::try_from(self.scope.snapshot().items.len()).unwrap_or(i32::MAX)
    }

    /// Copies of works, on all servers together.
    async fn copy_count(&self) -> i32 {
        i32::try_from(self.scope.snapshot().copies.len()).unwrap_or(i32::MAX)
    }

    /// One item by any id that it ever had.
    async fn item(&self, id: ID) -> GraphResult<Option<Item>> {
        let id = inputs::id("id", &id)?;
        let entry = self.scope.find(id, None);
        Ok(entry.map(|entry| Item::new(self.scope.clone(), entry)))
    }

    /// Items; without a filter, all of them.
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
        let mut query = inputs::query(filter, sort)?;
        query.filter.recursive = true;
        list(&self.scope, &query, &paging, ctx.caller()?.trusted)
    }

    /// Why two copies are one item, or are not. An item's id stands for its first copy.
    #[graphql(complexity = "cost(100, child_complexity)")]
    async fn explain(&self, left: ID, right: ID) -> GraphResult<Explanation> {
        Explanation::of(self.scope.snapshot(), &left, &right)
    }

    /// What was decided by hand and stands, the latest first.
    async fn decisions(&self, ctx: &Context<'_>) -> GraphResult<Vec<Decision>> {
        let rows = ctx.services()?.catalog.decisions().await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Joins that were not made because ids contradict each other, and those made in spite of it.
    #[graphql(complexity = "cost(100, child_complexity)")]
    async fn conflicts(&self) -> Vec<Conflict> {
        let snapshot = self.scope.snapshot();
        let conflicts = snapshot.conflicts().into_iter();
        conflicts
            .filter_map(|conflict| Conflict::of(snapshot, conflict))
            .collect()
    }
}

/// The projection of everything, made once a snapshot.
#[derive(Default)]
pub struct WholeProjection(std::sync::Mutex<Option<(u64, Arc<Projection>)>>);

impl WholeProjection {
    fn of(&self, generation: u64, make: impl FnOnce() -> Projection) -> Arc<Projection> {
        let mut kept = self.0.lock().unwrap_or_else(|e| e.into_inner());
        match &*kept {
            Some((known, projection)) if *known == generation => projection.clone(),
            _ => {
                let projection = Arc::new(make());
                *kept = Some((generation, projection.clone()));
                projection
            }
        }
    }
}
