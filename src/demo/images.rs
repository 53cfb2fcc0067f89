//! Pictures by item, type and size.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use axum::body::Body as HttpBody;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use lru::LruCache;
use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::Call;
use super::item::{Item, hex};
use super::library::Library;
use super::media::{LAST_MODIFIED, set};
use super::params::Params;
use super::pictures::{Motif, draw};
use super::reply::{Refusal, Reply, json_with, ok};
use super::state::{State, User, lock};
use crate::model::ItemKind;
use crate::wire::Body;

/// Drawn pictures by title, year, form and size; a few hundred at the most (some 50 kB each).
static DRAWN: Mutex<Option<Drawn>> = Mutex::new(None);
type Drawn = LruCache<(String, u32, u32), Bytes>;
const KEPT: NonZeroUsize = NonZeroUsize::new(400).unwrap();

const TYPES: [&str; 13] = [
    "primary",
    "art",
    "backdrop",
    "banner",
    "logo",
    "thumb",
    "disc",
    "box",
    "screenshot",
    "menu",
    "chapter",
    "boxrear",
    "profile",
];

/// What a picture shows, and the tag under which the item tells of it.
struct Subject {
    title: String,
    line: String,
    motif: Motif,
    tag: Option<String>,
    name: String,
}

fn tag(body: &Body, kind: &str, index: usize) -> Option<String> {
    if kind == "backdrop" {
        let tags = body.get("BackdropImageTags")?.as_array()?;
        return tags.get(index)?.as_str().map(str::to_owned);
    }
    let tags = body.get("ImageTags")?.as_object()?;
    let found = tags
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(kind));
    found.and_then(|(_, tag)| tag.as_str()).map(str::to_owned)
}

fn subject(state: &State, id: Uuid, kind: &str, index: usize) -> Option<Subject> {
    let library = state.library();
    if let Some(view) = library.view(id) {
        return Some(Subject {
            title: view.name.clone(),
            line: String::new(),
            motif: Motif::Wide,
            tag: tag(&view.body, kind, index),
            name: view.name.clone(),
        });
    }
    let Some(item) = library.owner(id) else {
        return person(&library, id, kind);
    };
    let body = item.body();
    let year = item.year.map_or(String::new(), |year| year.to_string());
    let series = super::item::text(&body, "SeriesName");
    let artist = super::item::text(&body, "AlbumArtist");
    let (motif, line) = match (kind, item.kind) {
        ("backdrop" | "thumb" | "banner", _) => (Motif::Scene, String::new()),
        (_, ItemKind::Episode) => (Motif::Wide, series.unwrap_or_default()),
        (_, ItemKind::MusicAlbum | ItemKind::Audio) => (Motif::Square, artist.unwrap_or_default()),
        (_, ItemKind::MusicArtist) => (Motif::Square, String::new()),
        (_, ItemKind::Season) => (Motif::Poster, series.unwrap_or_default()),
        _ => (Motif::Poster, year),
    };
    Some(Subject {
        title: item.name.clone(),
        line,
        motif,
        tag: tag(&body, kind, index),
        name: item.name.clone(),
    })
}

/// Somebody whom an item names.
fn person(library: &Library, id: Uuid, kind: &str) -> Option<Subject> {
    let id = hex(id);
    let named = |item: &Arc<Item>| {
        let body = item.body();
        let mut people = body.get("People")?.as_array()?.iter();
        // Films that come by number name people without pictures.
        let is_meant =
            |person: &&Value| person["Id"] == *id && person["PrimaryImageTag"].is_string();
        people.find(is_meant).cloned()
    };
    let found = library.iter().find_map(named)?;
    let tag = found["PrimaryImageTag"]
        .as_str()
        .filter(|_| kind == "primary");
    let name = found["Name"].as_str()?;
    Some(Subject {
        title: name.to_owned(),
        line: String::new(),
        motif: Motif::Poster,
        tag: tag.map(str::to_owned),
        name: name.to_owned(),
    })
}

/// `GET /Items/{id}/Images/{type}[/{index}]`: anonymous, as upstream.
pub(super) fn serve(
    state: &State,
    call: &Call,
    id: Uuid,
    kind: &str,
    index: Option<&str>,
) -> Reply {
    if !TYPES.contains(&kind) {
        let message = format!("The value '{kind}' is not valid.");
        return Err(Refusal::problem(
            StatusCode::BAD_REQUEST,
            "One or more validation errors occurred.",
            Some(("imageType".to_owned(), message)),
        ));
    }
    let number = index
        .or(call.params.get("imageindex"))
        .and_then(|index| index.parse().ok());
    let found = subject(state, id, kind, number.unwrap_or(0)).ok_or_else(Refusal::not_found)?;
    let Some(own) = found.tag else {
        let message = format!("{} does not have an image of type {kind}", found.name);
        return Ok(json_with(StatusCode::NOT_FOUND, &json!(message)));
    };
    let mut response = StatusCode::OK.into_response();
    if call.header(header::IF_MODIFIED_SINCE) == Some(LAST_MODIFIED) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let (width, height) = size(found.motif, &call.params)?;
        let picture = picture(&found.title, &found.line, found.motif, width, height);
        response = Response::new(HttpBody::empty());
        set(
            response.headers_mut(),
            header::CONTENT_LENGTH,
            &picture.len().to_string(),
        );
        if call.method != Method::HEAD {
            *response.body_mut() = HttpBody::from(picture);
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(
        header::LAST_MODIFIED,
        HeaderValue::from_static(LAST_MODIFIED),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    let lasting = call.params.get("tag").is_some_and(|tag| !tag.is_empty());
    let cache = if lasting {
        set(headers, header::ETAG, &format!("\"{own}\""));
        "public, max-age=31536000, immutable"
    } else {
        "public"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    Ok(response)
}

/// The size asked for, in the picture's own proportions, never larger than it is drawn at most.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 16 and 1920
fn size(motif: Motif, params: &Params) -> Result<(u32, u32), Refusal> {
    let (width, height) = motif.size();
    let (own_width, own_height) = (f64::from(width), f64::from(height));
    let mut scale: f64 = 1.0;
    for (name, own) in [
        ("maxwidth", own_width),
        ("maxheight", own_height),
        ("width", own_width),
        ("height", own_height),
    ] {
        if let Some(asked) = params.int(name)?.filter(|asked| *asked > 0) {
            #[allow(clippy::cast_precision_loss)] // a number of pixels
            let asked = asked as f64;
            scale = scale.min(asked / own);
        }
    }
    let fill = [("fillwidth", own_width), ("fillheight", own_height)];
    let mut filled: Option<f64> = None;
    for (name, own) in fill {
        if let Some(asked) = params.int(name)?.filter(|asked| *asked > 0) {
            #[allow(clippy::cast_precision_loss)] // a number of pixels
            let asked = asked as f64 / own;
            filled = Some(filled.map_or(asked, |other| other.max(asked)));
        }
    }
    let scale = scale.min(filled.unwrap_or(1.0));
    let side = |own: f64| ((own * scale).round() as u32).max(16);
    Ok((side(own_width), side(own_height)))
}

fn picture(title: &str, line: &str, motif: Motif, width: u32, height: u32) -> Bytes {
    let key = (format!("{title}\n{line}\n{motif:?}"), width, height);
    if let Some(known) = lock(&DRAWN).as_mut().and_then(|kept| kept.get(&key)) {
        return known.clone();
    }
    let drawn = Bytes::from(draw(title, line, motif, width, height));
    lock(&DRAWN)
        .get_or_insert_with(|| LruCache::new(KEPT))
        .put(key, drawn.clone());
    drawn
}

/// `GET /Items/{id}/Images`.
pub(super) fn infos(state: &State, user: &User, id: Uuid) -> Reply {
    let item = super::details::find(state, user, id)?;
    let body = item.body();
    let mut out: Vec<Value> = Vec::new();
    let path = format!("/jellyfin/data/metadata/library/{}", hex(id));
    for (kind, tag) in body
        .get("ImageTags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        out.push(
            json!({ "ImageType": kind, "ImageTag": tag, "Path": format!("{path}/poster.jpg"),
            "Height": 900, "Width": 600 }),
        );
    }
    let backdrops = body.get("BackdropImageTags").and_then(Value::as_array);
    for (index, tag) in backdrops.into_iter().flatten().enumerate() {
        out.push(
            json!({ "ImageType": "Backdrop", "ImageIndex": index, "ImageTag": tag,
            "Path": format!("{path}/backdrop.jpg"), "Height": 720, "Width": 1280 }),
        );
    }
    ok(&Value::Array(out))
}
