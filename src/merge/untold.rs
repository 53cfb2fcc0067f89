//! Records that do not tell their kind: one group first, then to the single video that fits.

use std::collections::{BTreeMap, BTreeSet};

use super::compat::Compat;
use super::entry::{Entry, for_runs};
use super::features::Features;
use super::grouping::Key;
use super::identity::Realm;
use super::name::combine;
use super::run::join_run;
use super::union::{Groups, OnClash};
use super::{by_id, by_name};

pub(super) fn join(groups: &mut Groups<'_>, compat: &Compat, by_realm: &[Vec<u32>]) {
    let untold = &by_realm[Realm::Untold as usize];
    if untold.is_empty() {
        return;
    }
    by_id::join(groups, compat, Realm::Untold, untold);
    // By name only what has no ids, unless a library goes by names.
    let nameable: Vec<u32> = untold
        .iter()
        .copied()
        .filter(|rank| compat.name_year.is_used() || groups.table.ids(*rank).is_empty())
        .collect();
    among_themselves(groups, compat, &nameable);
    let told: Vec<u32> = [Realm::Film, Realm::Series, Realm::Episode]
        .iter()
        .flat_map(|realm| by_realm[*realm as usize].iter().copied())
        .collect();
    let mut settled = Vec::new();
    if compat.ids.is_used() {
        fit(groups, compat, untold, &told, true, &mut settled);
    }
    fit(groups, compat, &nameable, &told, false, &mut settled);
}

fn keys(groups: &Groups<'_>, rank: u32, by_ids: bool) -> Vec<u64> {
    let row = &groups.table.rows[rank as usize];
    if by_ids {
        let ids = groups.table.ids(rank).iter();
        ids.map(|id| combine(&[0, u64::from(id.provider), id.value]))
            .collect()
    } else {
        with_years(row)
    }
}

fn entries(groups: &Groups<'_>, rank: u32, by_ids: bool) -> Vec<Entry> {
    let entry = |key| Entry {
        key,
        rank,
        joins_as: groups.table.rows[rank as usize].lib,
    };
    let keys = keys(groups, rank, by_ids);
    keys.into_iter().map(entry).collect()
}

/// Episode keys hold their date or number already; others need the year.
fn with_years(row: &Features) -> Vec<u64> {
    let mut row = *row;
    let mut found: Vec<u64> = Vec::new();
    if row.realm != Realm::Film && row.realm != Realm::Series {
        let mut as_episode = row;
        as_episode.realm = Realm::Episode;
        found.extend(by_name::keys(&as_episode));
    }
    if let (true, Some(year)) = (row.realm != Realm::Episode, row.year) {
        row.realm = Realm::Film;
        found.extend(by_name::keys(&row).map(|key| combine(&[key, year as u64])));
    }
    found
}

/// Joins each group of `untold` with the one item that it fits; `settled` holds a copy of each that
/// has found its item.
fn fit(
    groups: &mut Groups<'_>,
    compat: &Compat,
    untold: &[u32],
    told: &[u32],
    by_ids: bool,
    settled: &mut Vec<u32>,
) {
    let mut index: Vec<Entry> = Vec::new();
    for &rank in told {
        index.extend(entries(groups, rank, by_ids));
    }
    index.sort_unstable();
    let settled_roots: BTreeSet<u32> = settled.iter().map(|rank| groups.find(*rank)).collect();
    let allows = |a: u32, b: u32| {
        if by_ids {
            compat.any.get(a, b)
        } else {
            compat.name_year.get(a, b) || compat.without_ids.get(a, b)
        }
    };
    let mut fits: BTreeMap<u32, BTreeMap<u32, (u32, u32)>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for &rank in untold {
        let lib = groups.table.rows[rank as usize].lib;
        let root = groups.find(rank);
        if settled_roots.contains(&root) {
            continue;
        }
        for key in keys(groups, rank, by_ids) {
            if !asked.insert((root, key, lib)) {
                continue;
            }
            let from = index.partition_point(|entry| entry.key < key);
            let fitting = index[from..].iter().take_while(|entry| entry.key == key);
            for &Entry { rank: other, .. } in fitting {
                let item = groups.find(other);
                let allowed = allows(lib, groups.table.rows[other as usize].lib);
                if allowed && item != root && !groups.is_kept_apart(item, root) {
                    fits.entry(root)
                        .or_default()
                        .entry(item)
                        .or_insert((other, rank));
                }
            }
        }
    }
    for of_root in fits.into_values().filter(|items| items.len() == 1) {
        for (left, right) in of_root.into_values() {
            // By id the provider is found again from the two copies.
            let key = if by_ids {
                shared_provider(groups, left, right)
            } else {
                Key::Name
            };
            if groups.join(left, right, key, OnClash::Refuse) {
                settled.push(right);
            }
        }
    }
}

fn shared_provider(groups: &Groups<'_>, left: u32, right: u32) -> Key {
    let theirs = groups.table.ids(right);
    let shared = groups.table.ids(left).iter().find(|id| theirs.contains(id));
    shared.map_or(Key::Name, |id| Key::Provider(id.provider))
}

fn among_themselves(groups: &mut Groups<'_>, compat: &Compat, untold: &[u32]) {
    let of_all = untold.iter().flat_map(|rank| entries(groups, *rank, false));
    let mut all: Vec<Entry> = of_all.collect();
    for_runs(&mut all, |run| {
        join_run(groups, run, Key::Name, OnClash::Refuse, |a, b| {
            compat.name_year.get(a, b) || compat.without_ids.get(a, b)
        });
    });
}
