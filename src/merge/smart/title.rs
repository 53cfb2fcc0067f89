//! A title as a reader compares it: its words, what counts in it, and how near another comes.

use crate::merge::edition;
use crate::merge::name::{self, fold, hash, number_in_code};

/// One title, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Title {
    /// Its words without articles; numerals of every style as digits.
    words: Vec<String>,
    /// The words in one piece; of long ones the beginning.
    text: String,
    /// The hash of all of it.
    whole: u64,
    /// The numbers among the words, sorted.
    numbers: Vec<u32>,
}

/// How near two titles are; the nearest that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    Other,
    /// At least half of the words in common.
    Alike,
    /// The one begins or ends with the whole other: a subtitle or a name left out.
    Within,
    /// A typing error apart.
    Close,
    /// The same words, whatever the signs, articles and style of numerals.
    Loose,
    Same,
}

/// What the numbers in two titles say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Numbers {
    /// "Rocky II", "Rocky III".
    Other,
    /// "Rocky", "Rocky II".
    OneSided,
    Same,
}

/// Longer titles are compared by their beginning where they differ.
const MOST_LETTERS: usize = 64;
const MOST_WORDS: usize = 24;

impl Title {
    pub(super) fn new(title: &str) -> Self {
        let title: String = title.chars().take(4 * MOST_LETTERS).collect();
        let (base, _) = edition::split(name::without_year(title.trim()));
        let folded = fold(without_country(base));
        let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
        let counted = counter(&words);
        let words = counted.as_ref().map_or(&*words, |counted| counted);
        let mut words: Vec<String> = words
            .iter()
            .take(MOST_WORDS)
            .enumerate()
            .map(|(at, word)| {
                numeral(word, at).map_or_else(|| (*word).to_owned(), |n| n.to_string())
            })
            .collect();
        drop_part_words(&mut words);
        let says_something = |word: &String| !is_filler(word);
        if words.iter().any(says_something) {
            words.retain(says_something);
        }
        let whole = words.concat();
        let text: String = whole.chars().take(MOST_LETTERS).collect();
        let mut numbers: Vec<u32> = words.iter().filter_map(|w| w.parse().ok()).collect();
        numbers.sort_unstable();
        Self {
            words,
            text,
            whole: hash(whole.as_bytes()),
            numbers,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many words beside numbers.
    pub(super) fn len(&self) -> usize {
        self.words.len() - self.numbers.len().min(self.words.len())
    }

    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn compare_numbers(&self, other: &Self) -> Numbers {
        match (&*self.numbers, &*other.numbers) {
            (mine, theirs) if mine == theirs => Numbers::Same,
            ([], _) | (_, []) => Numbers::OneSided,
            _ => Numbers::Other,
        }
    }

    pub(super) fn nearness(&self, other: &Self) -> Nearness {
        if self.is_empty() || other.is_empty() {
            return Nearness::Other;
        }
        if self.whole == other.whole {
            return Nearness::Loose;
        }
        let longer = self.text.len().max(other.text.len());
        let shorter = self.text.len().min(other.text.len());
        if shorter >= 5
            && shorter * 100 >= longer * 80
            && strsim::normalized_damerau_levenshtein(&self.text, &other.text) >= 0.85
        {
            return Nearness::Close;
        }
        let (few, many) = if self.words.len() <= other.words.len() {
            (&self.words, &other.words)
        } else {
            (&other.words, &self.words)
        };
        let shared = few.iter().filter(|word| many.contains(word)).count();
        if many.starts_with(few) || many.ends_with(few) {
            Nearness::Within
        } else if shared * 2 >= many.len() {
            Nearness::Alike
        } else {
            Nearness::Other
        }
    }
}

/// "House of Cards (US)", "Taskmaster [SE]".
fn without_country(name: &str) -> &str {
    let tagged = name
        .trim_end()
        .strip_suffix([')', ']'])
        .and_then(|rest| rest.rsplit_once(['(', '[']));
    match tagged {
        Some((base, tag))
            if !base.trim().is_empty()
                && (2..=3).contains(&tag.len())
                && tag.bytes().all(|b| b.is_ascii_uppercase())
                && !tag.bytes().all(|b| b"IVX".contains(&b)) =>
        {
            base
        }
        _ => name,
    }
}

/// "Episode 36 - Hand Walk" is "Hand Walk". "Folge 4", "Episode #1.4" and "S01E04" are "Episode 4".
fn counter<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    const COUNTERS: &[&str] = &[
        "episode",
        "ep",
        "folge",
        "episodio",
        "aflevering",
        "afsnit",
        "avsnitt",
        "odcinek",
    ];
    let is_number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let number = match words {
        [code] => number_in_code(code)?,
        [counter, number] if COUNTERS.contains(counter) && is_number(number) => number,
        [counter, season, number]
            if COUNTERS.contains(counter) && is_number(season) && is_number(number) =>
        {
            number
        }
        [counter, number, rest @ ..] if COUNTERS.contains(counter) && is_number(number) => {
            return Some(rest.to_vec());
        }
        _ => return None,
    };
    Some(vec!["episode", number])
}

/// Roman numerals up to twenty and number words; a letter alone is none at the beginning.
fn numeral(word: &str, at: usize) -> Option<u32> {
    const ROMAN: &[&str] = &[
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv",
        "xv", "xvi", "xvii", "xviii", "xix", "xx",
    ];
    const WORDS: &[&str] = &[
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok();
    }
    let place = |list: &[&str]| list.iter().position(|w| *w == word).map(|n| n as u32 + 1);
    place(ROMAN)
        .filter(|_| at > 0 || word.len() > 1)
        .or_else(|| place(WORDS))
}

/// "Part 2", "Pt. 2" and "(2)" are one.
fn drop_part_words(words: &mut Vec<String>) {
    const PARTS: &[&str] = &[
        "part", "pt", "parts", "teil", "partie", "parte", "vol", "volume",
    ];
    let mut at = 1;
    while at + 1 < words.len() {
        let counts = words[at + 1].bytes().all(|b| b.is_ascii_digit());
        if counts && PARTS.contains(&words[at].as_str()) {
            words.remove(at);
        }
        at += 1;
    }
}

fn is_filler(word: &str) -> bool {
    matches!(word, "the" | "a" | "an" | "and")
}
