//! Which pairs are looked at: those that share a block, so that the cost grows about linearly.

use std::ops::RangeInclusive;

use super::facts::Facts;
use crate::merge::features::Features;
use crate::merge::identity::Realm;
use crate::merge::keys::KeyIndex;
use crate::merge::name::{combine, hash};

/// Larger blocks are parted by year, then by number and day; what is still larger tells nothing.
const LARGEST: usize = 48;

/// A block that a copy is in, and what parts it where it is too large. All of them hashes, cut short: two
/// that are one cut short are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlockKey {
    block: u32,
    year: u16,
    /// Season, episode and day.
    number: u16,
}

impl BlockKey {
    fn new(key: u64, row: &Features) -> Self {
        let value = |number: Option<i32>| {
            number.map_or(0, |number| (1 << 32) + u64::from(number.cast_unsigned()))
        };
        let number = [row.season, row.episode, row.day].map(value);
        Self {
            block: (key >> 32) as u32,
            year: (combine(&[value(row.year)]) >> 48) as u16,
            number: (combine(&number) >> 48) as u16,
        }
    }

    /// The whole block, its year, its number.
    fn parts(self) -> [RangeInclusive<Self>; 3] {
        const MOST: u16 = u16::MAX;
        let at = |year, number| Self {
            year,
            number,
            ..self
        };
        [
            at(0, 0)..=at(MOST, MOST),
            at(self.year, 0)..=at(self.year, MOST),
            self..=self,
        ]
    }
}

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
pub(super) fn blocks(row: &Features, facts: &Facts) -> Vec<BlockKey> {
    let keys = keys(row, facts).into_iter();
    let mut blocks: Vec<BlockKey> = keys.map(|key| BlockKey::new(key, row)).collect();
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

/// Calls `each` with the copies of every block that is small enough to tell something. The entries are
/// sorted.
pub(super) fn for_blocks(entries: &[(BlockKey, u32)], mut each: impl FnMut(&[u32])) {
    let mut members: Vec<u32> = Vec::new();
    let mut tell = |run: &[(BlockKey, u32)]| {
        let tells = run.len() <= LARGEST;
        if tells && run.len() > 1 {
            members.clear();
            members.extend(run.iter().map(|entry| entry.1));
            each(&members);
        }
        tells
    };
    for whole in entries.chunk_by(|a, b| a.0.block == b.0.block) {
        if tell(whole) {
            continue;
        }
        for of_year in whole.chunk_by(|a, b| a.0.year == b.0.year) {
            if tell(of_year) {
                continue;
            }
            for of_number in of_year.chunk_by(|a, b| a.0 == b.0) {
                tell(of_number);
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
    pub(super) fn of(index: &KeyIndex<BlockKey>, copy: u32, key: BlockKey) -> Self {
        let mut place = Self::default();
        for part in key.parts() {
            let mut members: Vec<u32> = index.within(part).take(LARGEST + 2).collect();
            if members.len() <= LARGEST {
                members.retain(|other| *other != copy);
                place.mates = members;
                break;
            }
            if members.len() == LARGEST + 1 {
                place.at_the_brim.push(members);
            }
        }
        place
    }
}
