//! `SMART`: what ids and names left apart, joined where all that is known speaks for it.
//!
//! Candidates share a name or original title. Each is scored by the weights below; the best pairs
//! join first, and none against an id.

use super::by_name;
use super::compat::{Compat, NOWHERE};
use super::copies::Copies;
use super::features::{ABSENT, Features};
use super::grouping::Key;
use super::identity::Realm;
use super::name::{fold, hash};
use super::run::{Entry, for_runs};
use super::union::{Groups, OnClash};

/// What each agreement (and disagreement) is worth, in thousandths. What is unknown is worth nothing.
mod weights {
    /// One name or original title in common: what makes a pair a candidate.
    pub const NAME: i32 = 2000;
    /// Both name and original title agree.
    pub const BOTH_TITLES: i32 = 500;
    /// The title tells nothing ("Episode 4").
    pub const GENERIC: i32 = -1500;
    pub const SAME_YEAR: i32 = 1500;
    pub const NEAR_YEAR: i32 = 500;
    pub const OTHER_YEAR: i32 = -3000;
    /// Air dates equal, or more than a week apart.
    pub const SAME_DAY: i32 = 1000;
    pub const OTHER_DAY: i32 = -500;
    /// Within 2%, or more than 10% apart.
    pub const SAME_RUNTIME: i32 = 1000;
    pub const OTHER_RUNTIME: i32 = -1500;
    /// Season and episode both equal, or one of them differs.
    pub const SAME_NUMBER: i32 = 1000;
    pub const OTHER_NUMBER: i32 = -1000;
    /// At least half of the shorter list of people in common, or nobody.
    pub const SAME_PEOPLE: i32 = 1500;
    pub const OTHER_PEOPLE: i32 = -1000;
    /// What a pair must reach: name and year, if nothing speaks against it.
    pub const THRESHOLD: i32 = 3400;
}

/// More copies of one name are too many to tell apart by name.
const MOST_NAMESAKES: usize = 256;

/// The kinds without parents, which come first.
pub(super) const WORKS: &[Realm] = &[
    Realm::Film,
    Realm::Series,
    Realm::Album,
    Realm::MusicVideo,
    Realm::Book,
    Realm::AudioBook,
];

pub(super) fn join(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    by_realm: &[Vec<u32>],
    realms: &[Realm],
) {
    if !compat.smart.is_used() {
        return;
    }
    for realm in realms {
        let mut pairs = candidates(groups, compat, copies, &by_realm[*realm as usize]);
        pairs.sort_unstable_by_key(|(score, left, right)| (-score, *left, *right));
        for (score, left, right) in pairs {
            groups.join(left, right, Key::Score(score), OnClash::Refuse);
        }
    }
}

fn candidates(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    ranks: &[u32],
) -> Vec<(i32, u32, u32)> {
    let table = groups.table;
    let mut entries: Vec<Entry> = Vec::new();
    for &rank in ranks {
        let row = &table.rows[rank as usize];
        if row.lib != NOWHERE && row.parent == ABSENT {
            entries.extend(blocks(row).map(|key| (key, rank)));
        }
    }
    let mut pairs = Vec::new();
    for_runs(&mut entries, |run| {
        if run.len() > MOST_NAMESAKES {
            return;
        }
        for (at, &(_, left)) in run.iter().enumerate() {
            for &(_, right) in &run[at + 1..] {
                let (a, b) = (&table.rows[left as usize], &table.rows[right as usize]);
                let (ra, rb) = (groups.find(left), groups.find(right));
                if ra == rb || !compat.smart.get(a.lib, b.lib) || groups.would_clash(ra, rb) {
                    continue;
                }
                let mut score = score(a, b);
                // Asking for people costs most, so only where they can decide.
                if score + weights::SAME_PEOPLE >= weights::THRESHOLD {
                    score += people(
                        copies,
                        table.order[left as usize],
                        table.order[right as usize],
                    );
                }
                if score >= weights::THRESHOLD {
                    pairs.push((score, left, right));
                }
            }
        }
    });
    pairs
}

fn blocks(row: &Features) -> impl Iterator<Item = u64> + use<> {
    let mut as_film = *row;
    if row.realm == Realm::Episode {
        // An episode's date or number need not agree; its name does.
        as_film.realm = Realm::Film;
    }
    by_name::keys(&as_film)
}

fn score(a: &Features, b: &Features) -> i32 {
    let mut score = weights::NAME;
    if a.name == b.name && a.original != 0 && a.original == b.original {
        score += weights::BOTH_TITLES;
    }
    if a.generic || b.generic {
        score += weights::GENERIC;
    }
    score += either(a.year, b.year, |a, b| match a.abs_diff(b) {
        0 => weights::SAME_YEAR,
        1 => weights::NEAR_YEAR,
        _ => weights::OTHER_YEAR,
    });
    score += either(a.day, b.day, |a, b| match a.abs_diff(b) {
        0 => weights::SAME_DAY,
        1..=7 => 0,
        _ => weights::OTHER_DAY,
    });
    if a.runtime > 0 && b.runtime > 0 {
        let apart = a.runtime.abs_diff(b.runtime);
        let longer = a.runtime.max(b.runtime) as u64;
        score += match apart {
            _ if apart <= longer / 50 => weights::SAME_RUNTIME,
            _ if apart <= longer / 10 => 0,
            _ => weights::OTHER_RUNTIME,
        };
    }
    if a.realm == Realm::Episode {
        score += either(a.season.zip(a.episode), b.season.zip(b.episode), |a, b| {
            if a == b {
                weights::SAME_NUMBER
            } else {
                weights::OTHER_NUMBER
            }
        });
    }
    score
}

fn either<T>(a: Option<T>, b: Option<T>, worth: impl Fn(T, T) -> i32) -> i32 {
    a.zip(b).map_or(0, |(a, b)| worth(a, b))
}

fn people(copies: &impl Copies, left: u32, right: u32) -> i32 {
    let names = |copy: u32| {
        let mut names = Vec::new();
        copies.people(copy, &mut |name| names.push(hash(fold(name).as_bytes())));
        names.sort_unstable();
        names.dedup();
        names
    };
    let (left, right) = (names(left), names(right));
    if left.is_empty() || right.is_empty() {
        return 0;
    }
    let shared = left
        .iter()
        .filter(|name| right.binary_search(name).is_ok())
        .count();
    match shared {
        0 => weights::OTHER_PEOPLE,
        _ if shared * 2 >= left.len().min(right.len()) => weights::SAME_PEOPLE,
        _ => 0,
    }
}
