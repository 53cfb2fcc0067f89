//! Pictures. A tag names one for good; without a tag it is asked for anew.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use chrono::DateTime;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::image_cache::{Image, ImageKey, LARGEST};
use super::media::{Answer, Call};
use super::query::path_id;
use super::{ImageAsked, ImageTarget, StreamError, StreamState, proxy};
use crate::model::{NameKind, PublicId};

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "public, no-cache";

/// Jellyfin's image types.
const TYPES: [&str; 13] = [
    "Primary",
    "Art",
    "Backdrop",
    "Banner",
    "Logo",
    "Thumb",
    "Disc",
    "Box",
    "Screenshot",
    "Menu",
    "Chapter",
    "BoxRear",
    "Profile",
];

/// What shapes a picture; nothing else goes up.
const FORM: [&str; 14] = [
    "addPlayedIndicator",
    "backgroundColor",
    "blur",
    "cropWhitespace",
    "fillHeight",
    "fillWidth",
    "foregroundLayer",
    "format",
    "height",
    "maxHeight",
    "maxWidth",
    "percentPlayed",
    "quality",
    "unplayedCount",
];

/// A picture of an item, as the route and the query name it.
struct Wanted {
    id: PublicId,
    image_type: &'static str,
    index: Option<u32>,
    tag: Option<String>,
    form: Vec<(&'static str, String)>,
}

pub(super) async fn image(
    State(state): State<StreamState>,
    Path((id, kind)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let call = Call::read(&state, request).await?;
    let index = call
        .query
        .get("imageIndex")
        .and_then(|index| index.parse().ok());
    let wanted = wanted(&call, path_id(&id)?, &kind, index)?;
    answer(&state, &call, wanted).await
}

pub(super) async fn image_at(
    State(state): State<StreamState>,
    Path((id, kind, index)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    let call = Call::read(&state, request).await?;
    let wanted = wanted(&call, path_id(&id)?, &kind, Some(number(&index)?))?;
    answer(&state, &call, wanted).await
}

/// Everything in the path, as old apps have it.
type LongPath = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
);

pub(super) async fn image_long(
    State(state): State<StreamState>,
    Path((id, kind, index, tag, format, width, height, percent, unplayed)): Path<LongPath>,
    request: Request,
) -> Answer {
    let call = Call::read(&state, request).await?;
    let mut wanted = wanted(&call, path_id(&id)?, &kind, Some(number(&index)?))?;
    wanted.tag = Some(tag);
    for (name, value) in [
        ("format", format),
        ("maxWidth", width),
        ("maxHeight", height),
        ("percentPlayed", percent),
        ("unplayedCount", unplayed),
    ] {
        wanted.form.retain(|(known, _)| *known != name);
        // Nought is none there.
        if value != "0" && !value.is_empty() {
            wanted.form.push((name, value));
        }
    }
    wanted.form.sort_unstable();
    answer(&state, &call, wanted).await
}

/// A picture of a genre, studio, person or artist, by name.
pub(super) async fn of_name(
    kind: NameKind,
    state: StreamState,
    name: String,
    image_type: String,
    index: Option<String>,
    request: Request,
) -> Answer {
    let call = Call::read(&state, request).await?;
    let index = index.as_deref().map(number).transpose()?;
    let wanted = wanted(
        &call,
        state.resolve.name_id(kind, &name),
        &image_type,
        index,
    )?;
    answer(&state, &call, wanted).await
}

/// Manyfin's users have no pictures.
pub(super) async fn of_user() -> StreamError {
    StreamError::NotFound
}

fn number(text: &str) -> Result<u32, StreamError> {
    text.parse()
        .map_err(|_| StreamError::Invalid("an image index is a number".to_owned()))
}

fn wanted(
    call: &Call,
    id: PublicId,
    kind: &str,
    index: Option<u32>,
) -> Result<Wanted, StreamError> {
    let image_type = TYPES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(kind))
        .ok_or_else(|| {
            StreamError::Invalid(format!("no image type; allowed: {}", TYPES.join(", ")))
        })?;
    let form = FORM
        .into_iter()
        .filter_map(|name| Some((name, call.query.get(name)?.to_owned())))
        .collect();
    Ok(Wanted {
        id,
        image_type,
        index,
        tag: call.query.get("tag").map(str::to_owned),
        form,
    })
}

async fn answer(state: &StreamState, call: &Call, wanted: Wanted) -> Answer {
    let target = state
        .resolve
        .image(ImageAsked {
            viewer: call.caller.viewer.clone(),
            id: wanted.id,
            image_type: wanted.image_type,
            index: wanted.index,
            tag: wanted.tag.clone(),
        })
        .await?;
    let headers = headers(&wanted, &target);
    if let Some(etag) = headers.get(header::ETAG)
        && knows(&call.headers, etag)
    {
        return Ok(bare(StatusCode::NOT_MODIFIED, headers));
    }
    let webp = takes_webp(&call.headers);
    let Some(tag) = target.upstream_tag.clone() else {
        return direct(call, &target, &wanted, webp, headers).await;
    };
    let key = ImageKey {
        server: target.server.key,
        item: target.upstream_item,
        image_type: target.image_type,
        index: target.index,
        tag,
        form: form_text(&wanted.form),
        webp,
    };
    // None: too large to be kept.
    let image = match state.images.get(key, fetch(&target, &wanted, webp)).await {
        Err(StreamError::BadAnswer) => return direct(call, &target, &wanted, webp, headers).await,
        image => image?,
    };
    send(call, &image, headers)
}

fn form_text(form: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// What is told beside every picture.
fn headers(wanted: &Wanted, target: &ImageTarget) -> HeaderMap {
    let policy = if wanted.tag.is_some() {
        FOR_GOOD
    } else {
        ASK_AGAIN
    };
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CACHE_CONTROL, policy);
    set(header::VARY, "Accept");
    // A picture is never a page of ours, whatever the source says that it is.
    set(header::CONTENT_DISPOSITION, "attachment");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let tag = wanted.tag.as_ref().or(target.upstream_tag.as_ref());
    if let Some(tag) = tag.filter(|tag| !tag.contains('"'))
        && let Ok(etag) = HeaderValue::from_str(&format!("\"{tag}\""))
    {
        headers.insert(header::ETAG, etag);
    }
    headers
}

/// Whether the client has it already (`If-None-Match`).
fn knows(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let ours = etag.as_bytes();
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag.as_bytes() == ours)
}

fn takes_webp(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("image/webp"))
}

async fn open(
    target: &ImageTarget,
    wanted: &Wanted,
    webp: bool,
    method: Method,
    mut headers: HeaderMap,
) -> Result<crate::jellyfin::Response, StreamError> {
    let accept = if webp { "image/webp,*/*" } else { "*/*" };
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    let (item, kind) = (target.upstream_item, target.image_type);
    let path = match target.index {
        Some(index) => format!("/Items/{item}/Images/{kind}/{index}"),
        None => format!("/Items/{item}/Images/{kind}"),
    };
    let account = target.account.as_ref();
    let upstream = target
        .server
        .open(account, method, &path, &wanted.form, headers)
        .await?;
    proxy::check(upstream.status())?;
    Ok(upstream)
}

/// `BadAnswer`: there is more than is kept.
async fn fetch(
    target: &ImageTarget,
    wanted: &Wanted,
    webp: bool,
) -> Result<Arc<Image>, StreamError> {
    let upstream = open(target, wanted, webp, Method::GET, HeaderMap::new()).await?;
    let headers = upstream.headers();
    let content_type = proxy::content_type(headers);
    let last_modified = headers.get(header::LAST_MODIFIED).cloned();
    let bytes = proxy::read(upstream, LARGEST).await?;
    Ok(Arc::new(Image {
        content_type,
        last_modified,
        bytes: Bytes::from(bytes),
    }))
}

/// Passed on without being kept.
async fn direct(
    call: &Call,
    target: &ImageTarget,
    wanted: &Wanted,
    webp: bool,
    headers: HeaderMap,
) -> Answer {
    let up = proxy::headers_up(&call.headers);
    let upstream = open(target, wanted, webp, call.method.clone(), up).await?;
    let mut response = proxy::pass_on(&call.method, upstream, target.server.clone(), None)?;
    response.headers_mut().extend(headers);
    Ok(response)
}

fn send(call: &Call, image: &Image, mut headers: HeaderMap) -> Answer {
    if let Some(time) = &image.last_modified {
        headers.insert(header::LAST_MODIFIED, time.clone());
        let unchanged = call
            .headers
            .get(header::IF_MODIFIED_SINCE)
            .is_some_and(|since| is_since(time, since));
        // The tag, where it is told, decides alone.
        if unchanged && !call.headers.contains_key(header::IF_NONE_MATCH) {
            return Ok(bare(StatusCode::NOT_MODIFIED, headers));
        }
    }
    headers.insert(header::CONTENT_TYPE, image.content_type.clone());
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(image.bytes.len()));
    let mut response = bare(StatusCode::OK, headers);
    if call.method != Method::HEAD {
        *response.body_mut() = Body::from(image.bytes.clone());
    }
    Ok(response)
}

fn is_since(changed: &HeaderValue, since: &HeaderValue) -> bool {
    let read = |value: &HeaderValue| DateTime::parse_from_rfc2822(value.to_str().ok()?).ok();
    matches!((read(changed), read(since)), (Some(changed), Some(since)) if changed <= since)
}

fn bare(status: StatusCode, headers: HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
