//! Joins by normalized name and year, for what has no ids and for `NAME_YEAR`.

use std::collections::{BTreeMap, BTreeSet};

use super::compat::{Compat, EVERYWHERE, Matrix, NOWHERE};
use super::entry::{Entry, for_runs};
use super::features::{ABSENT, Features};
use super::grouping::Key;
use super::identity::Realm;
use super::name::combine;
use super::run::join_run;
use super::union::{Groups, OnClash};

/// What the year means beside a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Years {
    /// No year, no join: too many works share a name.
    Needed,
    /// A missing year contradicts nothing (the artist says enough).
    Helpful,
    /// The kind has none.
    Ignored,
}

fn years(realm: Realm) -> Years {
    match realm {
        Realm::Album => Years::Helpful,
        Realm::Film | Realm::Series | Realm::MusicVideo | Realm::Book | Realm::AudioBook => {
            Years::Needed
        }
        _ => Years::Ignored,
    }
}

/// The keys under which a copy is known: by name and by original title; an episode whose series
/// is not known by title and air date, and by title, season and number.
pub(super) fn keys(row: &Features) -> impl Iterator<Item = u64> + use<> {
    let mut found = [0; 2];
    let episode_like = row.realm == Realm::Episode
        || row.realm == Realm::Untold && (row.episode.is_some() || row.season.is_some());
    if row.name == 0 {
    } else if episode_like {
        if row.parent == ABSENT {
            found[0] = row.day.map_or(0, |day| combine(&[1, row.name, day as u64]));
            if let (Some(season), Some(episode), false) = (row.season, row.episode, row.generic) {
                found[1] = combine(&[2, row.name, season as u64, episode as u64]);
            }
        }
    } else {
        let artist = match row.realm {
            Realm::Album | Realm::MusicVideo => row.artist,
            _ => 0,
        };
        found[0] = combine(&[3, row.name, artist]);
        if row.original != 0 {
            found[1] = combine(&[3, row.original, artist]);
        }
    }
    found.into_iter().filter(|key| *key != 0)
}

fn year(row: &Features) -> Option<i32> {
    match years(row.realm) {
        Years::Needed => row.year,
        Years::Helpful => Some(row.year.unwrap_or(0)),
        Years::Ignored => Some(0),
    }
}

fn entry(key: u64, rank: u32, row: &Features) -> Entry {
    Entry {
        key,
        rank,
        joins_as: row.lib,
    }
}

/// Names, where the name is all that makes the thing: artists, people, genres, studios.
pub(super) fn join_namesakes(groups: &mut Groups<'_>, compat: &Compat, ranks: &[u32]) {
    let mut entries: Vec<Entry> = Vec::new();
    for &rank in ranks {
        let row = &groups.table.rows[rank as usize];
        if row.lib != NOWHERE && row.name != 0 {
            entries.push(entry(row.name, rank, row));
        }
    }
    for_runs(&mut entries, |run| {
        join_run(groups, run, Key::Name, OnClash::Overrule, |a, b| {
            compat.any.get(a, b)
        });
    });
}

/// Copies without ids: those of one name and year are one group first; that group joins the single
/// item with ids that fits (same year, else ±1 year). Where several fit it stays by itself.
pub(super) fn join_without_ids(groups: &mut Groups<'_>, matrix: &Matrix, ranks: &[u32]) {
    if !matrix.is_used() {
        return;
    }
    let table = groups.table;
    let mut without: Vec<u32> = Vec::new();
    let mut with: Vec<Entry> = Vec::new();
    for &rank in ranks {
        let row = &table.rows[rank as usize];
        if row.lib == NOWHERE {
            continue;
        }
        let root = groups.find(rank);
        if groups.has_ids(root) {
            with.extend(keys(row).map(|key| entry(key, rank, row)));
        } else {
            without.push(rank);
        }
    }
    if without.is_empty() {
        return;
    }
    join_same_year(groups, matrix, &without, OnClash::Refuse);
    with.sort_unstable();
    let mut by_root: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for rank in without {
        by_root.entry(groups.find(rank)).or_default().push(rank);
    }
    let fits: Vec<_> = by_root
        .values()
        .filter_map(|members| single_fit(groups, matrix, members, &with))
        .collect();
    for (left, right, key) in fits {
        groups.join(left, right, key, OnClash::Refuse);
    }
}

/// The one item among `with` that the group of `members` fits: (its copy, the member, the key).
fn single_fit(
    groups: &mut Groups<'_>,
    matrix: &Matrix,
    members: &[u32],
    with: &[Entry],
) -> Option<(u32, u32, Key)> {
    let mut exact: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    let mut near: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for &member in members {
        let row = groups.table.rows[member as usize];
        let Some(mine) = year(&row) else { continue };
        for key in keys(&row)
            .filter(|key| asked.insert((*key, mine, row.lib)))
            .collect::<Vec<_>>()
        {
            let from = with.partition_point(|entry| entry.key < key);
            let fitting = with[from..].iter().take_while(|entry| entry.key == key);
            for &Entry { rank: other, .. } in fitting {
                let theirs = &groups.table.rows[other as usize];
                let found = match year(theirs) {
                    _ if !matrix.get(row.lib, theirs.lib) => continue,
                    Some(year) if year == mine => &mut exact,
                    Some(year) if fits_nearly(row.realm, mine, year) => &mut near,
                    _ => continue,
                };
                found.entry(groups.find(other)).or_insert((other, member));
            }
        }
    }
    let root = groups.find(members[0]);
    let mut one_of = |fits: BTreeMap<u32, (u32, u32)>| {
        let mut free = fits
            .into_iter()
            .filter(|(item, _)| !groups.is_kept_apart(*item, root));
        let first = free.next();
        (first.map(|(_, pair)| pair), free.next().is_some())
    };
    match one_of(exact) {
        (Some((left, right)), false) => return Some((left, right, Key::Name)),
        (Some(_), true) => return None,
        (None, _) => {}
    }
    match one_of(near) {
        (Some((left, right)), false) => Some((left, right, Key::NearYear)),
        _ => None,
    }
}

/// Of two years that differ; where years are ignored, none do.
fn fits_nearly(realm: Realm, a: i32, b: i32) -> bool {
    a.abs_diff(b) == 1 || years(realm) == Years::Helpful && (a == 0 || b == 0)
}

/// `NAME_YEAR`: one name and one year are one item, whatever the ids say; then one name and years
/// that differ by one, where each is the only such neighbour of the other.
pub(super) fn join_name_year(groups: &mut Groups<'_>, compat: &Compat, ranks: &[u32]) {
    if !compat.name_year.is_used() {
        return;
    }
    let rows = &groups.table.rows;
    let ranks: Vec<u32> = ranks
        .iter()
        .copied()
        .filter(|rank| {
            let row = &rows[*rank as usize];
            row.lib != NOWHERE && !(row.lib == EVERYWHERE && compat.ids.is_used())
        })
        .collect();
    join_same_year(groups, &compat.name_year, &ranks, OnClash::Overrule);
    join_near_years(groups, &compat.name_year, &ranks);
}

fn join_same_year(groups: &mut Groups<'_>, matrix: &Matrix, ranks: &[u32], on_clash: OnClash) {
    let mut entries: Vec<Entry> = Vec::new();
    for &rank in ranks {
        let row = &groups.table.rows[rank as usize];
        if let Some(year) = year(row) {
            let keys = keys(row).map(|key| combine(&[key, year as u64]));
            entries.extend(keys.map(|key| entry(key, rank, row)));
        }
    }
    for_runs(&mut entries, |run| {
        join_run(groups, run, Key::Name, on_clash, |a, b| matrix.get(a, b));
    });
}

/// More neighbours than this are ambiguous without counting on.
const MOST_NEIGHBOURS: usize = 64;

fn join_near_years(groups: &mut Groups<'_>, matrix: &Matrix, ranks: &[u32]) {
    let rows = &groups.table.rows;
    let mut entries: Vec<Entry> = Vec::new();
    for &rank in ranks {
        let row = &rows[rank as usize];
        if years(row.realm) != Years::Ignored && year(row).is_some() {
            entries.extend(keys(row).map(|key| entry(key, rank, row)));
        }
    }
    let mut neighbours: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for_runs(&mut entries, |run| {
        let mut by_year: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        for &Entry { rank, .. } in run {
            by_year
                .entry(rows[rank as usize].year.unwrap_or(0))
                .or_default()
                .push(rank);
        }
        for (&this, left) in &by_year {
            let realm = rows[left[0] as usize].realm;
            let next = this.saturating_add(1);
            let last = match this == 0 && years(realm) == Years::Helpful {
                true => i32::MAX,
                false => next,
            };
            let near = by_year
                .range(next..=last)
                .filter(|(other, _)| this < **other && fits_nearly(realm, this, **other));
            for right in near.flat_map(|(_, ranks)| ranks.iter().take(MOST_NEIGHBOURS)) {
                for left in left.iter().take(MOST_NEIGHBOURS) {
                    let (a, b) = (groups.find(*left), groups.find(*right));
                    let joins = matrix.get(rows[*left as usize].lib, rows[*right as usize].lib);
                    if a != b && joins && !groups.is_kept_apart(a, b) {
                        neighbours.entry(a).or_default().insert(b);
                        neighbours.entry(b).or_default().insert(a);
                        pairs.push((*left.min(right), *left.max(right)));
                    }
                }
            }
        }
    });
    pairs.sort_unstable();
    pairs.retain(|(left, right)| {
        let only = |rank: u32, groups: &mut Groups<'_>| {
            neighbours
                .get(&groups.find(rank))
                .is_some_and(|set| set.len() == 1)
        };
        only(*left, groups) && only(*right, groups)
    });
    for (left, right) in pairs {
        groups.join(left, right, Key::NearYear, OnClash::Overrule);
    }
}
