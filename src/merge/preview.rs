//! What a merged library would be, before it is saved.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::copies::{Copies, Decisions, Scope, Strategy};
use super::grouping::{Conflict, Grouping, Join, Key};
use super::smart;

/// See [`preview`].
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The grouping with the library beside the others.
    pub grouping: Grouping,
    /// Groups of which the library holds a copy; with `NONE` each copy is an entry of its own.
    pub works: usize,
    /// Copies that it holds.
    pub copies: usize,
    /// How many joins each kind of key made in those groups, the most first.
    pub joined_by: Vec<(Key, usize)>,
    /// Conflicts of its copies.
    pub conflicts: Vec<Conflict>,
    /// Pairs of its copies that stay two and look like one, the likeliest first.
    pub near_misses: Vec<NearMiss>,
    /// Groups of several of its copies, the largest first.
    pub examples: Vec<Vec<u32>>,
}

/// Two copies that a score takes for nearly one work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearMiss {
    pub left: u32,
    pub right: u32,
    pub probability: f64,
}

/// Less likely pairs are no near misses.
const LEAST: f64 = 0.2;

/// What `library` would be beside the libraries of `scopes`; at most `most` near misses and examples.
/// Only copies that `sees` allows are told of.
pub fn preview(
    copies: &impl Copies,
    scopes: &[Scope],
    decisions: &Decisions,
    library: &Scope,
    most: usize,
    sees: impl Fn(u32) -> bool,
) -> Preview {
    let mut all = scopes.to_vec();
    all.push(library.clone());
    let grouping = super::group(copies, &all, decisions);
    let holds = |copy: u32| {
        let lies_in = copies.copy(copy).library;
        lies_in.is_some_and(|l| library.libraries.contains(&l)) && sees(copy)
    };
    let mut preview = Preview::default();
    let mut joined_by: BTreeMap<Key, usize> = BTreeMap::new();
    for group in 0..grouping.len() as u32 {
        let held: Vec<u32> = grouping
            .members(group)
            .iter()
            .copied()
            .filter(|copy| holds(*copy))
            .collect();
        if held.is_empty() {
            continue;
        }
        preview.copies += held.len();
        if library.strategy == Strategy::None {
            preview.works += held.len();
            continue;
        }
        preview.works += 1;
        for key in joins_of(&held, grouping.joins(group)) {
            let key = match key {
                Key::Score(_) => Key::Score(0),
                other => other,
            };
            *joined_by.entry(key).or_default() += 1;
        }
        if held.len() > 1 {
            preview.examples.push(held);
        }
    }
    preview.joined_by = joined_by.into_iter().collect();
    preview
        .joined_by
        .sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    // Stable: of equals those that come first in copy order.
    preview
        .examples
        .sort_by_key(|held| std::cmp::Reverse(held.len()));
    preview.examples.truncate(most);
    let of_it = |conflict: &&Conflict| holds(conflict.left) && holds(conflict.right);
    preview.conflicts = grouping.conflicts().iter().filter(of_it).cloned().collect();
    if library.strategy != Strategy::None {
        preview.near_misses = near_misses(copies, &grouping, library, &holds);
        preview.near_misses.truncate(most);
    }
    preview.grouping = grouping;
    preview
}

/// What joins the held copies of a group with each other, each by the weakest key on its way: the way may lead
/// over copies of other libraries, whose own joins are not told.
fn joins_of(held: &[u32], joins: &[Join]) -> Vec<Key> {
    let mut joins = joins.to_vec();
    joins.sort_by_key(|join| join.key);
    let mut above: HashMap<u32, u32> = HashMap::new();
    // The parts that a held copy is in, by their roots.
    let mut with_held: HashSet<u32> = held.iter().copied().collect();
    let mut told = Vec::new();
    for join in joins {
        let (left, right) = (root(&above, join.left), root(&above, join.right));
        if left == right {
            continue;
        }
        above.insert(right, left);
        let held = (with_held.contains(&left), with_held.remove(&right));
        match held {
            (true, true) => told.push(join.key),
            (false, true) => drop(with_held.insert(left)),
            (_, false) => {}
        }
    }
    told
}

fn root(above: &HashMap<u32, u32>, mut copy: u32) -> u32 {
    while let Some(next) = above.get(&copy) {
        copy = *next;
    }
    copy
}

fn near_misses(
    copies: &impl Copies,
    grouping: &Grouping,
    library: &Scope,
    holds: &impl Fn(u32) -> bool,
) -> Vec<NearMiss> {
    let pairs = smart::candidates_in(copies, &library.libraries).into_iter();
    let mut found: Vec<NearMiss> = pairs
        .filter(|(left, right, ..)| !grouping.same(*left, *right) && holds(*left) && holds(*right))
        .map(|(left, right, section, evidence)| NearMiss {
            left,
            right,
            probability: smart::model().section(section).probability(evidence),
        })
        .filter(|miss| miss.probability >= LEAST)
        .collect();
    // Stable: of equals those that come first in copy order.
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(left: u32, right: u32, key: Key) -> Join {
        Join { left, right, key }
    }

    #[test]
    fn held_copies_are_joined_over_copies_of_others_in_whatever_order() {
        let joins = [
            join(0, 1, Key::Name),
            join(1, 2, Key::Provider(0)),
            join(3, 1, Key::Provider(0)),
        ];
        assert_eq!(joins_of(&[0, 2], &joins), [Key::Name]);
        assert_eq!(joins_of(&[2, 3], &joins), [Key::Provider(0)]);
        assert_eq!(
            joins_of(&[0, 1, 2, 3], &joins),
            [Key::Provider(0), Key::Provider(0), Key::Name]
        );
        assert_eq!(joins_of(&[1], &joins), []);
    }
}
