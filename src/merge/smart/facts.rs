//! What is known of one copy beside its numbers, read once and kept while pairs are judged.

use std::collections::HashMap;

use super::title::Title;
use crate::merge::copies::Copies;
use crate::merge::features::Table;
use crate::merge::name::{fold, hash};

#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub title: Title,
    /// Empty: none, or the same as the title.
    pub original: Title,
    /// Hashes, sorted, each once; so are the following.
    pub people: Vec<u32>,
    pub genres: Vec<u32>,
    /// The words of the overview that tell something.
    pub words: Vec<u32>,
    /// Not the titles alone.
    is_whole: bool,
}

/// As many words of an overview, names of people and genres are looked at.
const MOST_WORDS: usize = 150;

impl Facts {
    /// What is needed to say how well two copies fit.
    fn titles(copies: &impl Copies, index: u32) -> Self {
        let copy = copies.copy(index);
        let title = Title::new(copy.name);
        let original = copy.original_title.map(Title::new).filter(|o| *o != title);
        Self {
            title,
            original: original.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What is needed to find candidates.
    pub(super) fn of_blocks(copies: &impl Copies, index: u32) -> Self {
        let mut facts = Self::titles(copies, index);
        if copies.copy(index).episode.is_none() {
            facts.read_people(copies, index);
        }
        facts
    }

    fn read_people(&mut self, copies: &impl Copies, index: u32) {
        copies.people(index, &mut |name| self.people.push(person(name)));
        tidy(&mut self.people);
    }

    /// All that is needed to judge candidates, once the titles are there.
    fn read_texts(&mut self, copies: &impl Copies, index: u32) {
        self.is_whole = true;
        self.read_people(copies, index);
        copies.genres(index, &mut |name| {
            let folded = fold(name);
            self.genres.extend(folded.split(' ').map(key));
        });
        if let Some(overview) = copies.overview(index) {
            let start: String = overview.chars().take(12 * MOST_WORDS).collect();
            let folded = fold(&start);
            let long = folded.split(' ').filter(|word| word.chars().count() > 3);
            self.words.extend(long.take(MOST_WORDS).map(key));
        }
        tidy(&mut self.genres);
        tidy(&mut self.words);
    }
}

fn tidy(hashes: &mut Vec<u32>) {
    hashes.truncate(MOST_WORDS);
    hashes.sort_unstable();
    hashes.dedup();
}

/// "Pacino, Al" is Al Pacino.
fn person(name: &str) -> u32 {
    let folded = fold(name);
    let mut words: Vec<&str> = folded.split(' ').collect();
    words.sort_unstable();
    key(&words.join(" "))
}

fn key(text: &str) -> u32 {
    hash(text.as_bytes()) as u32
}

/// How many two sorted lists share, as a part of the shorter one; `None` where one is too short to tell.
pub(super) fn share(left: &[u32], right: &[u32], least: usize) -> Option<f64> {
    let shorter = left.len().min(right.len());
    if shorter < least.max(1) {
        return None;
    }
    let shared = left
        .iter()
        .filter(|one| right.binary_search(one).is_ok())
        .count();
    Some(shared as f64 / shorter as f64)
}

/// Facts by rank, read when first asked for.
pub(super) struct Library<'a, C> {
    copies: &'a C,
    table: &'a Table,
    known: HashMap<u32, Facts>,
}

impl<'a, C: Copies> Library<'a, C> {
    pub(super) fn new(copies: &'a C, table: &'a Table) -> Self {
        Self {
            copies,
            table,
            known: HashMap::new(),
        }
    }

    /// All that is known of two.
    pub(super) fn pair(&mut self, left: u32, right: u32) -> (&Facts, &Facts) {
        for rank in [left, right] {
            let index = self.table.order[rank as usize];
            let facts = self.known.entry(rank);
            let facts = facts.or_insert_with(|| Facts::titles(self.copies, index));
            if !facts.is_whole {
                facts.read_texts(self.copies, index);
            }
        }
        (&self.known[&left], &self.known[&right])
    }

    /// Of two at least their titles.
    pub(super) fn titles(&mut self, left: u32, right: u32) -> (&Facts, &Facts) {
        for rank in [left, right] {
            let index = self.table.order[rank as usize];
            let facts = self.known.entry(rank);
            facts.or_insert_with(|| Facts::titles(self.copies, index));
        }
        (&self.known[&left], &self.known[&right])
    }
}
