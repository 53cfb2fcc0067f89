//! Ids brought to one form, however they are written: with a scheme, as an address, as a UUID.

use uuid::Uuid;
use uuid::fmt::Simple;

use super::identity::{IMDB, ProviderIndex, RECORDING, RELEASE_GROUP, Realm, TMDB, TVDB};
use super::name::hash;

/// Ids that are no ids.
const PLACEHOLDERS: &[&str] = &[
    "",
    "none",
    "null",
    "nil",
    "n/a",
    "na",
    "unknown",
    "undefined",
    "nan",
    "tbd",
    "tba",
    "-",
    "?",
    "[]",
    "{}",
    "false",
    "not found",
    "tt0",
];

/// One id in one form: `tt0133093`, `133093` and its URL are one number; ids that are texts become
/// a hash with the highest bit set. `None`: no id (`0`, empty, a placeholder, another kind's URL).
pub fn normalize(realm: Realm, provider: ProviderIndex, value: &str) -> Option<u64> {
    let value = value.trim();
    // What nearly all are.
    let digits = match provider {
        IMDB => value.strip_prefix("tt").unwrap_or(value),
        _ => value,
    };
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().ok().and_then(number_form);
    }
    if PLACEHOLDERS.iter().any(|p| p.eq_ignore_ascii_case(value)) {
        return None;
    }
    let number = match provider {
        IMDB => Some(imdb_number(without_scheme(value))?),
        TMDB | TVDB => Some(number_of(realm, provider, without_scheme(value))?),
        _ => None,
    };
    if let Some(number) = number {
        return number_form(number);
    }
    if (RELEASE_GROUP..=RECORDING).contains(&provider)
        && let Some(uuid) = uuid_in(value)
    {
        let digits = &mut [0; Simple::LENGTH];
        let digits = uuid.as_simple().encode_lower(digits);
        return (!uuid.is_nil()).then(|| hash(digits.as_bytes()) | 1 << 63);
    }
    let last = value
        .split(['?', '#'])
        .next()
        .unwrap_or(value)
        .trim_end_matches('/');
    let last = last.rsplit('/').next().unwrap_or(last).to_lowercase();
    let says_nothing = |c: char| matches!(c, '0' | '-' | '.');
    if last.is_empty() || last.chars().all(says_nothing) || matches!(&*last, "-1" | "tt0000000") {
        return None;
    }
    Some(hash(last.as_bytes()) | 1 << 63)
}

fn number_form(number: u64) -> Option<u64> {
    (number != 0 && number < 1 << 63).then_some(number)
}

/// `tmdb:603`, `tmdb-603` and, where a program took it for a number, `603.0`.
fn without_scheme(value: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic());
    if let Some(whole) = value.strip_suffix(".0").filter(|whole| is_number(whole)) {
        return whole;
    }
    match value.split_once([':', '-', '=']) {
        Some((scheme, id)) if is_word(scheme) && is_number(id) => id,
        _ => value,
    }
}

/// The first UUID of a text.
fn uuid_in(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().or_else(|| {
        let mut parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        parts.find_map(|part| Uuid::try_parse(&part.replace('-', "")).ok())
    })
}

fn imdb_number(value: &str) -> Option<u64> {
    let digits = value.strip_prefix("tt").unwrap_or(value);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().ok();
    }
    let lower = value.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some(at) = rest.find("tt") {
        let tail = &rest[at + 2..];
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return tail[..digits].parse().ok();
        }
        rest = tail;
    }
    None
}

/// The digits that a text begins with, if nothing follows, or the words of an address.
fn leading_number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let ends = text[digits..].is_empty() || text[digits..].starts_with('-');
    if ends {
        text[..digits].parse().ok()
    } else {
        None
    }
}

fn number_of(realm: Realm, provider: ProviderIndex, value: &str) -> Option<u64> {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok();
    }
    let address = value.to_ascii_lowercase();
    if !address.contains('/') {
        // Of Tmdb the address' last part by itself; at Tvdb such a part is a name that begins with a number.
        return (provider == TMDB)
            .then(|| leading_number(&address))
            .flatten();
    }
    if is_of_another_kind(realm, &address) {
        return None;
    }
    let (path, question) = address.split_once(['?', '#']).unwrap_or((&address, ""));
    let mut parts = path.trim_end_matches('/').rsplit('/');
    if provider == TMDB {
        // Whatever page of it: `/movie/603-the-matrix/cast`.
        let parts: Vec<&str> = parts.rev().collect();
        let kinds = ["movie", "tv", "collection"];
        let kind = parts.iter().position(|part| kinds.contains(part));
        return match kind {
            Some(kind) => leading_number(parts.get(kind + 1)?),
            None => leading_number(parts.last()?),
        };
    }
    let mut asked = question.split(['&', ';']);
    if let Some(id) = asked.find_map(|pair| pair.strip_prefix("id=")) {
        return id.parse().ok();
    }
    let last = parts.next()?;
    let above = parts.next().unwrap_or("");
    // "24" and "12-monkeys" are names there, but for the pages that pass on to a number.
    let is_name = matches!(above, "series" | "movies") && parts.next() != Some("dereferrer");
    if is_name { None } else { last.parse().ok() }
}

fn is_of_another_kind(realm: Realm, address: &str) -> bool {
    let has = |part: &str| address.contains(part);
    let is_other = match realm {
        Realm::Film => has("/tv/") || has("/series") || has("/collection/"),
        Realm::Series => {
            has("/movie") || has("/season/") || has("/episodes/") || has("tab=episode")
        }
        Realm::Season | Realm::Episode => !has("/episode") && !has("tab=episode"),
        Realm::Collection => has("/movie/") || has("/tv/"),
        _ => false,
    };
    // An episode's address at Tmdb holds the number of its series alone.
    is_other || (has("/tv/") && has("/episode/"))
}

#[cfg(test)]
mod tests {
    use super::super::identity::RELEASE;
    use super::*;

    fn number(provider: ProviderIndex, realm: Realm, value: &str) -> Option<u64> {
        normalize(realm, provider, value)
    }

    #[test]
    fn an_address_gives_the_number_that_it_names_and_no_other() {
        let film = |value| number(TMDB, Realm::Film, value);
        for same in [
            "603",
            " 603 ",
            "603.0",
            "603-the-matrix",
            "tmdb:603",
            "https://www.themoviedb.org/movie/603",
            "https://www.themoviedb.org/movie/603-the-matrix/cast?language=de",
            "https://www.themoviedb.org/movie/603?utm_id=12",
        ] {
            assert_eq!(film(same), Some(603), "{same}");
        }
        assert_eq!(film("https://www.themoviedb.org/tv/603"), None);
        assert_eq!(film("https://www.themoviedb.org/movie/the-matrix"), None);

        let series = |value| number(TVDB, Realm::Series, value);
        for name in [
            "12-monkeys",
            "https://thetvdb.com/series/12-monkeys",
            "https://thetvdb.com/series/24",
            "https://thetvdb.com/?tab=episode&seriesid=79168&id=303821",
        ] {
            assert_eq!(series(name), None, "{name}");
        }
        for same in [
            "79168",
            "tvdb-79168",
            "https://thetvdb.com/dereferrer/series/79168",
            "https://thetvdb.com/?tab=series&id=79168&lid=7",
        ] {
            assert_eq!(series(same), Some(79168), "{same}");
        }
        assert_eq!(
            number(TVDB, Realm::Film, "https://thetvdb.com/movies/12-angry-men"),
            None
        );
        let episode = |value| number(TVDB, Realm::Episode, value);
        assert_eq!(
            episode("https://thetvdb.com/series/friends/episodes/303821"),
            Some(303_821)
        );
        assert_eq!(
            episode("https://thetvdb.com/?tab=episode&seriesid=79168&id=303821"),
            Some(303_821)
        );
        assert_eq!(number(IMDB, Realm::Film, "imdb:0133093"), Some(133_093));
    }

    #[test]
    fn a_musicbrainz_id_is_its_uuid_however_it_is_written() {
        let album = |value| number(RELEASE, Realm::Album, value);
        let one = album("b1392450-e666-3926-a536-22c65f834433");
        assert!(one.is_some());
        for same in [
            "B1392450E6663926A53622C65F834433",
            "{b1392450-e666-3926-a536-22c65f834433}",
            "https://musicbrainz.org/release/b1392450-e666-3926-a536-22c65f834433/cover-art",
        ] {
            assert_eq!(album(same), one, "{same}");
        }
        assert_ne!(
            album("https://musicbrainz.org/release/a74b1b7f-71a5-4011-9441-d0b5e4122711/cover-art"),
            one
        );
        assert_eq!(album("00000000-0000-0000-0000-000000000000"), None);
    }
}
