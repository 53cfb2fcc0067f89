//! A catalog of a generated library (`library`): ten servers, and of each copy what a crawl keeps of it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::DateTime;
use manyfin::accounts::PublicIds;
use manyfin::catalog::Remembered;
use manyfin::catalog::snapshot::{
    CopySeed, KnownCopy, Ledger, MergedLibrary, MergedSource, Parts, ServerEntry, Snapshot,
    SourceLibrary, SourcePolicy, Strategy, begin,
};
use manyfin::merge::OwnedCopy;
use manyfin::model::{ItemKind, PublicId, ServerKey, UpstreamId};
use manyfin::wire::{LightItem, LightPerson, LightSource, LightStream, Packed, Prose};
use uuid::Uuid;

use crate::library;

/// What a catalog is made of.
pub struct Generated {
    pub ids: PublicIds,
    pub servers: Vec<ServerEntry>,
    pub source_libraries: Vec<SourceLibrary>,
    pub merged_libraries: Vec<MergedLibrary>,
    pub copies: Vec<Arc<KnownCopy>>,
}

/// About `count` copies, the same ones every time, in three merged libraries: films, series, music.
pub fn generate(count: u32) -> Generated {
    let server = |at: u32| ServerEntry {
        id: i64::from(at) + 1,
        key: ServerKey(Uuid::from_u128(u128::from(at))),
        name: format!("Server {at}"),
    };
    let servers: Vec<ServerEntry> = (0..library::SERVERS).map(server).collect();
    let ids = PublicIds::new([7; 32]);
    let seeds = seeds(count);
    let copies = seeds.into_iter().map(|seed| {
        let known = KnownCopy::of(seed, &servers, &ids);
        known.expect("every server is there")
    });
    let mut copies: Vec<_> = copies.collect();
    // They took over the seeds' memory.
    copies.shrink_to_fit();
    Generated {
        source_libraries: (0..library::LIBRARIES).map(source_library).collect(),
        merged_libraries: (0..3).map(merged_library).collect(),
        servers,
        ids,
        copies,
    }
}

impl Generated {
    /// The first snapshot, with what is remembered then.
    pub fn begin(&self) -> (Snapshot, Ledger, Remembered) {
        let mut remembered = Remembered::default();
        let (snapshot, changes, ledger) = begin(Parts {
            servers: self.servers.clone(),
            source_libraries: self.source_libraries.clone(),
            merged_libraries: self.merged_libraries.clone(),
            copies: self.copies.clone(),
            joined: &[],
            parted: &[],
            remembered: &remembered,
            ids: &self.ids,
            generation: 1,
        });
        remembered.apply(&changes, 1);
        (snapshot, ledger, remembered)
    }
}

fn source_library(at: u32) -> SourceLibrary {
    let (name, collection_type) = SHELVES[at as usize % 3];
    SourceLibrary {
        row: i64::from(at) + 1,
        server: at / 3,
        library_id: folder(at),
        id: PublicId(Uuid::from_u128(900_000 + u128::from(at))),
        name: name.to_owned(),
        collection_type: Some(collection_type.to_owned()),
        body: None,
    }
}

const SHELVES: [(&str, &str); 3] = [
    ("Films", "movies"),
    ("Series", "tvshows"),
    ("Music", "music"),
];

fn merged_library(shelf: u32) -> MergedLibrary {
    let (name, collection_type) = SHELVES[shelf as usize];
    let source = |server: u32| MergedSource {
        row: i64::from(server),
        library: server * 3 + shelf,
        priority: server as i32,
    };
    MergedLibrary {
        row: i64::from(shelf) + 1,
        id: PublicId(Uuid::from_u128(800_000 + u128::from(shelf))),
        name: name.to_owned(),
        collection_type: collection_type.to_owned(),
        strategy: Strategy::ProviderIds,
        policy: SourcePolicy::Priority,
        is_global: true,
        owner: None,
        sources: (0..library::SERVERS).map(source).collect(),
    }
}

/// The folder that a library is made of.
fn folder(library: u32) -> UpstreamId {
    UpstreamId(Uuid::from_u128(700_000 + u128::from(library)))
}

fn seeds(count: u32) -> Vec<CopySeed> {
    let mut seeds: Vec<CopySeed> = Vec::with_capacity(count as usize + 2_000);
    let mut put = |light: LightItem, server: ServerKey, library: Option<u32>| {
        let row = seeds.len() as i64 + 1;
        seeds.push(CopySeed {
            row,
            server_id: server.0.as_u128() as i64 + 1,
            library_row: library.map(|at| i64::from(at) + 1),
            light: Packed::from(&light),
            first_seen_at: row,
            changed_at: row,
            members: Box::default(),
        });
    };
    for at in 0..library::LIBRARIES {
        let light = LightItem::new(folder(at), ItemKind::Folder, SHELVES[at as usize % 3].0);
        put(
            light,
            ServerKey(Uuid::from_u128(u128::from(at / 3))),
            Some(at),
        );
    }
    let rows = library::generate(count).rows;
    let mut seasons: HashMap<(u32, i32), UpstreamId> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let light = light(&rows, row, at as u64, &seasons);
        if let (ItemKind::Season, Some(series), Some(number)) = (row.kind, row.series, row.season) {
            seasons.insert((series, number), row.id);
        }
        put(light, row.server, row.library);
    }
    seeds
}

fn light(
    rows: &[OwnedCopy],
    row: &OwnedCopy,
    at: u64,
    seasons: &HashMap<(u32, i32), UpstreamId>,
) -> LightItem {
    let mut light = LightItem::new(row.id, row.kind, row.name.clone());
    let parent = |of: Option<u32>| of.map(|of| &rows[of as usize]);
    let (series, album) = (parent(row.series), parent(row.album));
    light.series_id = series.map(|series| series.id);
    light.series_name = series.map(|series| series.name.as_str().into());
    light.album_id = album.map(|album| album.id);
    light.album = album.map(|album| album.name.as_str().into());
    let season = row.series.zip(row.season).and_then(|key| seasons.get(&key));
    light.season_id = season.copied();
    let above = light.season_id.or(light.series_id).or(light.album_id);
    light.parent_id = above.or(row.library.map(folder));
    light.production_year = row.year;
    match row.kind {
        ItemKind::Season => light.index_number = row.season,
        _ => (light.parent_index_number, light.index_number) = (row.season, row.episode),
    }
    let day = |days: i64| DateTime::from_timestamp(days * 86_400, 0);
    light.premiere_date = row.premiere_day.and_then(|days| day(days.into()));
    light.date_created = day(15_000 + (at * 31 % 4_000) as i64);
    light.album_artist = row.artist.as_deref().map(Into::into);
    light.artists = row.artist.as_deref().map(Into::into).into_iter().collect();
    let ids = row.provider_ids.iter();
    light.provider_ids = ids.map(|(name, id)| (name.as_str(), id.clone())).collect();
    light.image_tags = [("Primary", format!("{at:032x}").into())]
        .into_iter()
        .collect();
    light.overview = overview(row.kind, at);
    light.etag = Some(format!("{:032x}", at * 7).into());
    match row.kind {
        ItemKind::Movie | ItemKind::Series => {
            light.genres = vec![word("Genre", at % 20), word("Genre", at * 7 % 20)];
            light.studios = Vec::new();
            light.community_rating = Some((at % 100) as f64 / 10.0);
            light.official_rating = Some(["G", "PG", "PG-13", "R"][at as usize % 4].into());
            light.people = (0..6).map(|n| person(at * 5 + n)).collect();
        }
        _ => {}
    }
    if matches!(
        row.kind,
        ItemKind::Movie | ItemKind::Episode | ItemKind::Audio
    ) {
        light.run_time_ticks = row.runtime_ticks.or(Some(26_000_000_000));
        light.path = Some(format!("/media/{}/{}.mkv", row.kind, row.name));
        light.container = Some("mkv".into());
        light.media_sources = vec![source(row, at)];
    }
    light
}

/// As long as they are in practice: films and series take about 280 characters, episodes 180. The words are
/// made up, so that squeezing gains what it gains with English ones, a factor of 1.8.
fn overview(kind: ItemKind, at: u64) -> Option<Prose> {
    let length = match kind {
        ItemKind::Movie | ItemKind::Series => 160 + at * 37 % 240,
        ItemKind::Episode => 80 + at * 37 % 200,
        _ => return None,
    };
    let mut text = String::new();
    for number in 0.. {
        let chance = mix(at * 1_000 + number);
        match chance % 10 {
            0..4 => text.push_str(SHORT_WORDS[(chance >> 8) as usize % SHORT_WORDS.len()]),
            _ => {
                let letter = |at: u64| LETTERS[(chance >> (20 + at * 5)) as usize % LETTERS.len()];
                text.extend((0..4 + (chance >> 16) % 5).map(|at| char::from(letter(at))));
            }
        }
        if text.len() as u64 >= length {
            break;
        }
        text.push(' ');
    }
    Some(text.into())
}

const SHORT_WORDS: [&str; 8] = ["the", "and", "to", "a", "of", "his", "with", "in"];
/// The more frequent ones of English.
const LETTERS: &[u8] = b"etaoinshrdlcumwfgyp";

fn mix(number: u64) -> u64 {
    number
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        .rotate_left(29)
        .wrapping_mul(0x94d0_49bb_1331_11eb)
}

fn word(kind: &str, number: u64) -> manyfin::wire::Word {
    format!("{kind} {number}").as_str().into()
}

fn person(number: u64) -> LightPerson {
    serde_json::from_value(serde_json::json!({
        "Name": format!("Person {}", number % 60_000), "Type": "Actor",
    }))
    .expect("a person")
}

fn source(row: &OwnedCopy, at: u64) -> LightSource {
    let stream = |kind: &str, codec: &str| -> LightStream {
        serde_json::from_value(serde_json::json!({
            "Type": kind, "Codec": codec, "Language": "eng", "BitRate": 4_000_000 + at % 1_000,
        }))
        .expect("a stream")
    };
    let mut source: LightSource = serde_json::from_str("{}").expect("every field has a default");
    source.id = row.id.to_string().into();
    source.size = Some(1_000_000_000 + at as i64);
    source.container = Some("mkv".into());
    source.media_streams = match row.kind {
        ItemKind::Audio => vec![stream("Audio", "flac")],
        _ => vec![
            stream("Video", "h264"),
            stream("Audio", "aac"),
            stream("Subtitle", "srt"),
        ],
    };
    source
}
