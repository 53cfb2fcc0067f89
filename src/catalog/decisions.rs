//! What administrators decide by hand: which copies are one item, which never are, which copy leads and
//! whose picture is shown. Previewed before it is applied, undone by one call.
//!
//! A decision is kept as pairs of copies by their public ids, so it outlives re-crawls, restarts and a
//! copy that goes and comes back. Of two decisions about one pair the later one counts.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::{Chosen, CopyIx, Snapshot, Target};
use super::{Catalog, CatalogError};
use crate::accounts::Actor;
use crate::db::decisions::{self, DecisionRow, NewDecision};
use crate::error::InvalidInput;
use crate::model::PublicId;

/// What somebody wants. Ids may be items' or copies'; an item's stands for all of its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// All of these are one item.
    Join(Vec<PublicId>),
    /// These copies are an item of their own.
    Split(Vec<PublicId>),
    /// This copy belongs to that item, and not to its own.
    Move { copy: PublicId, to: PublicId },
    /// These two are never one item.
    KeepApart(PublicId, PublicId),
    /// This copy's metadata leads.
    Canonical(PublicId),
    /// This copy's poster is shown.
    Poster(PublicId),
}

impl Wish {
    /// As the audit names it.
    fn action(&self) -> &'static str {
        match self {
            Self::Join(_) => "item.join",
            Self::Split(_) => "item.split",
            Self::Move { .. } => "item.move_copy",
            Self::KeepApart(..) => "item.keep_apart",
            Self::Canonical(_) => "item.canonical",
            Self::Poster(_) => "item.poster",
        }
    }
}

/// What a wish changes, or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regrouped {
    /// By which it is undone; nothing was written where it is missing.
    pub change: Option<PublicId>,
    /// The items that are other ones afterwards, as copies: before, and after.
    pub before: Vec<Vec<PublicId>>,
    pub after: Vec<Vec<PublicId>>,
    /// The copy that leads, or whose poster is shown, from then on.
    pub chosen: Option<PublicId>,
}

/// A decision about a pair.
type Row = (Action, PublicId, PublicId);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Join,
    Never,
    Canonical,
    Poster,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Never => "never",
            Self::Canonical => "canonical",
            Self::Poster => "poster",
        }
    }
}

/// What stands of all that was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    pub joined: Vec<(PublicId, PublicId)>,
    pub parted: Vec<(PublicId, PublicId)>,
    pub chosen: Chosen,
}

impl Standing {
    /// Of the rows that are not undone, oldest first.
    pub fn of(rows: &[DecisionRow]) -> Self {
        let read = rows.iter().filter_map(|row| {
            let action = match row.action.as_str() {
                "join" => Action::Join,
                "canonical" => Action::Canonical,
                "poster" => Action::Poster,
                _ => Action::Never,
            };
            Some((
                action,
                row.left_copy.parse().ok()?,
                row.right_copy.parse().ok()?,
            ))
        });
        Self::of_pairs(read)
    }

    fn of_pairs(rows: impl Iterator<Item = Row>) -> Self {
        let mut last: BTreeMap<(PublicId, PublicId), Action> = BTreeMap::new();
        let mut standing = Self::default();
        for (action, left, right) in rows {
            match action {
                Action::Join | Action::Never => {
                    last.insert((left.min(right), left.max(right)), action);
                }
                Action::Canonical => standing.chosen.leads.push(left),
                Action::Poster => standing.chosen.posters.push(left),
            }
        }
        for (pair, action) in last {
            match action {
                Action::Join => standing.joined.push(pair),
                _ => standing.parted.push(pair),
            }
        }
        standing
    }
}

impl Catalog {
    /// Does what is wished, or with `dry_run` only tells what it would change.
    ///
    /// # Errors
    /// `Accounts` for who is no administrator; `UnknownItem`; `Invalid` for a wish that makes no sense.
    pub async fn decide(
        &self,
        accounts: &crate::accounts::Accounts,
        actor: &Actor,
        wish: &Wish,
        dry_run: bool,
    ) -> Result<Regrouped, CatalogError> {
        need_administrator(actor)?;
        let snapshot = self.snapshot();
        let rows = plan(&snapshot, wish)?;
        let standing = decisions::standing(self.db()).await?;
        let all = standing_rows(&standing).chain(rows.iter().copied());
        let after = Standing::of_pairs(all);
        let mut regrouped = tokio::task::block_in_place(|| compare(&snapshot, &after));
        if matches!(wish, Wish::Canonical(_) | Wish::Poster(_)) {
            regrouped.chosen = rows.first().map(|row| row.1);
        }
        if dry_run {
            return Ok(regrouped);
        }
        let change = PublicId::random();
        let new: Vec<NewDecision> = rows
            .iter()
            .map(|(action, left, right)| NewDecision {
                action: action.as_str().to_owned(),
                left_copy: left.to_string(),
                right_copy: right.to_string(),
                actor: actor.to_string(),
                created_at: self.clock().millis(),
                change_id: change.to_string(),
            })
            .collect();
        let tx = self.db().begin().await?;
        decisions::insert(&tx, &new).await?;
        let told = serde_json::json!({ "before": regrouped.before, "after": regrouped.after,
            "chosen": regrouped.chosen });
        accounts
            .record(tx, actor, wish.action(), change, Some(told))
            .await
            .map_err(CatalogError::accounts)?;
        self.store().reload_configuration().await?;
        regrouped.change = Some(change);
        Ok(regrouped)
    }

    /// Undoes what one call decided.
    ///
    /// # Errors
    /// `UnknownItem` where there is no such decision, or no more.
    pub async fn undo(
        &self,
        accounts: &crate::accounts::Accounts,
        actor: &Actor,
        change: PublicId,
    ) -> Result<Regrouped, CatalogError> {
        need_administrator(actor)?;
        let snapshot = self.snapshot();
        let standing = decisions::standing(self.db()).await?;
        let stays = |row: &&DecisionRow| row.change_id != change.to_string();
        let kept: Vec<DecisionRow> = standing.iter().filter(stays).cloned().collect();
        let after = Standing::of(&kept);
        let regrouped = tokio::task::block_in_place(|| compare(&snapshot, &after));
        let at = self.clock().millis();
        let tx = self.db().begin().await?;
        if decisions::undo(&tx, &change.to_string(), at).await? == 0 {
            return Err(CatalogError::UnknownItem(change));
        }
        accounts
            .record(tx, actor, "item.undo", change, None)
            .await
            .map_err(CatalogError::accounts)?;
        self.store().reload_configuration().await?;
        Ok(regrouped)
    }

    /// What stands, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decisions(&self) -> Result<Vec<DecisionRow>, CatalogError> {
        let mut rows = decisions::standing(self.db()).await?;
        rows.reverse();
        Ok(rows)
    }
}

fn need_administrator(actor: &Actor) -> Result<(), CatalogError> {
    if actor.is_administrator() {
        Ok(())
    } else {
        Err(CatalogError::accounts(
            crate::accounts::AccountsError::Forbidden,
        ))
    }
}

fn standing_rows(rows: &[DecisionRow]) -> impl Iterator<Item = Row> {
    let standing = Standing::of(rows);
    let pairs = |action: Action, pairs: Vec<(PublicId, PublicId)>| {
        pairs.into_iter().map(move |(a, b)| (action, a, b))
    };
    let alone = |action: Action, copies: Vec<PublicId>| {
        copies.into_iter().map(move |copy| (action, copy, copy))
    };
    pairs(Action::Join, standing.joined)
        .chain(pairs(Action::Never, standing.parted))
        .chain(alone(Action::Canonical, standing.chosen.leads))
        .chain(alone(Action::Poster, standing.chosen.posters))
}

/// As many copies one decision may be about; more are no item but an accident.
const MOST_COPIES: usize = 200;

/// The pairs that say what is wished. All pairs between the two sides, so that no copy is needed for
/// the others to stay together, or apart.
fn plan(snapshot: &Snapshot, wish: &Wish) -> Result<Vec<Row>, CatalogError> {
    let public = |copy: &CopyIx| snapshot.copy(*copy).id;
    let between = |action: Action, left: &[CopyIx], right: &[CopyIx]| -> Vec<Row> {
        let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (action, public(a), public(b)))
            .collect()
    };
    let among = |copies: &[CopyIx]| -> Vec<Row> {
        let each = copies.iter().enumerate();
        each.flat_map(|(at, copy)| between(Action::Join, &[*copy], &copies[at + 1..]))
            .collect()
    };
    let rows = match wish {
        Wish::Join(ids) => {
            let mut copies = BTreeSet::new();
            for id in ids {
                copies.extend(item_copies(snapshot, *id)?);
            }
            let copies: Vec<CopyIx> = copies.into_iter().collect();
            need_one_kind(snapshot, &copies)?;
            if copies.len() < 2 {
                return Err(
                    InvalidInput::new("ids", "they are one copy", "copies of two items").into(),
                );
            }
            among(&copies)
        }
        Wish::Split(ids) => {
            let mut parted = BTreeSet::new();
            for id in ids {
                parted.insert(one_copy(snapshot, *id)?);
            }
            let parted: Vec<CopyIx> = parted.into_iter().collect();
            let Some(first) = parted.first() else {
                return Err(
                    InvalidInput::new("copies", "there are none", "copies of one item").into(),
                );
            };
            let item = snapshot.item_of(*first);
            if parted.iter().any(|copy| snapshot.item_of(*copy) != item) {
                return Err(InvalidInput::new(
                    "copies",
                    "they are of several items",
                    "copies of one item",
                )
                .into());
            }
            let rest: Vec<CopyIx> = others(snapshot, &parted);
            if rest.is_empty() {
                let allowed = "some, not all, copies of an item";
                return Err(InvalidInput::new("copies", "nothing would stay", allowed).into());
            }
            let mut rows = between(Action::Never, &parted, &rest);
            rows.extend(among(&parted));
            rows
        }
        Wish::Move { copy, to } => {
            let copy = one_copy(snapshot, *copy)?;
            let target = item_copies(snapshot, *to)?;
            if target.contains(&copy) {
                return Err(
                    InvalidInput::new("to", "the copy is there already", "another item").into(),
                );
            }
            need_one_kind(snapshot, &[copy, target[0]])?;
            let mut rows = between(Action::Never, &[copy], &others(snapshot, &[copy]));
            rows.extend(between(Action::Join, &[copy], &target));
            rows
        }
        Wish::KeepApart(left, right) => {
            let (left, right) = (named(snapshot, *left)?, named(snapshot, *right)?);
            if left.iter().any(|copy| right.contains(copy)) {
                return Err(
                    InvalidInput::new("right", "it is the same", "another copy or item").into(),
                );
            }
            between(Action::Never, &left, &right)
        }
        Wish::Canonical(copy) => {
            let copy = public(&one_copy(snapshot, *copy)?);
            vec![(Action::Canonical, copy, copy)]
        }
        Wish::Poster(copy) => {
            let copy = one_copy(snapshot, *copy)?;
            let tags = snapshot.copy(copy).light.image_tags();
            if tags.get("Primary").is_none() {
                return Err(
                    InvalidInput::new("copy", "it has no poster", "a copy that has one").into(),
                );
            }
            vec![(Action::Poster, public(&copy), public(&copy))]
        }
    };
    if rows.len() > MOST_COPIES * MOST_COPIES {
        let allowed = format!("at most {MOST_COPIES} copies");
        return Err(InvalidInput::new("ids", "they are too many copies", allowed).into());
    }
    Ok(rows)
}

/// The copies of an item; of a copy's id, those of its item.
fn item_copies(snapshot: &Snapshot, id: PublicId) -> Result<Vec<CopyIx>, CatalogError> {
    let item = snapshot.target(id).and_then(|it| snapshot.item_at(it));
    let item = item.ok_or(CatalogError::UnknownItem(id))?;
    Ok(snapshot.item(item).copies.to_vec())
}

/// The copy that an id names, or all of the item that it names.
fn named(snapshot: &Snapshot, id: PublicId) -> Result<Vec<CopyIx>, CatalogError> {
    match snapshot.target(id) {
        Some(Target::Copy(copy)) => Ok(vec![copy]),
        _ => item_copies(snapshot, id),
    }
}

/// A copy by its id, or the only one of an item.
fn one_copy(snapshot: &Snapshot, id: PublicId) -> Result<CopyIx, CatalogError> {
    match named(snapshot, id)?[..] {
        [copy] => Ok(copy),
        _ => Err(InvalidInput::new("copy", "the item has several copies", "a copy's id").into()),
    }
}

/// The copies of the same item that are not among these.
fn others(snapshot: &Snapshot, copies: &[CopyIx]) -> Vec<CopyIx> {
    let item = snapshot.item(snapshot.item_of(copies[0]));
    let all = item.copies.iter().copied();
    all.filter(|copy| !copies.contains(copy)).collect()
}

fn need_one_kind(snapshot: &Snapshot, copies: &[CopyIx]) -> Result<(), CatalogError> {
    let kind = |copy: &CopyIx| snapshot.copy(*copy).light.kind;
    if copies
        .windows(2)
        .any(|pair| kind(&pair[0]) != kind(&pair[1]))
    {
        return Err(
            InvalidInput::new("ids", "they are of several kinds", "items of one kind").into(),
        );
    }
    Ok(())
}

/// What changes when this stands.
fn compare(snapshot: &Snapshot, standing: &Standing) -> Regrouped {
    let then = snapshot.regrouped(&standing.joined, &standing.parted);
    let ids = |copies: &[CopyIx]| -> Vec<PublicId> {
        copies.iter().map(|copy| snapshot.copy(*copy).id).collect()
    };
    let now = |copy: CopyIx| &*snapshot.item(snapshot.item_of(copy)).copies;
    let items = snapshot.items.iter().map(|item| &*item.copies);
    let mut before: Vec<&[CopyIx]> = items
        .filter(|copies| then.members(then.group_of(copies[0])) != *copies)
        .collect();
    before.sort_by_cached_key(|copies| snapshot.copy_order(copies[0]));
    let after = then.groups().filter(|copies| now(copies[0]) != *copies);
    Regrouped {
        change: None,
        before: before.into_iter().map(ids).collect(),
        after: after.map(ids).collect(),
        chosen: None,
    }
}
