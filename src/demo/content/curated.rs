//! Three curated shelves for the demo: films in the public domain and invented ones, series whose
//! seasons are split over the shelves, music, a box set. What the shelves share differs a little.

use serde_json::{Value, json};
use uuid::Uuid;

use super::films;
use super::stock::{self, BEGINNING, id};
use crate::demo::extras::{self, ExtraKind};
use crate::demo::item::{Item, hex, sort_name};
use crate::demo::library::Library;
use crate::demo::media::{self, QUALITIES, Quality};
use crate::demo::reply::moment;
use crate::demo::spec::DemoSpec;
use crate::demo::state::Stock;
use crate::wire::Body;

const FILMS: &str = include_str!("shelves/films.tsv");
const SERIES: &str = include_str!("shelves/series.tsv");
const ALBUMS: &str = include_str!("shelves/albums.tsv");
const SECOND: i64 = 10_000_000;

/// Names of the libraries, shelf by shelf.
const LIBRARIES: [[&str; 3]; 3] = [
    ["Films", "Shows", "Music"],
    ["Movies", "Series", "Music"],
    ["Films", "TV", "Records"],
];

/// Builds one server's items.
struct Shelf<'s> {
    server: &'s str,
    number: usize,
    library: Library,
    /// Minutes since the beginning: when the next item came.
    minute: i64,
}

/// The server of shelf `number`, with plain films after the curated ones up to `films` in all.
pub fn stock(spec: &DemoSpec, number: usize, films: usize) -> Stock {
    let number = number % LIBRARIES.len();
    let mut shelf = Shelf {
        server: &spec.name,
        number,
        library: Library::default(),
        minute: 0,
    };
    let [film_view, show_view, music_view] = LIBRARIES[number].map(|name| {
        let kind = match name {
            "Films" | "Movies" => "movies",
            "Music" | "Records" => "music",
            _ => "tvshows",
        };
        stock::view(&spec.name, name, kind)
    });
    let curated = shelf.films(film_view.id);
    shelf.series(show_view.id);
    shelf.albums(music_view.id);
    let set_view = stock::view(&spec.name, "Collections", "boxsets");
    shelf.box_set(set_view.id, &curated);
    // A film of the tail stands on two of three shelves.
    let known = rows(FILMS).count();
    for extra in (0..films.saturating_sub(known)).filter(|extra| extra % 3 != number) {
        shelf
            .library
            .insert(films::film(&spec.name, film_view.id, extra));
    }
    shelf.library.views = vec![set_view, film_view, show_view, music_view];
    shelf.library.views.sort_by(|a, b| a.name.cmp(&b.name));
    stock::stock(spec, shelf.library)
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split('\t').collect())
}

/// What follows `shelf:` in a list by shelf.
fn of_shelf(list: &str, shelf: usize) -> Option<&str> {
    let prefix = format!("{shelf}:");
    list.split(' ')
        .enumerate()
        .find(|(_, part)| part.starts_with(&prefix))
        .and_then(|(_, part)| list.find(part).map(|at| &list[at + prefix.len()..]))
        // The last change may hold blanks; it ends where the next shelf begins.
        .map(|rest| {
            let next = (0..3)
                .filter_map(|other| rest.find(&format!(" {other}:")))
                .min();
            &rest[..next.unwrap_or(rest.len())]
        })
}

fn quality(label: &str) -> Quality {
    let found = QUALITIES.iter().find(|quality| quality.label == label);
    *found.unwrap_or(&QUALITIES[1])
}

fn named(kind: &str, names: &str) -> (Vec<String>, Vec<Value>) {
    let list: Vec<String> = names.split(',').map(str::to_owned).collect();
    let items = list
        .iter()
        .map(|name| json!({ "Name": name, "Id": hex(id(&[kind, name])) }));
    let items = items.collect();
    (list, items)
}

impl Shelf<'_> {
    fn id(&self, parts: &[&str]) -> Uuid {
        let mut all = vec!["shelf", self.server];
        all.extend(parts);
        id(&all)
    }

    /// The fields that every item has, with the item's own over them.
    fn insert(&mut self, view: Uuid, own: Uuid, kind: &str, key: &str, fields: Value) -> Uuid {
        self.minute += 1;
        let created = BEGINNING + self.minute * 60_000;
        let name = fields["Name"].as_str().unwrap_or_default().to_owned();
        let mut body = json!({
            "Name": name, "ServerId": "", "Id": hex(own),
            "Etag": hex(id(&["etag", &hex(own)])), "DateCreated": moment(created),
            "CanDelete": true, "CanDownload": kind != "Series", "SortName": sort_name(&name),
            "ExternalUrls": [], "EnableMediaSourceDisplay": true, "ChannelId": null,
            "Taglines": [], "Genres": [], "PlayAccess": "Full", "RemoteTrailers": [],
            "ProviderIds": {}, "IsFolder": false, "ParentId": hex(view), "Type": kind,
            "People": [], "Studios": [], "GenreItems": [], "LocalTrailerCount": 0,
            "SpecialFeatureCount": 0, "DisplayPreferencesId": hex(id(&["display", kind])),
            "Tags": [], "ImageTags": { "Primary": hex(id(&["primary", &hex(own)])) },
            "BackdropImageTags": [], "ImageBlurHashes": {}, "Chapters": [],
            "LocationType": "FileSystem", "MediaType": "Unknown", "LockedFields": [],
            "LockData": false, "UserData": { "Key": key },
        });
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        let body = match body {
            Value::Object(body) => body,
            _ => Body::new(),
        };
        if let Some(mut item) = Item::from_body(body, created) {
            item.view = Some(view);
            self.library.insert(item);
        }
        own
    }

    /// The films; gives the ids of those by Murnau.
    fn films(&mut self, view: Uuid) -> Vec<Uuid> {
        let mut murnau = Vec::new();
        for row in rows(FILMS) {
            let [
                title,
                year,
                minutes,
                rating,
                score,
                tmdb,
                imdb,
                genres,
                director,
                cast,
                overview,
                copies,
            ] = row[..]
            else {
                continue;
            };
            let Some(copy) = of_shelf(copies, self.number) else {
                continue;
            };
            let (qualities, change) = copy.split_once('*').unwrap_or((copy, ""));
            let name = change.strip_prefix("name=").unwrap_or(title);
            let mut year: i32 = year.parse().unwrap_or(1900);
            if change == "year+1" {
                year += 1;
            }
            let ticks = minutes.parse::<i64>().unwrap_or(90) * 60 * SECOND;
            let ids = match change {
                "noids" => json!({}),
                "tmdb" => json!({ "Tmdb": tmdb }),
                "imdb" => json!({ "Imdb": imdb }),
                _ => json!({ "Tmdb": tmdb, "Imdb": imdb }),
            };
            let own = self.id(&["film", tmdb]);
            let labels: Vec<&str> = qualities.split(',').collect();
            let sources: Vec<Value> = labels
                .iter()
                .enumerate()
                .map(|(at, label)| {
                    let version = if labels.len() > 1 {
                        format!(" - {label}")
                    } else {
                        String::new()
                    };
                    let path = format!("/srv/films/{name} ({year})/{name} ({year}){version}.mp4");
                    let source = if at == 0 {
                        own
                    } else {
                        self.id(&["film", tmdb, label])
                    };
                    let mut source = media::source(source, &path, quality(label), ticks);
                    if labels.len() > 1 {
                        source["Name"] = json!(label);
                    }
                    subtitled(&mut source, &path);
                    source
                })
                .collect();
            let (genres, genre_items) = named("genre", genres);
            let first = quality(labels[0]);
            let mut fields = json!({
                "Name": name, "OriginalTitle": title, "Container": media::ITEM_CONTAINER,
                "PremiereDate": format!("{year}-03-04T00:00:00.0000000Z"),
                "MediaSources": sources, "Path": sources[0]["Path"], "OfficialRating": rating,
                "Overview": overview, "Genres": genres, "GenreItems": genre_items,
                "CommunityRating": score.parse::<f64>().unwrap_or(7.0), "RunTimeTicks": ticks,
                "ProductionYear": year, "ProviderIds": ids, "IsHD": first.height >= 720,
                "People": people(director, cast), "MediaStreams": sources[0]["MediaStreams"],
                "VideoType": "VideoFile", "MediaType": "Video", "HasSubtitles": true,
                "PrimaryImageAspectRatio": 0.666_666_666_666_666_6,
                "Width": first.width, "Height": first.height, "Trickplay": {},
                "BackdropImageTags": [hex(id(&["backdrop", title]))],
            });
            if sources.len() > 1 {
                fields["MediaSourceCount"] = json!(sources.len());
            }
            if change == "tag" {
                fields["Tags"] = json!(["late night"]);
            }
            let is_murnau = director == "F. W. Murnau";
            fields["LocalTrailerCount"] = json!(i32::from(is_murnau));
            self.insert(view, own, "Movie", tmdb, fields);
            if is_murnau {
                extras::hang(&mut self.library, own, ExtraKind::Trailer, "Trailer");
                murnau.push(own);
            }
        }
        murnau
    }

    fn series(&mut self, view: Uuid) {
        for row in rows(SERIES) {
            let [
                title,
                year,
                rating,
                tvdb,
                imdb,
                genres,
                overview,
                seasons,
                episodes,
                qualities,
            ] = row[..]
            else {
                continue;
            };
            let (Some(seasons), Some(label)) = (
                of_shelf(seasons, self.number),
                of_shelf(qualities, self.number),
            ) else {
                continue;
            };
            let (first, last) = seasons.split_once('-').unwrap_or((seasons, seasons));
            let (first, last): (i32, i32) = (first.parse().unwrap_or(1), last.parse().unwrap_or(1));
            let year: i32 = year.parse().unwrap_or(2000);
            let (genres, genre_items) = named("genre", genres);
            let path = format!("/srv/shows/{title} ({year})");
            let series = self.id(&["series", tvdb]);
            let poster = hex(id(&["primary", &hex(series)]));
            self.insert(view, series, "Series", tvdb, json!({
                "Name": title, "IsFolder": true, "ProductionYear": year, "OfficialRating": rating,
                "PremiereDate": format!("{year}-02-01T00:00:00.0000000Z"), "Overview": overview,
                "Genres": genres, "GenreItems": genre_items, "Status": "Ended", "AirDays": [],
                "ProviderIds": { "Tvdb": tvdb, "Imdb": imdb }, "Path": path,
                "CommunityRating": 7.5, "PrimaryImageAspectRatio": 0.666_666_666_666_666_6,
                "BackdropImageTags": [hex(id(&["backdrop", title]))],
                "ChildCount": last - first + 1, "RecursiveItemCount": 0,
            }));
            for number in first..=last {
                let season = self.id(&["season", tvdb, &number.to_string()]);
                self.insert(view, season, "Season", &format!("{tvdb}{number:03}"), json!({
                    "Name": format!("Season {number}"), "SortName": format!("{number:04}"),
                    "IsFolder": true, "IndexNumber": number, "ParentId": hex(series),
                    "SeriesName": title, "SeriesId": hex(series), "ProductionYear": year + number - 1,
                    "SeriesPrimaryImageTag": poster, "Path": format!("{path}/Season {number:02}"),
                    "PrimaryImageAspectRatio": 0.666_666_666_666_666_6, "ChildCount": 0,
                    "RecursiveItemCount": 0,
                }));
                for (at, name) in (1..).zip(episodes.split(';')) {
                    let name = if number == 1 {
                        name.to_owned()
                    } else {
                        format!("{name}, Part {number}")
                    };
                    let own = self.id(&["episode", tvdb, &format!("{number}x{at}")]);
                    let file =
                        format!("{path}/Season {number:02}/{title} S{number:02}E{at:02}.mp4");
                    let ticks = i64::from(24 + (number * 7 + at * 5) % 20) * 60 * SECOND;
                    let picture = quality(label);
                    let source = media::source(own, &file, picture, ticks);
                    self.insert(view, own, "Episode", &format!("{tvdb}{number:03}{at:03}"), json!({
                        "Name": name, "SortName": format!("{number:03} - {at:04} - {name}"),
                        "IndexNumber": at, "ParentIndexNumber": number, "ParentId": hex(season),
                        "SeasonId": hex(season), "SeasonName": format!("Season {number}"),
                        "SeriesId": hex(series), "SeriesName": title, "SeriesPrimaryImageTag": poster,
                        "PremiereDate": format!("{}-02-{:02}T00:00:00.0000000Z", year + number - 1, at * 4),
                        "ProductionYear": year + number - 1, "RunTimeTicks": ticks,
                        "Overview": format!("{overview} Episode {at} of season {number}."),
                        "ProviderIds": { "Tvdb": format!("{tvdb}{number:02}{at:02}") },
                        "Container": media::ITEM_CONTAINER, "Path": file, "MediaType": "Video",
                        "VideoType": "VideoFile", "MediaStreams": source["MediaStreams"],
                        "MediaSources": [source], "Width": picture.width, "Height": picture.height,
                        "IsHD": picture.height >= 720, "Trickplay": {},
                        "PrimaryImageAspectRatio": 1.777_777_777_777_777_7,
                    }));
                }
            }
        }
    }

    fn albums(&mut self, view: Uuid) {
        let shelf = self.number.to_string();
        for row in rows(ALBUMS) {
            let [artist, album, year, release, genres, shelves, tracks] = row[..] else {
                continue;
            };
            if !shelves.split(',').any(|number| number == shelf) {
                continue;
            }
            let year: i32 = year.parse().unwrap_or(2000);
            let (genres, genre_items) = named("musicgenre", genres);
            let own_artist = self.id(&["artist", artist]);
            if self.library.get(own_artist).is_none() {
                self.insert(
                    view,
                    own_artist,
                    "MusicArtist",
                    &format!("Artist-{artist}"),
                    json!({
                        "Name": artist, "IsFolder": true, "Path": format!("/srv/music/{artist}"),
                        "Genres": genres, "GenreItems": genre_items, "ChildCount": 0,
                        "PrimaryImageAspectRatio": 1,
                    }),
                );
            }
            let by = json!([{ "Name": artist, "Id": hex(own_artist) }]);
            let own = self.id(&["album", release]);
            let date = format!("{year}-01-01T00:00:00.0000000Z");
            let path = format!("/srv/music/{artist}/{album} ({year})");
            let total: i64 = tracks
                .split(';')
                .filter_map(|track| track.rsplit('/').next()?.parse::<i64>().ok())
                .sum();
            self.insert(
                view,
                own,
                "MusicAlbum",
                &format!("MusicAlbum-Musicbrainz-{release}"),
                json!({
                    "Name": album, "IsFolder": true, "ParentId": hex(own_artist), "Path": path,
                    "PremiereDate": date, "ProductionYear": year, "Genres": genres,
                    "GenreItems": genre_items, "Artists": [artist], "ArtistItems": by,
                    "AlbumArtist": artist, "AlbumArtists": by, "RunTimeTicks": total * SECOND,
                    "CumulativeRunTimeTicks": total * SECOND, "ChildCount": 0,
                    "ProviderIds": { "MusicBrainzAlbum": release }, "PrimaryImageAspectRatio": 1,
                }),
            );
            let cover = hex(id(&["primary", &hex(own)]));
            for (at, track) in (1..).zip(tracks.split(';')) {
                // The first shelf knows the words of the first songs alone.
                let is_sung = at == 1 || (at == 2 && self.number > 0);
                let (name, seconds) = track.rsplit_once('/').unwrap_or((track, "180"));
                let ticks = seconds.parse::<i64>().unwrap_or(180) * SECOND;
                let file = format!("{path}/{at:02} - {name}.mp3");
                let song = self.id(&["track", release, &at.to_string()]);
                let source = media::sound_source(song, &file, ticks);
                let key = format!("{artist}-{album}-{at:04}{name}");
                self.insert(view, song, "Audio", &key, json!({
                    "Name": name, "SortName": format!("{at:04} - {name}"), "IndexNumber": at,
                    "ParentId": hex(own), "Album": album, "AlbumId": hex(own), "AlbumArtist": artist,
                    "AlbumArtists": by, "Artists": [artist], "ArtistItems": by, "Container": "mp3",
                    "PremiereDate": date, "ProductionYear": year, "RunTimeTicks": ticks,
                    "Genres": genres, "GenreItems": genre_items, "MediaType": "Audio",
                    "HasLyrics": is_sung, "Path": file, "MediaStreams": source["MediaStreams"],
                    "MediaSources": [source], "ImageTags": {}, "AlbumPrimaryImageTag": cover,
                }));
                if is_sung {
                    let line = format!("{name}, oh {name}");
                    let lines = [(1, line.as_str()), (9, "la la la"), (17, line.as_str())];
                    extras::sing(&mut self.library, song, &lines);
                }
            }
        }
    }

    fn box_set(&mut self, view: Uuid, members: &[Uuid]) {
        let own = self.id(&["boxset", "murnau"]);
        self.insert(
            view,
            own,
            "BoxSet",
            &own.hyphenated().to_string(),
            json!({
                "Name": "Murnau Collection", "IsFolder": true, "DisplayOrder": "PremiereDate",
                "Overview": "The films of F. W. Murnau on this shelf.", "ProductionYear": 1922,
                "ProviderIds": { "Tmdb": "990600" }, "ChildCount": members.len(),
                "RecursiveItemCount": members.len(),
                "PrimaryImageAspectRatio": 0.666_666_666_666_666_6,
            }),
        );
        self.library.members.insert(own, members.to_vec());
    }
}

/// An English subtitle file beside the film.
fn subtitled(source: &mut Value, path: &str) {
    let file = path.strip_suffix(".mp4").unwrap_or(path);
    if let Some(streams) = source["MediaStreams"].as_array_mut() {
        streams.push(json!({
            "Codec": "subrip", "Language": "eng", "TimeBase": "1/1000", "VideoRange": "Unknown",
            "VideoRangeType": "Unknown", "AudioSpatialFormat": "None",
            "LocalizedLanguage": "English", "DisplayTitle": "English - SUBRIP - External",
            "IsInterlaced": false, "IsDefault": false, "IsForced": false,
            "IsHearingImpaired": false, "IsOriginal": false, "Type": "Subtitle", "Index": 2,
            "IsExternal": true, "IsTextSubtitleStream": true, "SupportsExternalStream": true,
            "Path": format!("{file}.eng.srt"),
        }));
    }
}

fn people(director: &str, cast: &str) -> Vec<Value> {
    let person = |name: &str, role: &str, kind: &str| json!({ "Name": name, "Id": hex(id(&["person", name])), "Role": role, "Type": kind, "PrimaryImageTag": hex(id(&["face", name])) });
    let actors = cast.split(';').map(|entry| {
        let (name, role) = entry.split_once(" as ").unwrap_or((entry, ""));
        person(name, role, "Actor")
    });
    actors.chain([person(director, "", "Director")]).collect()
}
