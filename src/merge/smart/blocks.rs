//! Which pairs are looked at: those that share a block, so that the cost grows about linearly.

use super::facts::Facts;
use crate::merge::copies::{Copies, Copy};
use crate::merge::features::{self, Features};
use crate::merge::identity::Realm;
use crate::merge::name::{combine, hash};

/// The hash of a block, cut short: two that are one cut short are one block.
pub(super) type Block = u32;

/// Larger blocks are parted by year, then by number and day; what is still larger tells nothing.
const LARGEST: usize = 48;

fn text(kind: u64, parts: &[&str]) -> u64 {
    let hashed = parts.iter().map(|part| hash(part.as_bytes()));
    combine(&std::iter::once(kind).chain(hashed).collect::<Vec<_>>())
}

fn ends(text: &str, letters: usize) -> Option<(String, String)> {
    let all: Vec<char> = text.chars().collect();
    (all.len() >= letters).then(|| {
        (
            all[..letters].iter().collect(),
            all[all.len() - letters..].iter().collect(),
        )
    })
}

/// The blocks of one copy, each once.
pub(super) fn blocks(row: &Features, facts: &Facts) -> Vec<Block> {
    let keys = keys(row, facts).into_iter();
    let mut blocks: Vec<Block> = keys.map(|key| (key >> 32) as Block).collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

fn keys(row: &Features, facts: &Facts) -> Vec<u64> {
    let mut found = Vec::new();
    for key in [row.name, row.original] {
        if key != 0 {
            found.push(combine(&[1, key]));
        }
    }
    let year = row.year.unwrap_or(0) as u64;
    for title in [&facts.title, &facts.original] {
        if title.is_empty() {
            continue;
        }
        found.push(text(2, &[title.text()]));
        let ends = ends(title.text(), 5);
        if row.episode.is_some() {
            let number = [
                row.season.unwrap_or(-1) as u64,
                row.episode.unwrap_or(-1) as u64,
            ];
            if let Some((head, tail)) = &ends {
                for (kind, end) in [(3, head), (4, tail)] {
                    found.push(combine(&[text(kind, &[end]), year, number[0], number[1]]));
                }
            }
        } else {
            if let Some((head, tail)) = &ends {
                for year in [year, year + 1].iter().filter(|_| year > 0) {
                    found.push(combine(&[text(3, &[head]), *year]));
                    found.push(combine(&[text(4, &[tail]), *year]));
                }
            }
            if let [first, second, ..] = title.words() {
                found.push(text(5, &[first, second]));
            }
            if let [.., second, first] = title.words() {
                found.push(text(6, &[second, first]));
            }
        }
    }
    match (row.realm, row.day) {
        (Realm::Episode | Realm::Untold, Some(day)) if row.episode.is_some() => {
            found.push(combine(&[
                7,
                day as u64,
                row.season.unwrap_or(-1) as u64,
                row.episode.unwrap_or(-1) as u64,
            ]))
        }
        (Realm::Series | Realm::Film | Realm::Untold, Some(day)) => {
            found.push(combine(&[8, day as u64]))
        }
        _ => {}
    }
    if row.episode.is_none() && year > 0 {
        // A translated title: the year and who took part are left. The least hashes are any people,
        // the same ones wherever the lists are the same.
        for person in facts.people.iter().take(3) {
            found.push(combine(&[9, u64::from(*person), year]));
        }
    }
    if row.artist != 0 && year > 0 {
        found.push(combine(&[10, row.artist, year]));
    }
    if row.artist != 0 && row.name != 0 {
        // Everybody has "Greatest Hits".
        found.push(combine(&[11, row.artist, row.name]));
    }
    found
}

/// What parts a block that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    year: Option<i32>,
    number: [Option<i32>; 3],
}

impl Part {
    fn of(copies: &impl Copies, copy: u32) -> Self {
        let copy: Copy<'_> = copies.copy(copy);
        let [season, episode] = features::numbers_of(&copy);
        Self {
            year: features::year_of(&copy),
            number: [season, episode, copy.premiere_day],
        }
    }
}

/// Calls `each` with the copies of every block that is small enough to tell something. The entries are
/// sorted.
pub(super) fn for_blocks(
    copies: &impl Copies,
    entries: &[(Block, u32)],
    mut each: impl FnMut(&[u32]),
) {
    let mut members: Vec<u32> = Vec::new();
    let mut parts: Vec<(Part, u32)> = Vec::new();
    for run in entries.chunk_by(|a, b| a.0 == b.0).filter(|r| r.len() > 1) {
        members.clear();
        members.extend(run.iter().map(|entry| entry.1));
        if members.len() <= LARGEST {
            each(&members);
            continue;
        }
        parts.clear();
        parts.extend(members.iter().map(|copy| (Part::of(copies, *copy), *copy)));
        parts.sort_unstable();
        for of_year in parts.chunk_by(|a, b| a.0.year == b.0.year) {
            let by_number = of_year.chunk_by(|a, b| a.0 == b.0);
            let small: Vec<&[(Part, u32)]> = match of_year.len() <= LARGEST {
                true => vec![of_year],
                false => by_number.filter(|part| part.len() <= LARGEST).collect(),
            };
            for part in small.into_iter().filter(|part| part.len() > 1) {
                members.clear();
                members.extend(part.iter().map(|entry| entry.1));
                each(&members);
            }
        }
    }
}

/// One copy in one of its blocks.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The others that it is looked at with.
    pub mates: Vec<u32>,
    /// All of a block, or a part of one, that tells nothing and would with one copy less.
    pub at_the_brim: Vec<Vec<u32>>,
}

impl Place {
    /// `members`: the copies of the block, this one among them.
    pub(super) fn of(copies: &impl Copies, copy: u32, mut members: Vec<u32>) -> Self {
        let mut place = Self::default();
        let mine = Part::of(copies, copy);
        let mut finer = [
            |mine: &Part, theirs: &Part| mine.year == theirs.year,
            |mine: &Part, theirs: &Part| mine == theirs,
        ]
        .into_iter();
        loop {
            if members.len() <= LARGEST {
                members.retain(|other| *other != copy);
                place.mates = members;
                return place;
            }
            if members.len() == LARGEST + 1 {
                place.at_the_brim.push(members.clone());
            }
            let Some(is_part) = finer.next() else {
                return place;
            };
            members.retain(|other| is_part(&mine, &Part::of(copies, *other)));
        }
    }
}
