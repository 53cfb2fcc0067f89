//! Plain films by number, for load: their JSON is made when it is asked for.

use serde_json::{Value, json};

use super::stock::{self, BEGINNING, id};
use crate::demo::item::{Item, Source, hex, sort_name};
use crate::demo::library::Library;
use crate::demo::media;
use crate::demo::reply::moment;
use crate::demo::spec::DemoSpec;
use crate::demo::state::Stock;
use crate::model::ItemKind;
use crate::wire::Body;

const FIRST: [&str; 24] = [
    "Amber",
    "Broken",
    "Crimson",
    "Distant",
    "Electric",
    "Fallen",
    "Golden",
    "Hidden",
    "Iron",
    "Jagged",
    "Kindred",
    "Last",
    "Midnight",
    "Northern",
    "Open",
    "Paper",
    "Quiet",
    "Restless",
    "Silver",
    "Tender",
    "Unwritten",
    "Velvet",
    "Winter",
    "Yellow",
];
const SECOND: [&str; 25] = [
    "Anchor",
    "Bridge",
    "Compass",
    "Detective",
    "Empire",
    "Ferry",
    "Garden",
    "Harbour",
    "Island",
    "Journey",
    "Kingdom",
    "Lantern",
    "Mirror",
    "Orchard",
    "Promise",
    "Question",
    "River",
    "Signal",
    "Tower",
    "Umbrella",
    "Voyage",
    "Window",
    "Exile",
    "Year",
    "Zenith",
];
const THIRD: [&str; 12] = [
    "",
    "at Dawn",
    "in Kyoto",
    "of Lisbon",
    "and the Sea",
    "Returns",
    "by Night",
    "of Salt",
    "without End",
    "for Two",
    "under Glass",
    "in Winter",
];
const GENRES: [&str; 10] = [
    "Action",
    "Adventure",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Mystery",
    "Romance",
    "Science Fiction",
];
const RATINGS: [&str; 5] = ["G", "PG", "PG-13", "R", "NC-17"];
const STUDIOS: [&str; 8] = [
    "Lantern Pictures",
    "Northlight",
    "Studio Orchard",
    "Höhle Film",
    "Blue Door",
    "Kestrel",
    "Pavillon",
    "Sixth Street",
];
const NAMES: [&str; 16] = [
    "Ada", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko",
    "Luis", "Mara", "Noor", "Otto", "Petra",
];
const SURNAMES: [&str; 16] = [
    "Abara",
    "Bergström",
    "Castellan",
    "Duval",
    "Eriksen",
    "Fontaine",
    "Grünwald",
    "Hayashi",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novák",
    "Okafor",
    "Pereira",
];

/// The facts of film number so and so, the same on every server.
struct Facts {
    name: String,
    year: i32,
    /// Seconds.
    runtime: i64,
    rating: &'static str,
    community: f64,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // all far below i32
fn facts(number: usize) -> Facts {
    let third = THIRD[(number / 600) % THIRD.len()];
    let mut name = format!(
        "The {} {}",
        FIRST[number % FIRST.len()],
        SECOND[(number / FIRST.len()) % SECOND.len()]
    );
    if !third.is_empty() {
        name = format!("{name} {third}");
    }
    let round = number / (600 * THIRD.len());
    if round > 0 {
        name = format!("{name} {}", round + 1);
    }
    Facts {
        name,
        year: 1920 + ((number * 37) % 105) as i32,
        // A few last half a day, so that load runs find a file of more than a gigabyte.
        runtime: match number % 1_000 {
            999 => 12 * 3_600,
            _ => 70 * 60 + ((number * 53) % 90) as i64 * 60,
        },
        rating: RATINGS[(number * 7 / 3) % RATINGS.len()],
        community: 4.0 + ((number * 13) % 56) as f64 / 10.0,
    }
}

/// A server of `count` films from number `offset` on.
pub fn stock(spec: &DemoSpec, count: usize, offset: usize) -> Stock {
    let mut library = Library::default();
    let view = stock::view(&spec.name, "Films", "movies");
    for number in offset..offset + count {
        library.insert(film(&spec.name, view.id, number));
    }
    library.views.push(view);
    stock::stock(spec, library)
}

/// One film of a server, without its JSON.
pub fn film(server: &str, view: uuid::Uuid, number: usize) -> Item {
    let facts = facts(number);
    let own = id(&["film", server, &number.to_string()]);
    #[allow(clippy::cast_possible_wrap)] // a number of films
    let created = BEGINNING + number as i64 * 60_000;
    Item {
        id: own,
        kind: ItemKind::Movie,
        sort_name: sort_name(&facts.name),
        name: facts.name,
        parent: Some(view),
        view: Some(view),
        created,
        saved: created,
        premiere: chrono::NaiveDate::from_ymd_opt(facts.year, 6, 15)
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|day| day.and_utc().timestamp_millis()),
        year: Some(facts.year),
        runtime: Some(facts.runtime * 10_000_000),
        index: None,
        parent_index: None,
        community_rating: Some(facts.community),
        official_rating: Some(facts.rating.to_owned()),
        tags: Vec::new(),
        series: None,
        key: (1_000_000 + number).to_string(),
        source: Source::Film(number),
    }
}

/// The full JSON of a film.
pub fn body(number: usize, item: &Item) -> Body {
    let tmdb = (1_000_000 + number).to_string();
    let imdb = format!("tt9{number:07}");
    let genres = [
        GENRES[number % GENRES.len()],
        GENRES[(number / 3 + 1) % GENRES.len()],
    ];
    let genres = if genres[0] == genres[1] {
        &genres[..1]
    } else {
        &genres[..]
    };
    let studio = STUDIOS[(number / 5) % STUDIOS.len()];
    let people: Vec<Value> = (0..4)
        .map(|at| {
            let name = format!(
                "{} {}",
                NAMES[(number * 3 + at * 5) % NAMES.len()],
                SURNAMES[(number * 5 + at * 7) % SURNAMES.len()]
            );
            let (role, kind) = match at {
                3 => (String::new(), "Director"),
                _ => (format!("Part {}", at + 1), "Actor"),
            };
            json!({ "Name": name, "Id": hex(id(&["person", &name])), "Role": role, "Type": kind })
        })
        .collect();
    let path = format!(
        "/srv/films/{name} ({year})/{name} ({year}).mp4",
        name = item.name,
        year = item.year.unwrap_or(0)
    );
    let quality = media::QUALITIES[(number / 2) % media::QUALITIES.len()];
    let sources = vec![media::source(
        item.id,
        &path,
        quality,
        item.runtime.unwrap_or(0),
    )];
    let mut value = json!({
        "Name": item.name, "ServerId": "", "Id": hex(item.id),
        "Etag": hex(id(&["etag", &hex(item.id), &item.saved.to_string()])),
        "DateCreated": moment(item.created), "CanDelete": true, "CanDownload": true,
        "Container": media::ITEM_CONTAINER, "SortName": item.sort_name,
        "PremiereDate": item.premiere.map(moment),
        "ExternalUrls": [
            { "Name": "IMDb", "Url": format!("https://www.imdb.com/title/{imdb}") },
            { "Name": "TMDB", "Url": format!("https://www.themoviedb.org/movie/{tmdb}") } ],
        "MediaSources": sources, "ProductionLocations": [], "Path": path,
        "EnableMediaSourceDisplay": true, "OfficialRating": item.official_rating,
        "ChannelId": null,
    });
    let rest = json!({
        "Overview": format!("Film number {number} of the load library: {}.", item.name),
        "Taglines": [], "Genres": genres, "CommunityRating": item.community_rating,
        "RunTimeTicks": item.runtime, "PlayAccess": "Full", "ProductionYear": item.year,
        "RemoteTrailers": [], "ProviderIds": { "Imdb": imdb, "Tmdb": tmdb },
        "IsHD": quality.height >= 720, "IsFolder": false,
        "ParentId": item.parent.map(hex), "Type": "Movie", "People": people,
        "Studios": [{ "Name": studio, "Id": hex(id(&["studio", studio])) }],
        "GenreItems": genres.iter().map(|name| json!({ "Name": name,
            "Id": hex(id(&["genre", name])) })).collect::<Vec<_>>(),
        "LocalTrailerCount": 0, "SpecialFeatureCount": 0,
        "DisplayPreferencesId": hex(id(&["display", "Movie"])), "Tags": item.tags,
        "PrimaryImageAspectRatio": 0.666_666_666_666_666_6,
        "MediaStreams": sources[0]["MediaStreams"], "VideoType": "VideoFile",
        "ImageTags": { "Primary": hex(id(&["poster", &item.name])) },
        "BackdropImageTags": [hex(id(&["backdrop", &item.name]))],
        "ImageBlurHashes": {}, "Chapters": [], "Trickplay": {}, "LocationType": "FileSystem",
        "MediaType": "Video", "LockedFields": [], "LockData": false,
        "Width": quality.width, "Height": quality.height,
    });
    match (value.as_object_mut(), rest) {
        (Some(body), Value::Object(rest)) => {
            body.extend(rest);
            std::mem::take(body)
        }
        _ => Body::new(),
    }
}
