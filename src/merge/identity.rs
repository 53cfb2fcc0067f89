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

/// The names that are known under several.
fn spelled(realm: Realm, name: &str) -> &str {
    match name {
        "TmdbCollection" if realm == Realm::Collection => "Tmdb",
        "themoviedb" | "TheMovieDb" => "Tmdb",
        "TheTvdb" | "thetvdb" | "TheTVDB" => "Tvdb",
        other => other.trim(),
    }
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
];

/// One id in one form: `tt0133093`, `133093` and its URL are one number; ids that are texts become
/// a hash with the highest bit set. `None`: no id (`0`, empty, a placeholder, another kind's URL).
pub fn normalize(realm: Realm, provider: ProviderIndex, value: &str) -> Option<u64> {
    let value = value.trim();
    if PLACEHOLDERS.iter().any(|p| p.eq_ignore_ascii_case(value)) {
        return None;
    }
    let number = match provider {
        IMDB => Some(imdb_number(value)?),
        TMDB | TVDB => Some(number_of(realm, value)?),
        _ if value.bytes().all(|b| b.is_ascii_digit()) => Some(value.parse().ok()?),
        _ => None,
    };
    if let Some(number) = number {
        return (number != 0 && number < 1 << 63).then_some(number);
    }
    let last = value
        .split(['?', '#'])
        .next()
        .unwrap_or(value)
        .trim_end_matches('/');
    let last = last.rsplit('/').next().unwrap_or(last).to_lowercase();
    if last.is_empty() || last.chars().all(|c| matches!(c, '0' | '-' | '.')) || last == "-1" {
        return None;
    }
    Some(hash(last.as_bytes()) | 1 << 63)
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

fn number_of(realm: Realm, value: &str) -> Option<u64> {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok();
    }
    let path = value.to_ascii_lowercase();
    if !path.contains('/') {
        return None;
    }
    let other_kind = match realm {
        Realm::Film => {
            path.contains("/tv/") || path.contains("/series") || path.contains("/collection/")
        }
        Realm::Series => path.contains("/movie") || path.contains("/season/"),
        Realm::Season | Realm::Episode => !path.contains("/episode"),
        Realm::Collection => path.contains("/movie/") || path.contains("/tv/"),
        _ => false,
    };
    if other_kind || (path.contains("/tv/") && path.contains("/episode/")) {
        return None;
    }
    if let Some((_, id)) = path.split_once("id=") {
        let digits = id.bytes().take_while(u8::is_ascii_digit).count();
        return id[..digits].parse().ok();
    }
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or("")
        .trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or(path);
    let digits = last.bytes().take_while(u8::is_ascii_digit).count();
    let ends = last[digits..].is_empty() || last[digits..].starts_with('-');
    if ends {
        last[..digits].parse().ok()
    } else {
        None
    }
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
}
