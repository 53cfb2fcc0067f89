//! Which pairs are looked at: those that share a block, so that the cost grows about linearly.

use super::facts::Facts;
use crate::merge::features::Features;
use crate::merge::identity::Realm;
use crate::merge::name::{combine, hash};
use crate::merge::run::Entry;

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

/// The blocks of one copy.
pub(super) fn blocks(row: &Features, facts: &Facts) -> Vec<u64> {
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
    found
}

/// Calls `each` with every block of two copies or more that is small enough to tell something.
pub(super) fn for_blocks(
    entries: &mut [Entry],
    rows: &[Features],
    each: &mut impl FnMut(&[Entry]),
) {
    part(entries, rows, 0, each);
}

fn part(entries: &mut [Entry], rows: &[Features], depth: u32, each: &mut impl FnMut(&[Entry])) {
    entries.sort_unstable();
    for run in entries.chunk_by_mut(|a, b| a.0 == b.0) {
        if run.len() < 2 {
            continue;
        }
        if run.len() <= LARGEST {
            each(run);
        } else if depth < 2 {
            for (key, rank) in run.iter_mut() {
                let row = &rows[*rank as usize];
                let finer = match depth {
                    0 => row.year.unwrap_or(0) as u64,
                    _ => combine(&[
                        row.season.unwrap_or(-1) as u64,
                        row.episode.unwrap_or(-1) as u64,
                        row.day.unwrap_or(0) as u64,
                    ]),
                };
                *key = combine(&[*key, finer]);
            }
            part(run, rows, depth + 1, each);
        }
    }
}
