//! What an id identifies: kinds that can be one work, and providers with the trust in each.

use crate::model::ItemKind;

/// Kinds that can be one work with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
    #[default]
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
pub struct Providers {
    names: Vec<Box<str>>,
    /// What [`Providers::index`] found for these spellings, realm by realm: copies have few of them.
    asked: Vec<Vec<(Box<str>, Option<ProviderIndex>)>>,
}

/// Spellings a realm whose answer is kept.
const MOST_ASKED: usize = 32;

impl Default for Providers {
    fn default() -> Self {
        Self {
            names: KNOWN.iter().map(|name| Box::from(*name)).collect(),
            asked: vec![Vec::new(); Realm::Apart as usize + 1],
        }
    }
}

impl Providers {
    pub fn name(&self, index: ProviderIndex) -> &str {
        &self.names[usize::from(index)]
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of a provider that identifies something of this realm. A film's collection, a
    /// track's album or an album's artist do not identify the film, track or album.
    pub(super) fn index(&mut self, realm: Realm, name: &str) -> Option<ProviderIndex> {
        let asked = &self.asked[realm as usize];
        if let Some((_, found)) = asked.iter().find(|(spelling, _)| **spelling == *name) {
            return *found;
        }
        let found = self.look_up(realm, name);
        let asked = &mut self.asked[realm as usize];
        if asked.len() < MOST_ASKED {
            asked.push((name.into(), found));
        }
        found
    }

    /// As [`Self::index`], of one that was met.
    pub(super) fn known(&self, realm: Realm, name: &str) -> Option<ProviderIndex> {
        let mut asked = self.asked[realm as usize].iter();
        match asked.find(|(spelling, _)| **spelling == *name) {
            Some((_, found)) => *found,
            None => {
                let met = self.position(realm, spelled(realm, name))?;
                met.map(|at| at as ProviderIndex)
            }
        }
    }

    /// None: it identifies nothing of this realm; within: whether and where it was met.
    fn position(&self, realm: Realm, name: &str) -> Option<Option<usize>> {
        let mut names = self.names.iter();
        let met = names.position(|have| have.eq_ignore_ascii_case(name));
        (met.is_some_and(|at| at < 3) || identifies(realm, name)).then_some(met)
    }

    fn look_up(&mut self, realm: Realm, name: &str) -> Option<ProviderIndex> {
        let name = spelled(realm, name);
        match self.position(realm, name)? {
            Some(at) => {
                // Of several spellings one is shown, whichever was met first.
                if at >= KNOWN.len() && name < &*self.names[at] {
                    self.names[at] = name.into();
                }
                Some(at as ProviderIndex)
            }
            None if name.is_empty() || self.names.len() >= 1000 => None,
            None => {
                self.names.push(name.into());
                Some((self.names.len() - 1) as ProviderIndex)
            }
        }
    }

    /// Whether there are others than those known beforehand.
    pub(super) fn are_more(&self) -> bool {
        self.names.len() > KNOWN.len()
    }

    /// The spelling of one that is not known beforehand, if it identifies something of this realm.
    pub(super) fn unknown(realm: Realm, name: &str) -> Option<&str> {
        let name = spelled(realm, name);
        let known = KNOWN.iter().any(|have| have.eq_ignore_ascii_case(name));
        (!known && !name.is_empty() && identifies(realm, name)).then_some(name)
    }

    /// Brings those that were not known beforehand into the order of their names; tells where each is now.
    pub(super) fn sort(&mut self) -> Vec<ProviderIndex> {
        let before = self.names.clone();
        // The name itself too: `É` and `é` are two providers, and must not stand by chance.
        self.names[KNOWN.len()..].sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
        let now = |name| self.names.iter().position(|have| have == name);
        let now = |name| now(name).expect("only sorted") as ProviderIndex;
        let places: Vec<ProviderIndex> = before.iter().map(now).collect();
        for (_, found) in self.asked.iter_mut().flatten() {
            *found = found.map(|before| places[usize::from(before)]);
        }
        places
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
        let met = &providers.names[KNOWN.len()..];
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
