//! Why copies are one item, what was decided by hand, and what a library would be before it is saved.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};

use super::catalog::Conflict;
use crate::catalog::snapshot::{CopyIx, Snapshot, Target};
use crate::db::decisions::DecisionRow;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::inputs;
use crate::graphql::mutation::CreateMergedLibraryInput;
use crate::graphql::types::{
    CopyGroup, CopySummary, DedupStrategy, JoinKey, Joined, NodeId, may_see, time,
};
use crate::merge::{self, Reason};

/// What keeps two copies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ApartBy {
    /// Kinds never mix.
    OtherKind,
    /// A decision by hand.
    Hand,
    /// No merged library that joins holds both.
    NoLibrary,
    /// Ids of one provider differ.
    OtherIds,
    /// Their series, or their albums, are two items.
    OtherParent,
    /// Season, episode, disc or track differ.
    OtherNumber,
    /// No id, name or number in common that would join them.
    NothingShared,
    /// What `SMART` says of them, whatever the strategy.
    Score,
}

/// One reason why two copies are apart.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApartReason {
    /// What it is.
    pub by: ApartBy,
    /// In words: the ids that differ, the statements that hold.
    pub detail: Option<String>,
    /// How likely they are one work, of a score; 0 to 1.
    pub score: Option<f64>,
    /// The least that would join; 1 where none would (other numbers in the titles).
    pub needed: Option<f64>,
}

/// Why two copies are one item, or are not.
#[derive(Debug, Clone, SimpleObject)]
pub struct Explanation {
    /// Whether they are one item.
    pub together: bool,
    /// The joins from the one to the other.
    pub path: Vec<Joined>,
    /// Why they are apart.
    pub reasons: Vec<ApartReason>,
}

/// A decision by hand that stands.
#[derive(Debug, Clone, SimpleObject)]
pub struct Decision {
    /// For `undoDecision`; all pairs that one call decided share it.
    pub id: ID,
    /// `join`, `never`, `canonical` or `poster`.
    pub action: String,
    /// The one copy.
    pub left: ID,
    /// The other copy; the same one where it is about one.
    pub right: ID,
    /// Who decided: a user's id.
    pub actor: String,
    /// When.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

/// How many joins one kind of key made.
#[derive(Debug, Clone, SimpleObject)]
pub struct JoinCount {
    /// The kind of key.
    pub key: JoinKey,
    /// Whose ids, of ids.
    pub provider: Option<String>,
    /// How many.
    pub count: i32,
}

/// Two copies that stay two and look like one.
#[derive(Debug, Clone, SimpleObject)]
pub struct NearMiss {
    /// The one.
    pub left: CopySummary,
    /// The other.
    pub right: CopySummary,
    /// How likely they are one work; 0 to 1.
    pub score: f64,
}

/// What a merged library would be.
#[derive(Debug, Clone, SimpleObject)]
pub struct LibraryPreview {
    /// Entries that it would list.
    pub work_count: i32,
    /// Copies behind them.
    pub copy_count: i32,
    /// What joins the copies, the most frequent first.
    pub joined_by: Vec<JoinCount>,
    /// How many joins are contradicted.
    pub conflict_count: i32,
    /// The first of them.
    pub conflicts: Vec<Conflict>,
    /// Pairs that a score takes for nearly one work, the likeliest first.
    pub near_misses: Vec<NearMiss>,
    /// Works of several copies.
    pub examples: Vec<CopyGroup>,
}

/// As many examples, conflicts and near misses are shown.
const MOST: usize = 50;

#[derive(Default)]
pub struct MergingQuery;

#[Object]
impl MergingQuery {
    /// What a merged library would be, before it is saved: of administrators over the whole catalog, of
    /// others over what they may see. `replaces` names one that is there, for what an edit would make of it.
    #[graphql(complexity = "inputs::cost(1000, child_complexity)")]
    async fn preview_merged_library(
        &self,
        ctx: &Context<'_>,
        input: CreateMergedLibraryInput,
        #[graphql(desc = "The merged library that would become this, and joins nothing any more.")]
        replaces: Option<ID>,
    ) -> GraphResult<LibraryPreview> {
        let viewer = ctx.viewer()?;
        let catalog = &ctx.services()?.catalog;
        let scope = catalog.scope(viewer).await?;
        let snapshot = scope.projection.snapshot.clone();
        let all = viewer.is_administrator;
        let replaces = replaces.map(|id| {
            let id = NodeId::library("replaces", &id)?;
            let mut known = snapshot.merged_libraries.iter();
            let found = known.any(|library| library.id == id && may_see(viewer, library));
            let missing = || GraphError::not_found("merged library").in_field("replaces");
            found.then_some(id).ok_or_else(missing)
        });
        let replaces = replaces.transpose()?;
        let mut libraries = Vec::new();
        for source in input.sources.unwrap_or_default() {
            let server = NodeId::server("serverId", &source.server_id)?;
            let allowed = |at: u32| all || scope.projection.access.libraries.contains(at);
            let found = find_library(&snapshot, server, &source.library).filter(|at| allowed(*at));
            libraries.push(found.ok_or_else(|| GraphError::not_found("source library"))?);
        }
        let library = merge::Scope {
            strategy: input
                .dedup_strategy
                .unwrap_or(DedupStrategy::ProviderIds)
                .into(),
            libraries,
        };
        let preview = tokio::task::block_in_place(|| {
            let sees = |copy| all || scope.projection.sees(copy);
            snapshot.preview(&library, replaces, MOST, sees)
        });
        Ok(LibraryPreview::of(&snapshot, &preview))
    }
}

fn find_library(snapshot: &Snapshot, server: i64, library: &str) -> Option<u32> {
    let named = match library.parse() {
        Ok(NodeId::SourceLibrary(id)) => id.to_string(),
        _ => library.to_owned(),
    };
    let server = snapshot.server_position(server)?;
    let found = snapshot.source_libraries.iter().position(|known| {
        known.server == server
            && (known.id.to_string() == named
                || known.library_id.to_string() == named
                || known.name.eq_ignore_ascii_case(&named))
    });
    found.map(|at| at as u32)
}

impl LibraryPreview {
    fn of(snapshot: &Snapshot, preview: &merge::Preview) -> Self {
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let conflicts = preview.conflicts.iter();
        Self {
            work_count: count(preview.works),
            copy_count: count(preview.copies),
            joined_by: preview
                .joined_by
                .iter()
                .map(|(key, joins)| JoinCount {
                    key: JoinKey::of(*key),
                    provider: match key {
                        merge::Key::Provider(at) => Some(preview.grouping.provider(*at).to_owned()),
                        _ => None,
                    },
                    count: count(*joins),
                })
                .collect(),
            conflict_count: count(preview.conflicts.len()),
            conflicts: conflicts
                .take(MOST)
                .filter_map(|conflict| Conflict::of(snapshot, conflict))
                .collect(),
            near_misses: preview
                .near_misses
                .iter()
                .map(|miss| NearMiss {
                    left: CopySummary::of(snapshot, miss.left),
                    right: CopySummary::of(snapshot, miss.right),
                    score: (miss.probability * 1000.0).round() / 1000.0,
                })
                .collect(),
            examples: preview
                .examples
                .iter()
                .map(|copies| CopyGroup::of(snapshot, copies))
                .collect(),
        }
    }
}

impl Explanation {
    /// Of two copies by their ids; an item's id stands for its first copy.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn of(snapshot: &Snapshot, left: &ID, right: &ID) -> GraphResult<Self> {
        let left = copy_of(snapshot, "left", left)?;
        let right = copy_of(snapshot, "right", right)?;
        let explained = tokio::task::block_in_place(|| snapshot.explain(left, right));
        Ok(Self {
            together: snapshot.item_of(left) == snapshot.item_of(right),
            path: explained
                .path
                .iter()
                .map(|join| Joined::between(snapshot, join))
                .collect(),
            reasons: explained.reasons.iter().map(ApartReason::of).collect(),
        })
    }
}

fn copy_of(snapshot: &Snapshot, field: &str, id: &ID) -> GraphResult<CopyIx> {
    match snapshot.target(inputs::id(field, id)?) {
        Some(Target::Copy(copy)) => Ok(copy),
        Some(Target::Item(item)) => Ok(snapshot.item(item).copies[0]),
        _ => Err(GraphError::not_found("copy").in_field(field)),
    }
}

impl ApartReason {
    fn of(reason: &Reason) -> Self {
        let plain = |by: ApartBy| Self {
            by,
            detail: None,
            score: None,
            needed: None,
        };
        match reason {
            Reason::OtherKind => plain(ApartBy::OtherKind),
            Reason::KeptApart => plain(ApartBy::Hand),
            Reason::NoLibraryHoldsBoth => plain(ApartBy::NoLibrary),
            Reason::OtherIds(ids) => Self {
                detail: Some(format!("{} {} and {}", ids.provider, ids.left, ids.right)),
                ..plain(ApartBy::OtherIds)
            },
            Reason::OtherParent => plain(ApartBy::OtherParent),
            Reason::OtherNumber => plain(ApartBy::OtherNumber),
            Reason::NothingShared => plain(ApartBy::NothingShared),
            Reason::Score {
                probability,
                needed,
                statements,
            } => {
                let names: Vec<&str> = statements.iter().map(|held| held.name()).collect();
                Self {
                    by: ApartBy::Score,
                    detail: Some(names.join(", ")),
                    score: Some((probability * 1000.0).round() / 1000.0),
                    needed: Some(*needed),
                }
            }
        }
    }
}

impl From<DecisionRow> for Decision {
    fn from(row: DecisionRow) -> Self {
        Self {
            id: row.change_id.into(),
            action: row.action,
            left: row.left_copy.into(),
            right: row.right_copy.into(),
            actor: row.actor,
            created_at: time(row.created_at),
        }
    }
}
