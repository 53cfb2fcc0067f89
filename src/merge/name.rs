//! Names made comparable: one folded form, used for joining and for search.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use super::edition;

/// Words that a title may begin with, or end with after a comma ("Matrix, The").
const ARTICLES: &[&str] = &[
    "the", "a", "an", "le", "la", "les", "un", "une", "der", "die", "das", "ein", "eine", "el",
    "los", "las", "il", "lo", "gli", "het", "een",
];

/// NFKD, lower case, diacritics dropped, letters and digits of every script kept; everything else
/// parts words, which are joined by one space. `&` reads as `and`; apostrophes vanish.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// [`fold`] into a buffer that is cleared first, for loops over many names.
pub fn fold_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.reserve(text.len());
        for byte in text.bytes() {
            push_folded(byte as char, out);
        }
    } else {
        // First, so that the marks on both sides of it come into one order.
        let stays = text.chars().filter(|symbol| !vanishes(*symbol));
        for symbol in stays.nfkd() {
            push_folded(symbol, out);
        }
    }
    while out.ends_with(' ') {
        out.pop();
    }
}

// Inlined, most of it falls away where all is ASCII.
#[inline]
fn push_folded(symbol: char, out: &mut String) {
    match symbol {
        'a'..='z' | '0'..='9' => out.push(symbol),
        'A'..='Z' => out.push(symbol.to_ascii_lowercase()),
        ' ' => push_space(out),
        _ if is_apostrophe(symbol) => {}
        '&' | '＆' => {
            push_space(out);
            out.push_str("and ");
        }
        // й is a letter of its own, not an и with an ornament.
        '\u{306}' if out.ends_with('и') => {
            out.pop();
            out.push('й');
        }
        _ if is_ornament(symbol) => {}
        'ß' | 'ẞ' => out.push_str("ss"),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        'ø' | 'Ø' => out.push('o'),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
        'þ' | 'Þ' => out.push_str("th"),
        'ħ' | 'Ħ' => out.push('h'),
        'ı' => out.push('i'),
        'ς' => out.push('σ'),
        _ if symbol.is_alphanumeric() => out.extend(symbol.to_lowercase()),
        // Vowel signs and the like are letters in all but name.
        _ if is_combining_mark(symbol) => out.push(symbol),
        _ => push_space(out),
    }
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn is_apostrophe(symbol: char) -> bool {
    matches!(symbol, '\'' | '’' | '‘' | 'ʼ' | '`' | '´')
}

/// Whether marks before and after it are marks of one letter once it is gone.
fn vanishes(symbol: char) -> bool {
    is_apostrophe(symbol) || is_ornament(symbol) && canonical_combining_class(symbol) == 0
}

/// Marks that readers leave out when typing: accents, Hebrew points, Arabic vowel signs.
/// Marks of other scripts (Japanese voicing, Indic and Thai vowels) tell words apart and stay.
fn is_ornament(symbol: char) -> bool {
    matches!(symbol,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{640}'
        | '\u{200B}'..='\u{200F}' | '\u{AD}')
}

/// The normalized name: folded, without article, edition words and a year in brackets at the end,
/// without spaces ("Spider-Man" is "Spiderman"). Empty when nothing is left to compare.
pub fn normalized(name: &str) -> String {
    let mut buffer = String::new();
    normalize_into(name, &mut buffer);
    buffer
}

/// The hash of the normalized name; `None` when the name says nothing.
pub(super) fn key(name: &str, buffer: &mut String) -> Option<u64> {
    let base = bare(name);
    if base.bytes().all(|byte| byte.is_ascii() && byte != b'&') {
        // What nearly all are: only letters and digits stay, so nothing need be written down.
        let stays = base.bytes().filter(u8::is_ascii_alphanumeric);
        let (length, state) = stays.fold((0, FNV), |(length, state), byte| {
            (length + 1, fnv(state, byte.to_ascii_lowercase()))
        });
        if length > 0 {
            return Some(mix(state));
        }
    }
    normalize_into(name, buffer);
    (!buffer.is_empty()).then(|| hash(buffer.as_bytes()))
}

/// Without what is no part of the title: the year, the edition, the article.
fn bare(name: &str) -> &str {
    let (base, _) = edition::split(without_year(name.trim()));
    without_article(base)
}

fn normalize_into(name: &str, out: &mut String) {
    let base = bare(name);
    fold_into(base, out);
    if out.is_empty() {
        // A title of signs only ("***") is compared as it stands.
        out.push_str(base.trim());
    } else {
        out.retain(|symbol| symbol != ' ');
    }
}

/// The year that a name carries in brackets at its end.
pub(super) fn year_in(name: &str) -> Option<i32> {
    let inner = name.trim_end().strip_suffix(')')?;
    let digits = inner.get(inner.len().checked_sub(4)?..)?;
    let opens = inner[..inner.len() - 4].ends_with('(');
    let year: i32 = digits.parse().ok()?;
    (opens && digits.bytes().all(|b| b.is_ascii_digit()) && (1870..2100).contains(&year))
        .then_some(year)
}

pub(super) fn without_year(name: &str) -> &str {
    if year_in(name).is_none() {
        return name;
    }
    let base = name[..name.len() - "(0000)".len()].trim_end();
    if base.is_empty() { name } else { base }
}

fn without_article(name: &str) -> &str {
    if let Some((head, tail)) = name.rsplit_once(',')
        && !head.trim().is_empty()
        && is_article(tail.trim())
    {
        return head;
    }
    for elided in ["l'", "L'", "l’", "L’"] {
        if let Some(rest) = name.strip_prefix(elided)
            && !rest.is_empty()
        {
            return rest;
        }
    }
    if let Some((head, tail)) = name.split_once(' ')
        && is_article(head)
        && tail.chars().any(char::is_alphanumeric)
    {
        return tail;
    }
    name
}

fn is_article(word: &str) -> bool {
    word.len() <= 4 && ARTICLES.iter().any(|a| a.eq_ignore_ascii_case(word))
}

/// The episode in "s01e04" and "1x04".
pub(super) fn number_in_code(word: &str) -> Option<&str> {
    let is_number =
        |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let (season, episode) = match word.strip_prefix('s') {
        Some(rest) => rest.split_once('e')?,
        None => word.split_once('x')?,
    };
    (is_number(season) && is_number(episode)).then_some(episode)
}

/// Whether a title tells nothing of its work: "Episode 4", "Pilot", "Part 2", "S01E04", "第3話".
pub(super) fn is_generic(name: &str, buffer: &mut String) -> bool {
    let tells = |word: &str| {
        !says_nothing(word)
            && number_in_code(word).is_none()
            && word
                .chars()
                .any(|c| c.is_alphabetic() && !"第話回集화".contains(c))
    };
    // Mostly the first word tells something; then the others need not be folded.
    !name.split(' ').any(|part| {
        fold_into(part, buffer);
        buffer.split(' ').any(tells)
    })
}

fn says_nothing(word: &str) -> bool {
    matches!(
        word,
        "episode"
            | "episodio"
            | "episodi"
            | "folge"
            | "aflevering"
            | "afsnit"
            | "avsnitt"
            | "odcinek"
            | "part"
            | "teil"
            | "chapter"
            | "kapitel"
            | "pilot"
            | "special"
            | "tba"
            | "tbd"
            | "untitled"
            | "season"
            | "series"
            | "week"
            | "day"
            | "show"
            | "final"
            | "finale"
            | "track"
            | "one"
            | "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "the"
            | "ep"
            | "i"
            | "ii"
            | "iii"
            | "iv"
            | "v"
            | "vi"
            | "serie"
            | "premiere"
            | "introduction"
            | "unknown"
    )
}

/// A fixed 64-bit hash (FNV-1a, then mixed): the same in every release, so that orders by key are.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(FNV, |state, byte| fnv(state, *byte)))
}

const FNV: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Spreads the bits of a number; used to put several numbers into one key.
pub(super) fn mix(mut x: u64) -> u64 {
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ (x >> 32)
}

/// One key of several numbers.
pub fn combine(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, &part| {
        mix(state.rotate_left(23) ^ mix(part.wrapping_add(0x2545_f491_4f6c_dd1d)))
    })
}
