//! What hangs on items and is in no list: trailers, special features, further parts, themes, intros; and
//! the lyrics of tracks.

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::Call;
use super::content;
use super::details::find;
use super::item::{Item, hex, text};
use super::library::Library;
use super::media::{self, QUALITIES};
use super::render::{self, Shape};
use super::reply::{Refusal, Reply, all, moment, ok};
use super::server::DemoServer;
use super::state::{State, User};
use crate::model::UpstreamId;

const SECOND: i64 = 10_000_000;

/// What an extra is to the item that it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraKind {
    Trailer,
    Feature,
    /// The next file of a film that lies in several.
    Part,
    ThemeSong,
    ThemeVideo,
    /// What this server plays before the item.
    Intro,
}

impl ExtraKind {
    /// `Type` and `ExtraType`.
    fn names(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Trailer => ("Trailer", Some("Trailer")),
            Self::Feature => ("Video", Some("BehindTheScenes")),
            Self::Part => ("Video", None),
            Self::ThemeSong => ("Audio", Some("ThemeSong")),
            Self::ThemeVideo => ("Video", Some("ThemeVideo")),
            Self::Intro => ("Video", None),
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Part => 1_800,
            Self::Feature => 240,
            _ => 40,
        }
    }

    /// The field of the item that counts them.
    fn counted(self) -> Option<&'static str> {
        match self {
            Self::Trailer => Some("LocalTrailerCount"),
            Self::Feature => Some("SpecialFeatureCount"),
            Self::Part => Some("PartCount"),
            Self::ThemeSong | Self::ThemeVideo | Self::Intro => None,
        }
    }
}

/// Hangs a new extra on an item. `None`: there is no such item.
pub(super) fn hang(
    library: &mut Library,
    owner: Uuid,
    kind: ExtraKind,
    name: &str,
) -> Option<Uuid> {
    let held = library.get(owner)?.clone();
    let id = match kind {
        // One for all that it comes before.
        ExtraKind::Intro => content::id(&["intro", name]),
        _ => content::id(&["extra", &hex(owner), name]),
    };
    let told = held.body();
    let same = |field: &str| told.get(field).cloned().unwrap_or_else(|| json!([]));
    let (is, extra) = kind.names();
    let ticks = kind.seconds() * SECOND;
    let is_song = kind == ExtraKind::ThemeSong;
    let suffix = if is_song { "mp3" } else { "mp4" };
    let path = format!("/srv/extras/{}/{name}.{suffix}", held.name);
    let source = match is_song {
        true => media::sound_source(id, &path, ticks),
        false => media::source(id, &path, QUALITIES[0], ticks),
    };
    let mut body = json!({
        "Name": name, "ServerId": "", "Id": hex(id), "Etag": hex(content::id(&["etag", &hex(id)])),
        "DateCreated": moment(held.created), "CanDelete": true, "CanDownload": true,
        "SortName": name.to_lowercase(), "ExternalUrls": [], "MediaSources": [source],
        "Path": path, "EnableMediaSourceDisplay": true, "ChannelId": null, "Taglines": [],
        "Genres": same("Genres"), "RunTimeTicks": ticks, "PlayAccess": "Full", "RemoteTrailers": [],
        "ProviderIds": {}, "IsFolder": false, "Type": is, "People": same("People"), "Studios": same("Studios"),
        "GenreItems": same("GenreItems"), "LocalTrailerCount": 0, "SpecialFeatureCount": 0, "Tags": held.tags,
        "OfficialRating": held.official_rating, "MediaStreams": source["MediaStreams"],
        "ImageTags": { "Primary": hex(content::id(&["primary", &hex(id)])) },
        "BackdropImageTags": [], "ImageBlurHashes": {}, "Chapters": [],
        "LocationType": "FileSystem", "MediaType": if is_song { "Audio" } else { "Video" },
        "LockedFields": [], "LockData": false,
    });
    if !is_song {
        let sheet = json!({ "Width": 320, "Height": 180, "TileWidth": 10, "TileHeight": 10,
            "ThumbnailCount": kind.seconds() / 10, "Interval": 10_000, "Bandwidth": 20_000 });
        body["Trickplay"] = json!({ hex(id): { "320": sheet } });
    }
    if let Some(extra) = extra {
        body["ExtraType"] = json!(extra);
    }
    let Value::Object(body) = body else {
        return None;
    };
    let mut item = Item::from_body(body, held.created)?;
    item.view = held.view;
    library.hang(owner, kind, item);
    Some(id)
}

/// Lyrics whose lines begin at these seconds.
pub(super) fn sing(library: &mut Library, track: Uuid, lines: &[(i64, &str)]) {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(at, line)| json!({ "Text": line, "Start": at * SECOND }))
        .collect();
    let title = library.get(track).map(|track| track.name.clone());
    let lyrics = json!({ "Metadata": { "Title": title, "IsSynced": true }, "Lyrics": lines });
    library.lyrics.insert(track, lyrics);
}

impl DemoServer {
    /// Hangs an extra on an item and tells its id. `None`: there is no such item.
    pub fn add_extra(&self, owner: UpstreamId, kind: ExtraKind, name: &str) -> Option<UpstreamId> {
        let id = hang(&mut self.state().library_mut(), owner.0, kind, name)?;
        let count = self.state().library().extras(owner.0, kind).len();
        if let Some(field) = kind.counted() {
            // Parts are counted with the file that they go on from.
            let count = count + usize::from(kind == ExtraKind::Part);
            self.edit_item(owner, |body| {
                body.insert(field.to_owned(), json!(count));
            });
        }
        Some(UpstreamId(id))
    }

    /// Gives a track lyrics: lines, each with the second at which it begins. `false`: there is no such
    /// track.
    pub fn set_lyrics(&self, track: UpstreamId, lines: &[(i64, &str)]) -> bool {
        sing(&mut self.state().library_mut(), track.0, lines);
        self.edit_item(track, |body| {
            body.insert("HasLyrics".to_owned(), json!(!lines.is_empty()));
        })
    }
}

fn bodies(state: &State, user: &User, owner: Uuid, kind: ExtraKind) -> Vec<Value> {
    let library = state.library();
    let extras = library.extras(owner, kind).into_iter();
    let seen = extras.filter(|extra| user.sees(&library, extra));
    seen.map(|extra| render::body(state, &library, user, &extra, &Shape::detail()))
        .collect()
}

/// `GET /Items/{id}/SpecialFeatures`, `/LocalTrailers`, `/Intros`; `GET /Videos/{id}/AdditionalParts`.
pub(super) fn list(state: &State, user: &User, id: Uuid, route: &str) -> Reply {
    let item = find(state, user, id)?;
    let of = |kind| bodies(state, user, item.id, kind);
    match route {
        "specialfeatures" => ok(&Value::Array(of(ExtraKind::Feature))),
        "localtrailers" => ok(&Value::Array(of(ExtraKind::Trailer))),
        "intros" => ok(&all(of(ExtraKind::Intro))),
        _ => ok(&all(of(ExtraKind::Part))),
    }
}

/// `GET /Items/{id}/ThemeMedia`: of what holds the item, where asked for and the item has none.
pub(super) fn themes(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let item = find(state, user, id)?;
    let above = match call.params.bool("inheritfromparent")?.unwrap_or(false) {
        true => state.library().above(&item),
        false => Vec::new(),
    };
    let result = |kind| {
        let held = [item.clone()].into_iter().chain(above.iter().cloned());
        let mut told = held.map(|held| (held.id, bodies(state, user, held.id, kind)));
        let (owner, items) = told
            .find(|(_, items)| !items.is_empty())
            .unwrap_or((Uuid::nil(), Vec::new()));
        let mut list = all(items);
        list["OwnerId"] = json!(hex(owner));
        list
    };
    let mut none = all(Vec::new());
    none["OwnerId"] = json!(hex(Uuid::nil()));
    ok(&json!({
        "ThemeVideosResult": result(ExtraKind::ThemeVideo),
        "ThemeSongsResult": result(ExtraKind::ThemeSong),
        "SoundtrackSongsResult": none,
    }))
}

/// `GET /Audio/{id}/Lyrics`.
pub(super) fn lyrics(state: &State, user: &User, id: Uuid) -> Reply {
    let track = find(state, user, id)?;
    let library = state.library();
    let lyrics = library.lyrics.get(&track.id);
    match lyrics.filter(|_| text(&track.body(), "Type").as_deref() == Some("Audio")) {
        Some(lyrics) => ok(lyrics),
        None => Err(Refusal::not_found()),
    }
}
