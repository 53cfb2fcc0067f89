//! Generated libraries: the mix of kinds and the coverage of ids that home servers have.
//!
//! Of a million copies about 14% are films, 55% episodes, 7% seasons, 1.4% series, 20% tracks, 2% albums
//! and artists. Ids: films Tmdb 93%, Imdb 90%, Tvdb 15%, none 4%; series Tvdb 85%, Tmdb 88%, Imdb 80%; episodes
//! Tvdb 75%, Imdb 45%, Tmdb 40%, none 15%; albums and tracks MusicBrainz 60%. One film in five hundred has a
//! wrong Imdb id.

use manyfin::merge::{OwnedCopies, OwnedCopy};
use manyfin::model::{ItemKind, ServerKey, UpstreamId};
use uuid::Uuid;

pub const SERVERS: u32 = 10;
/// Each server has a library of films, one of series and one of music.
pub const LIBRARIES: u32 = 3 * SERVERS;

struct Library {
    rows: Vec<OwnedCopy>,
    state: u64,
}

/// About `count` copies, the same ones every time.
pub fn generate(count: u32) -> OwnedCopies {
    let mut library = Library {
        rows: Vec::with_capacity(count as usize + 1000),
        state: 88_172_645_463_325_252,
    };
    let mut work = 0;
    while library.rows.len() < count as usize {
        work += 1;
        // Of a hundred works of their own, so many are films, series, albums.
        match library.below(100) {
            0..82 => library.film(work),
            82..90 => library.series(work),
            _ => library.album(work),
        }
    }
    OwnedCopies {
        rows: library.rows,
        unknown_is_video: false,
    }
}

impl Library {
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.random() >> 11) % limit
    }

    /// The servers that hold a work: one, two of them, seldom more.
    fn holders(&mut self) -> Vec<u32> {
        let number = match self.below(100) {
            0..65 => 1,
            65..90 => 2,
            90..97 => 3,
            _ => 4,
        };
        let first = self.below(u64::from(SERVERS)) as u32;
        (0..number).map(|at| (first + at * 3) % SERVERS).collect()
    }

    fn put(&mut self, server: u32, shelf: u32, kind: ItemKind, name: String) -> &mut OwnedCopy {
        let id = u128::from(self.random()) << 64 | u128::from(self.random());
        let mut row = OwnedCopy::new(
            ServerKey(Uuid::from_u128(u128::from(server))),
            UpstreamId(Uuid::from_u128(id)),
            kind,
            name,
        );
        row.library = Some(server * 3 + shelf);
        self.rows.push(row);
        self.rows.last_mut().expect("one was put")
    }

    fn ids(&mut self, coverage: &[(&str, u64, String)], none: u64) -> Vec<(String, String)> {
        if self.below(100) < none {
            return Vec::new();
        }
        let mut ids = Vec::new();
        for (provider, percent, id) in coverage {
            if self.below(100) < *percent {
                ids.push(((*provider).to_owned(), id.clone()));
            }
        }
        ids
    }

    fn film(&mut self, work: u32) {
        let name = title(work);
        let year = 1930 + (work % 95) as i32;
        for server in self.holders() {
            let wrong = u32::from(self.below(500) == 0);
            let ids = self.ids(
                &[
                    ("Imdb", 94, format!("tt{:07}", work + wrong)),
                    ("Tmdb", 97, (work + 1000).to_string()),
                    ("Tvdb", 15, (work + 7000).to_string()),
                ],
                4,
            );
            let row = self.put(server, 0, ItemKind::Movie, name.clone());
            row.year = Some(year);
            row.runtime_ticks = Some(i64::from(80 + work % 60) * 600_000_000);
            row.provider_ids = ids;
        }
    }

    fn series(&mut self, work: u32) {
        let name = title(work);
        let year = 1960 + (work % 65) as i32;
        let (seasons, length) = (1 + self.below(6) as u32, 6 + self.below(10) as u32);
        for server in self.holders() {
            let ids = self.ids(
                &[
                    ("Imdb", 83, format!("tt{:07}", work)),
                    ("Tmdb", 91, work.to_string()),
                    ("Tvdb", 88, work.to_string()),
                ],
                4,
            );
            let series = self.rows.len() as u32;
            let row = self.put(server, 1, ItemKind::Series, name.clone());
            row.year = Some(year);
            row.provider_ids = ids;
            for season in 1..=seasons {
                let row = self.put(server, 1, ItemKind::Season, format!("Season {season}"));
                row.season = Some(season as i32);
                row.series = Some(series);
                for episode in 1..=length {
                    let id = work * 1000 + season * 40 + episode;
                    let ids = self.ids(
                        &[
                            ("Imdb", 53, format!("tt{id}")),
                            ("Tmdb", 47, id.to_string()),
                            ("Tvdb", 88, id.to_string()),
                        ],
                        15,
                    );
                    let row = self.put(server, 1, ItemKind::Episode, title(id));
                    row.season = Some(season as i32);
                    row.episode = Some(episode as i32);
                    row.series = Some(series);
                    row.year = Some(year + season as i32);
                    row.premiere_day =
                        Some((year - 1970) * 365 + (season * 365 + episode * 7) as i32);
                    row.provider_ids = ids;
                }
            }
        }
    }

    fn album(&mut self, work: u32) {
        let (name, artist) = (title(work), format!("The {}s", title(work / 3)));
        let tracks = 8 + self.below(10) as u32;
        for server in self.holders() {
            let known = self.below(100) < 60;
            let uuid = |n: u32| {
                format!(
                    "{:08x}-0000-4000-8000-{n:012x}",
                    n.wrapping_mul(2_654_435_761)
                )
            };
            let row = self.put(server, 2, ItemKind::MusicArtist, artist.clone());
            row.library = None;
            let album = self.rows.len() as u32;
            let row = self.put(server, 2, ItemKind::MusicAlbum, name.clone());
            row.artist = Some(artist.clone());
            row.year = Some(1960 + (work % 65) as i32);
            if known {
                row.provider_ids = vec![
                    ("MusicBrainzAlbum".to_owned(), uuid(work * 2 + server % 2)),
                    ("MusicBrainzReleaseGroup".to_owned(), uuid(work)),
                ];
            }
            for track in 1..=tracks {
                let id = work * 50 + track;
                let row = self.put(server, 2, ItemKind::Audio, title(id));
                row.album = Some(album);
                row.artist = Some(artist.clone());
                row.season = Some(1);
                row.episode = Some(track as i32);
                if known {
                    row.provider_ids =
                        vec![("MusicBrainzTrack".to_owned(), uuid(id * 2 + server % 2))];
                }
            }
        }
    }
}

/// A title of words; works far apart share it now and then.
fn title(work: u32) -> String {
    const FIRST: &[&str] = &[
        "Iron", "Silent", "Golden", "Lost", "Velvet", "Paper", "Crimson", "Wild", "Last", "Hidden",
        "Blue", "Broken", "Distant", "Hollow", "Burning", "Little",
    ];
    const SECOND: &[&str] = &[
        "Kingdom", "Shadow", "Voyage", "Winter", "Orchard", "Mirror", "Signal", "Harbour",
        "Garden", "Lantern", "Compass", "River", "Station", "Letter", "Window", "Circus", "Engine",
    ];
    const THIRD: &[&str] = &[
        "Night", "Stone", "Glass", "Dust", "Rain", "Salt", "Ash", "Snow", "Smoke", "Thorns",
        "Silver", "Wolves", "Ravens", "Echoes", "Embers", "Tides", "Clay", "Silk", "Bones",
    ];
    let mixed = work.wrapping_mul(2_654_435_761) >> 7;
    let word = |list: &[&'static str], at: u32| list[at as usize % list.len()];
    let (first, second, third) = (
        word(FIRST, mixed),
        word(SECOND, mixed / 16),
        word(THIRD, mixed / 272),
    );
    match mixed / 5168 % 6 {
        0 => format!("The {first} {second}"),
        1 => format!("{first} {second} of {third}"),
        2 => format!("{second} and {third} {}", mixed % 40),
        3 => format!("A {second} in {third}"),
        4 => format!("{first} {third}: The {second}"),
        _ => format!("The {second} of {first} {third}"),
    }
}
