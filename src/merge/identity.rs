//! What an id is: providers, in whose order they are trusted, and ids brought to one form.

use crate::model::ItemKind;

use super::name::hash;

/// Kinds that can be one work with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    Film,
    Series,
    Season,
    Episode,
    Album,
    Artist,
    Track,
    MusicVideo,
    Collection,
    Book,
    AudioBook,
    Person,
    Genre,
    MusicGenre,
    Studio,
    /// Of a kind that its record does not tell: may join any video kind.
    Untold,
    /// Never joins: home videos, photos, folders, playlists, channels.
    Apart,
}

impl Realm {
    pub fn of(kind: ItemKind) -> Self {
        use ItemKind as K;
        match kind {
            K::Movie => Self::Film,
            K::Series => Self::Series,
            K::Season => Self::Season,
            K::Episode => Self::Episode,
            K::MusicAlbum => Self::Album,
            K::MusicArtist => Self::Artist,
            K::Audio => Self::Track,
            K::MusicVideo => Self::MusicVideo,
            K::BoxSet => Self::Collection,
            K::Book => Self::Book,
            K::AudioBook => Self::AudioBook,
            K::Person => Self::Person,
            K::Genre => Self::Genre,
            K::MusicGenre => Self::MusicGenre,
            K::Studio => Self::Studio,
            _ => Self::Apart,
        }
    }

    /// What its parents must be.
    pub(super) fn of_parents(self) -> Option<Self> {
        match self {
            Self::Track => Some(Self::Album),
            Self::Season | Self::Episode => Some(Self::Series),
            _ => None,
        }
    }

    /// Kinds that no library holds: they join wherever anything joins.
    pub(super) fn lies_in_no_library(self) -> bool {
        matches!(
            self,
            Self::Collection
                | Self::Artist
                | Self::Person
                | Self::Genre
                | Self::MusicGenre
                | Self::Studio
        )
    }
}

/// A provider by its place in [`Providers`].
pub type ProviderIndex = u16;

macro_rules! known_providers {
    ($($constant:ident = $name:literal),* $(,)?) => {
        known_providers!(@count 0u16; $($constant,)*);
        const KNOWN: &[&str] = &[$($name,)*];
    };
    (@count $n:expr; $head:ident, $($tail:ident,)*) => {
        pub(super) const $head: ProviderIndex = $n;
        known_providers!(@count $n + 1; $($tail,)*);
    };
    (@count $n:expr;) => {};
}

known_providers! {
    TMDB = "Tmdb",
    IMDB = "Imdb",
    TVDB = "Tvdb",
    RELEASE_GROUP = "MusicBrainzReleaseGroup",
    RELEASE = "MusicBrainzAlbum",
    MB_ARTIST = "MusicBrainzArtist",
    MB_TRACK = "MusicBrainzTrack",
    RECORDING = "MusicBrainzRecording",
}

/// The providers met so far; what is not known beforehand is trusted least, in order of name.
#[derive(Debug, Clone)]
pub struct Providers(Vec<Box<str>>);

impl Default for Providers {
    fn default() -> Self {
        Self(KNOWN.iter().map(|name| Box::from(*name)).collect())
    }
}

impl Providers {
    pub fn name(&self, index: ProviderIndex) -> &str {
        &self.0[usize::from(index)]
    }

    /// The place of a provider that identifies something of this realm. A film's collection, a
    /// track's album or an album's artist do not identify the film, track or album.
    pub(super) fn index(&mut self, realm: Realm, name: &str) -> Option<ProviderIndex> {
        let name = spelled(realm, name);
        let known = self
            .0
            .iter()
            .position(|have| have.eq_ignore_ascii_case(name));
        if known.is_none_or(|at| at >= 3) && !identifies(realm, name) {
            return None;
        }
        match known {
            Some(at) => {
                // Of several spellings one is shown, whichever was met first.
                if at >= KNOWN.len() && name < &*self.0[at] {
                    self.0[at] = name.into();
                }
                Some(at as ProviderIndex)
            }
            None if name.is_empty() || self.0.len() >= 1000 => None,
            None => {
                self.0.push(name.into());
                Some((self.0.len() - 1) as ProviderIndex)
            }
        }
    }

    /// Whether there are others than those known beforehand.
    pub(super) fn are_more(&self) -> bool {
        self.0.len() > KNOWN.len()
    }

    /// The spelling of one that is not known beforehand, if it identifies something of this realm.
    pub(super) fn unknown(realm: Realm, name: &str) -> Option<&str> {
        let name = spelled(realm, name);
        let known = KNOWN.iter().any(|have| have.eq_ignore_ascii_case(name));
        (!known && !name.is_empty() && identifies(realm, name)).then_some(name)
    }

    /// Brings those that were not known beforehand into the order of their names; tells where each is now.
    pub(super) fn sort(&mut self) -> Vec<ProviderIndex> {
        let before = self.0.clone();
        // The name itself too: `É` and `é` are two providers, and must not stand by chance.
        self.0[KNOWN.len()..].sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
        before
            .iter()
            .map(|name| {
                let now = self.0.iter().position(|have| have == name);
                now.expect("only sorted") as ProviderIndex
            })
            .collect()
    }

    /// In which order joins by this provider are tried; smaller is sooner.
    pub(super) fn trust(&self, realm: Realm, index: ProviderIndex) -> (u8, String) {
        let order: &[ProviderIndex] = match realm {
            Realm::Series | Realm::Season | Realm::Episode => &[TVDB, TMDB, IMDB],
            Realm::Album => &[RELEASE_GROUP, RELEASE],
            Realm::Artist => &[MB_ARTIST],
            Realm::Track => &[MB_TRACK, RECORDING],
            _ => &[TMDB, IMDB, TVDB],
        };
        let rank = order
            .iter()
            .position(|p| *p == index)
            .unwrap_or(order.len());
        (rank as u8, self.name(index).to_lowercase())
    }
}

/// The names that are known under several: `TheMovieDb`, `tmdb_id` and `Tmdb` are one.
fn spelled(realm: Realm, name: &str) -> &str {
    let name = name.trim();
    let letters = || name.bytes().filter(u8::is_ascii_alphanumeric);
    let is = |one: &str| letters().map(|b| b.to_ascii_lowercase()).eq(one.bytes());
    if realm == Realm::Collection && is("tmdbcollection") {
        return "Tmdb";
    }
    let spellings: [(&str, &[&str]); 3] = [
        ("Tmdb", &["tmdb", "tmdbid", "themoviedb", "themoviedbid"]),
        ("Imdb", &["imdb", "imdbid"]),
        ("Tvdb", &["tvdb", "tvdbid", "thetvdb", "thetvdbid"]),
    ];
    let known = spellings
        .iter()
        .find(|(_, all)| all.iter().any(|one| is(one)));
    known.map_or(name, |(known, _)| known)
}

fn identifies(realm: Realm, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    if has("slug") {
        return false;
    }
    match realm {
        Realm::Collection => true,
        _ if has("collection") => false,
        Realm::Album => !(has("artist") || has("track") || has("recording")),
        Realm::Artist => !(has("album") || has("group") || has("track") || has("recording")),
        Realm::Track => !(has("album") || has("group") || has("artist")),
        Realm::Season | Realm::Episode if has("series") => false,
        Realm::Episode => !has("season"),
        _ => !has("musicbrainz"),
    }
}

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
    if PLACEHOLDERS.iter().any(|p| p.eq_ignore_ascii_case(value)) {
        return None;
    }
    let number = match provider {
        IMDB => Some(imdb_number(without_scheme(value))?),
        TMDB | TVDB => Some(number_of(realm, provider, without_scheme(value))?),
        _ if value.bytes().all(|b| b.is_ascii_digit()) => Some(value.parse().ok()?),
        _ => None,
    };
    if let Some(number) = number {
        return (number != 0 && number < 1 << 63).then_some(number);
    }
    if (RELEASE_GROUP..=RECORDING).contains(&provider)
        && let Some(uuid) = uuid_in(value)
    {
        return (uuid.bytes().any(|b| b != b'0')).then(|| hash(uuid.as_bytes()) | 1 << 63);
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

/// The first UUID of a text, without dashes, in lower case.
fn uuid_in(text: &str) -> Option<String> {
    let parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let bare = parts.map(|part| part.replace('-', ""));
    let mut uuids = bare.filter(|part| part.len() == 32);
    uuids.next().map(|uuid| uuid.to_ascii_lowercase())
}

fn imdb_number(value: &str) -> Option<u64> {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok();
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
    use super::*;

    /// The names in the order in which they stand, met in this order.
    fn met(names: &[&str]) -> Vec<String> {
        let mut providers = Providers::default();
        for name in names {
            providers.index(Realm::Film, name).expect("a provider");
        }
        let moved = providers.sort();
        for (before, now) in moved.iter().enumerate().take(KNOWN.len()) {
            assert_eq!(before, usize::from(*now), "those known beforehand stay");
        }
        let met = &providers.0[KNOWN.len()..];
        met.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn only_what_is_told_by_its_place_in_another_has_a_parent() {
        use ItemKind as K;
        let parent = |kind: K| Realm::of(kind).of_parents();
        assert_eq!(parent(K::Audio), Some(Realm::Album));
        for kind in [K::Season, K::Episode] {
            assert_eq!(parent(kind), Some(Realm::Series));
        }
        for kind in [K::Movie, K::Series, K::MusicAlbum, K::BoxSet, K::Folder] {
            assert_eq!(parent(kind), None, "{kind:?}");
        }
        assert_eq!(Realm::Untold.of_parents(), None);
    }

    #[test]
    fn providers_stand_in_one_order_however_they_are_met() {
        let names = [
            "zap2it", "AniDB", "anidb", "Élan", "élan", "ANIDB", " imdb ",
        ];
        let there = met(&names);
        let back: Vec<&str> = names.iter().rev().copied().collect();
        assert_eq!(there, met(&back));
        // Spellings that differ by ASCII case alone are one, by the first of them; others are two.
        assert_eq!(there, ["ANIDB", "zap2it", "Élan", "élan"]);
    }

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

    #[test]
    fn a_provider_is_known_under_every_spelling() {
        let mut providers = Providers::default();
        for (names, known) in [
            (["TheMovieDB", " TMDB ", "tmdb_id", "TmdbId"], TMDB),
            (["imdb", "IMDB_ID", "ImdbId", "imdb-id"], IMDB),
            (["TheTvDb", "tvdbid", "THETVDB", "Tvdb"], TVDB),
        ] {
            for name in names {
                assert_eq!(providers.index(Realm::Film, name), Some(known), "{name}");
            }
        }
        assert_eq!(
            providers.index(Realm::Collection, "TmdbCollection"),
            Some(TMDB)
        );
        assert!(!providers.are_more());
    }
}
