//! Seasons, episodes and tracks: inside of what is joined, the number rules.
//!
//! Children follow their parents: two copies with the same number join when their series (albums)
//! are one item, whatever their ids say; differing ids are reported. A double episode is its range:
//! it joins the same range only, for it is neither of the single ones.

use std::collections::HashMap;

use super::compat::Compat;
use super::entry::{Entry, for_runs};
use super::features::{ABSENT, Features};
use super::grouping::Key;
use super::identity::Realm;
use super::name::combine;
use super::run::join_run;
use super::union::{Groups, OnClash};

/// What numbers a copy within its parent; zero: nothing does. The lowest bit tells whether the
/// number is whole: an absolute number without a season says nothing against one with a season.
pub(super) fn number(row: &Features) -> u64 {
    let part = |n: i32| n as u64;
    match (row.realm, row.season, row.episode) {
        (Realm::Season, Some(season), _) => combine(&[part(season)]) | 1,
        (Realm::Episode | Realm::Untold, Some(season), Some(first)) => {
            combine(&[part(season), part(first), part(row.episode_end)]) | 1
        }
        (Realm::Episode | Realm::Untold, None, Some(first)) => {
            (combine(&[part(first), part(row.episode_end)]) & !1).max(2)
        }
        // A disc that is not told is the first.
        (Realm::Track, disc, Some(track)) if track > 0 => {
            combine(&[part(disc.unwrap_or(1).max(1)), part(track)]) | 1
        }
        _ => 0,
    }
}

fn entry(key: u64, rank: u32, row: &Features) -> Entry {
    Entry {
        key,
        rank,
        joins_as: row.parent,
    }
}

pub(super) fn join_by_number(
    groups: &mut Groups<'_>,
    compat: &Compat,
    realm: Realm,
    ranks: &[u32],
) {
    let mut entries: Vec<Entry> = Vec::with_capacity(ranks.len());
    for &rank in ranks {
        let row = &groups.table.rows[rank as usize];
        if row.parent != ABSENT && row.number != 0 {
            let parent = groups.find(row.parent);
            let key = combine(&[groups.table.stamp(parent), row.number]);
            entries.push(entry(key, rank, row));
        }
    }
    for_runs(&mut entries, |run| {
        if realm == Realm::Track && is_numbered_twice(groups, run) {
            // A folder of singles, each of them "1": the number alone tells nothing.
            let mut by_name: Vec<Entry> = with_names(groups, run);
            for_runs(&mut by_name, |run| {
                join_children(groups, compat, run, Key::Number)
            });
        } else {
            join_children(groups, compat, run, Key::Number);
        }
    });
}

/// Where the number is missing: the air date, then the title, within one series or album; only
/// where that leaves one choice.
pub(super) fn join_unnumbered(groups: &mut Groups<'_>, compat: &Compat, ranks: &[u32]) {
    let rows = &groups.table.rows;
    let mut parents = vec![false; rows.len()];
    for &rank in ranks {
        let row = &rows[rank as usize];
        if row.parent != ABSENT && row.number == 0 {
            parents[groups.find(row.parent) as usize] = true;
        }
    }
    if !parents.contains(&true) {
        return;
    }
    for by_date in [true, false] {
        let mut entries: Vec<Entry> = Vec::new();
        for &rank in ranks {
            let row = &rows[rank as usize];
            if row.parent == ABSENT {
                continue;
            }
            let parent = groups.find(row.parent);
            let key = if by_date {
                row.day
                    .filter(|_| row.realm == Realm::Episode)
                    .map(|day| day as u64)
            } else {
                Some(row.name).filter(|name| *name != 0 && !row.generic)
            };
            if let Some(key) = key.filter(|_| parents[parent as usize]) {
                let key = combine(&[groups.table.stamp(parent), key]);
                entries.push(entry(key, rank, row));
            }
        }
        let key = if by_date { Key::Date } else { Key::Name };
        for_runs(&mut entries, |run| {
            if leaves_one_choice(groups, run) {
                join_children(groups, compat, run, key);
            }
        });
    }
}

/// At most one numbered item, and of no parent two copies that are different items.
fn leaves_one_choice(groups: &mut Groups<'_>, run: &[Entry]) -> bool {
    let mut numbered = None;
    let mut of_parent: HashMap<u32, u32> = HashMap::new();
    run.iter().all(|&Entry { rank, .. }| {
        let row = &groups.table.rows[rank as usize];
        let (root, has_number) = (groups.find(rank), row.number != 0);
        let one_item = !has_number || *numbered.get_or_insert(root) == root;
        one_item && *of_parent.entry(row.parent).or_insert(root) == root
    })
}

/// Copies of different parents join because their parents are one; copies of one parent join when
/// their library is in a merged library that joins.
fn join_children(groups: &mut Groups<'_>, compat: &Compat, run: &[Entry], key: Key) {
    let table = groups.table;
    let on_clash = if key == Key::Number {
        OnClash::Overrule
    } else {
        OnClash::Refuse
    };
    join_run(groups, run, key, on_clash, |a, b| {
        let lib = table.rows[a as usize].lib;
        a != b || compat.any.get(lib, lib)
    });
}

fn is_numbered_twice(groups: &Groups<'_>, run: &[Entry]) -> bool {
    let name = |entry: &Entry| groups.table.rows[entry.rank as usize].name;
    let mut names: Vec<_> = run.iter().map(|one| (one.joins_as, name(one))).collect();
    names.sort_unstable();
    names
        .windows(2)
        .any(|two| two[0].0 == two[1].0 && two[0].1 != two[1].1)
}

fn with_names(groups: &Groups<'_>, run: &[Entry]) -> Vec<Entry> {
    let with_name = |one: &Entry| Entry {
        key: combine(&[one.key, groups.table.rows[one.rank as usize].name]),
        ..*one
    };
    run.iter().map(with_name).collect()
}
