//! Why two copies are one item, or why they are not.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::compat::Compat;
use super::copies::{Copies, Copy, Decisions, Scope};
use super::grouping::{ConflictingIds, Grouped, Join};
use super::identity::Realm;
use super::smart::{self, Statement};

/// See [`explain`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The joins from the one to the other; empty where they are apart.
    pub path: Vec<Join>,
    /// What keeps them apart; empty where they are one.
    pub reasons: Vec<Reason>,
}

/// What keeps two copies apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Kinds never mix.
    OtherKind,
    /// Somebody decided so, of them or of copies that they are one with.
    KeptApart,
    /// No merged library that joins holds both.
    NoLibraryHoldsBoth,
    /// Ids of one provider differ.
    OtherIds(ConflictingIds),
    /// Their series, or their albums, are two items.
    OtherParent,
    /// Season, episode, disc or track differ, or a decision stands between their groups.
    OtherNumber,
    /// What a score says of them.
    Score {
        probability: f64,
        /// The least that would join.
        needed: f64,
        statements: Vec<Statement>,
    },
    /// No id, name or number in common that would join them.
    NothingShared,
}

/// Why copies `a` and `b` are one item or two.
pub fn explain(
    copies: &impl Copies,
    scopes: &[Scope],
    decisions: &Decisions,
    grouping: &impl Grouped,
    a: u32,
    b: u32,
) -> Explanation {
    if grouping.same(a, b) {
        return Explanation {
            path: path(grouping.joins_of(a), a, b),
            reasons: Vec::new(),
        };
    }
    Explanation {
        path: Vec::new(),
        reasons: reasons(copies, scopes, decisions, grouping, a, b),
    }
}

/// The shortest way over the joins of a group.
fn path(joins: &[Join], from: u32, to: u32) -> Vec<Join> {
    let mut came_by: HashMap<u32, Join> = HashMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front().filter(|at| *at != to) {
        for join in joins {
            let next = match (join.left == at, join.right == at) {
                (true, _) => join.right,
                (_, true) => join.left,
                _ => continue,
            };
            if next != from && !came_by.contains_key(&next) {
                came_by.insert(next, *join);
                open.push_back(next);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = to;
    while let Some(join) = came_by.get(&at).filter(|_| at != from) {
        way.push(*join);
        at = if join.left == at {
            join.right
        } else {
            join.left
        };
    }
    way.reverse();
    way
}

fn reasons(
    copies: &impl Copies,
    scopes: &[Scope],
    decisions: &Decisions,
    grouping: &impl Grouped,
    a: u32,
    b: u32,
) -> Vec<Reason> {
    let (left, right) = (copies.copy(a), copies.copy(b));
    let (mine, theirs) = (Realm::of(left.kind), Realm::of(right.kind));
    if mine != theirs || mine == Realm::Apart {
        return vec![Reason::OtherKind];
    }
    let mut found = Vec::new();
    let groups = BTreeSet::from([grouping.group_of(a), grouping.group_of(b)]);
    let between = |one: u32, other: u32| {
        BTreeSet::from([grouping.group_of(one), grouping.group_of(other)]) == groups
    };
    if decisions.never.iter().any(|(x, y)| between(*x, *y)) {
        found.push(Reason::KeptApart);
    }
    let compat = Compat::new(scopes);
    let lib = |copy: &Copy<'_>| compat.lib(copy.library, mine.lies_in_no_library());
    if !compat.any.get(lib(&left), lib(&right)) {
        found.push(Reason::NoLibraryHoldsBoth);
    }
    let conflicts = grouping.conflicts_of(a, b).into_iter();
    for conflict in conflicts.filter(|c| !c.joined && between(c.left, c.right)) {
        found.push(match &conflict.ids {
            Some(ids) => Reason::OtherIds(ids.clone()),
            None if found.contains(&Reason::KeptApart) => continue,
            None => Reason::OtherNumber,
        });
    }
    let parents = |copy: &Copy<'_>| copy.series.or(copy.album);
    if let (Some(one), Some(other)) = (parents(&left), parents(&right)) {
        let number = |copy: &Copy<'_>| (copy.season, copy.episode, copy.episode_end);
        if !grouping.same(one, other) {
            found.push(Reason::OtherParent);
        } else if number(&left) != number(&right) && !found.contains(&Reason::OtherNumber) {
            found.push(Reason::OtherNumber);
        }
    }
    if let Some((evidence, weights)) = smart::judge(copies, a, b) {
        found.push(Reason::Score {
            probability: weights.probability(evidence),
            needed: weights.needed(evidence),
            statements: evidence.statements().collect(),
        });
    }
    if found
        .iter()
        .all(|reason| matches!(reason, Reason::Score { .. }))
    {
        found.insert(0, Reason::NothingShared);
    }
    found
}
