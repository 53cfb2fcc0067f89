//! What administrators decide by hand about copies and items.

use async_graphql::{Context, ID, Object, SimpleObject};

use crate::catalog::decisions::{Regrouped, Wish};
use crate::catalog::snapshot::Snapshot;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::types::{CopyGroup, CopySummary};

/// What a decision changes, or changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct GroupingChange {
    /// For `undoDecision`; absent where nothing was written (`dryRun`, `undoDecision`).
    pub id: Option<ID>,
    /// The items that are other ones afterwards, as they were.
    pub before: Vec<CopyGroup>,
    /// What they become.
    pub after: Vec<CopyGroup>,
    /// The copy that leads, or whose poster is shown, where that was chosen.
    pub chosen: Option<CopySummary>,
}

impl GroupingChange {
    fn of(snapshot: &Snapshot, regrouped: &Regrouped) -> Self {
        let groups = |groups: &[Vec<crate::model::PublicId>]| -> Vec<CopyGroup> {
            let shown = groups.iter();
            shown.map(|ids| CopyGroup::of_ids(snapshot, ids)).collect()
        };
        let chosen = regrouped.chosen.and_then(|id| {
            let group = CopyGroup::of_ids(snapshot, &[id]);
            group.copies.into_iter().next()
        });
        Self {
            id: regrouped.change.map(|id| id.to_string().into()),
            before: groups(&regrouped.before),
            after: groups(&regrouped.after),
            chosen,
        }
    }
}

#[derive(Default)]
pub struct DecisionMutation;

/// Decisions by hand beat every rule. With `dryRun` they only tell what they would change.
#[Object]
impl DecisionMutation {
    /// Makes several items (or the items of copies) one.
    async fn join_items(
        &self,
        ctx: &Context<'_>,
        ids: Vec<ID>,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        decide(ctx, Wish::Join(read("ids", &ids)?), dry_run).await
    }

    /// Makes some copies of an item an item of their own.
    async fn split_item(
        &self,
        ctx: &Context<'_>,
        copies: Vec<ID>,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        decide(ctx, Wish::Split(read("copies", &copies)?), dry_run).await
    }

    /// Moves a copy from its item to another.
    async fn move_copy(
        &self,
        ctx: &Context<'_>,
        copy: ID,
        to: ID,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        let (copy, to) = (inputs::id("copy", &copy)?, inputs::id("to", &to)?);
        decide(ctx, Wish::Move { copy, to }, dry_run).await
    }

    /// Two copies, or the copies of two items, that are never together.
    async fn keep_apart(
        &self,
        ctx: &Context<'_>,
        left: ID,
        right: ID,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        let (left, right) = (inputs::id("left", &left)?, inputs::id("right", &right)?);
        decide(ctx, Wish::KeepApart(left, right), dry_run).await
    }

    /// The copy that gives its item the metadata. What plays first stays the source policy's choice.
    async fn choose_canonical_copy(
        &self,
        ctx: &Context<'_>,
        copy: ID,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        let copy = inputs::id("copy", &copy)?;
        decide(ctx, Wish::Canonical(copy), dry_run).await
    }

    /// The copy whose poster its item shows.
    async fn choose_poster(
        &self,
        ctx: &Context<'_>,
        copy: ID,
        #[graphql(default)] dry_run: bool,
    ) -> GraphResult<GroupingChange> {
        let copy = inputs::id("copy", &copy)?;
        decide(ctx, Wish::Poster(copy), dry_run).await
    }

    /// Undoes what one of the calls above decided.
    async fn undo_decision(&self, ctx: &Context<'_>, id: ID) -> GraphResult<GroupingChange> {
        ctx.administrator()?;
        let id = inputs::id("id", &id)?;
        let services = ctx.services()?;
        let snapshot = services.catalog.snapshot();
        let undone = services
            .catalog
            .undo(&services.accounts, &ctx.actor()?, id)
            .await;
        let regrouped = undone.map_err(|error| match error {
            crate::catalog::CatalogError::UnknownItem(_) => GraphError::not_found("decision"),
            other => other.into(),
        })?;
        Ok(GroupingChange::of(&snapshot, &regrouped))
    }
}

fn read(field: &str, ids: &[ID]) -> GraphResult<Vec<crate::model::PublicId>> {
    ids.iter().map(|id| inputs::id(field, id)).collect()
}

async fn decide(ctx: &Context<'_>, wish: Wish, dry_run: bool) -> GraphResult<GroupingChange> {
    ctx.administrator()?;
    let services = ctx.services()?;
    let snapshot = services.catalog.snapshot();
    let regrouped = services
        .catalog
        .decide(&services.accounts, &ctx.actor()?, &wish, dry_run)
        .await?;
    Ok(GroupingChange::of(&snapshot, &regrouped))
}
