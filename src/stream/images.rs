//! Pictures. A tag names one for good; without a tag it is asked for anew.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use chrono::DateTime;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};

use super::answer::{Answer, DOUBT};
use super::call::Call;
use super::image_cache::{Fetched, ImageKey, LARGEST, Picture, Validators};
use super::query::path_id;
use super::{ImageAsked, ImageTarget, StreamError, StreamState, proxy};
use crate::jellyfin::Made;
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
const FORM: [&str; 15] = [
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
    "width",
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

/// A picture of a genre, studio, person or artist, by name. Unlike an id a name can be guessed: who does not
/// say who they are shows by the tag that they were told of it.
pub(super) async fn of_name(
    kind: NameKind,
    state: StreamState,
    name: String,
    image_type: String,
    index: Option<String>,
    request: Request,
) -> Answer {
    let call = Call::read(&state, request).await?;
    if call.caller.viewer.is_none() && call.query.get("tag").is_none() {
        return Err(StreamError::NotFound);
    }
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
    let headers = headers(&wanted);
    if let Some(etag) = headers.get(header::ETAG)
        && knows(&call.headers, etag)
    {
        return Ok(bare(StatusCode::NOT_MODIFIED, headers));
    }
    let source = Source {
        webp: takes_webp(&call.headers),
        form: wanted.form,
        target,
    };
    let target = &source.target;
    let key = ImageKey {
        server: target.server.key,
        item: target.upstream_item,
        image_type: target.image_type,
        index: target.index,
        tag: target.upstream_tag.clone(),
        form: form_text(&source.form),
        webp: source.webp,
    };
    let is_online = target.server.status().is_online();
    let fetch = |known| source.clone().fetch(known);
    let found = state.images.get(&key, is_online, fetch).await?;
    match found {
        Some(picture) => send(call, &picture, headers),
        None => direct(call, source, headers).await,
    }
}

fn form_text(form: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// What is told beside every picture.
fn headers(wanted: &Wanted) -> HeaderMap {
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
    // Without a tag it may be another one by now: its bytes decide.
    if let Some(tag) = wanted.tag.as_ref().filter(|tag| !tag.contains('"'))
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

/// Where a picture comes from, for a request that outlives its caller.
#[derive(Clone)]
struct Source {
    target: ImageTarget,
    form: Vec<(&'static str, String)>,
    webp: bool,
}

impl Source {
    async fn open(
        &self,
        method: Method,
        mut headers: HeaderMap,
    ) -> Result<crate::jellyfin::Response, StreamError> {
        let target = &self.target;
        let accept = if self.webp { "image/webp,*/*" } else { "*/*" };
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        let (item, kind) = (target.upstream_item, target.image_type);
        let path = match target.index {
            Some(index) => format!("/Items/{item}/Images/{kind}/{index}"),
            None => format!("/Items/{item}/Images/{kind}"),
        };
        let (server, account) = (&target.server, target.account.as_ref());
        // A page of posters must not wait for each of them in turn.
        if !server.is_available() {
            return Err(StreamError::Unavailable);
        }
        let made = Made::LiesThere;
        let upstream = tokio::select! {
            opened = server.open(account, made, method, &path, &self.form, headers) => opened?,
            () = server.gone(DOUBT) => return Err(StreamError::Unavailable),
        };
        proxy::check(upstream.status())?;
        Ok(upstream)
    }

    /// `known`: of the picture that is kept.
    async fn fetch(self, known: Validators) -> Result<Fetched, StreamError> {
        let mut conditions = HeaderMap::new();
        let known = [
            (header::IF_NONE_MATCH, known.etag),
            (header::IF_MODIFIED_SINCE, known.last_modified),
        ];
        conditions.extend(
            known
                .map(|(name, value)| Some((name, value?)))
                .into_iter()
                .flatten(),
        );
        let upstream = self.open(Method::GET, conditions).await?;
        let headers = upstream.headers();
        let content_type = proxy::content_type(headers);
        let is_picture = content_type
            .to_str()
            .is_ok_and(|kind| kind.to_ascii_lowercase().starts_with("image/"));
        let length = upstream.content_length().unwrap_or(0);
        match upstream.status() {
            StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
            StatusCode::OK if is_picture && length <= LARGEST as u64 => {}
            _ => return Ok(Fetched::NotKept),
        }
        let (etag, last_modified) = (
            headers.get(header::ETAG).cloned(),
            headers.get(header::LAST_MODIFIED).cloned(),
        );
        let bytes = match proxy::read(upstream, LARGEST).await {
            Err(StreamError::BadAnswer) => return Ok(Fetched::NotKept),
            bytes => Bytes::from(bytes?),
        };
        Ok(Fetched::New(Picture {
            content_type,
            etag,
            last_modified,
            bytes,
        }))
    }
}

/// Passed on without being kept.
async fn direct(call: &Call, source: Source, headers: HeaderMap) -> Answer {
    let up = proxy::headers_up(&call.headers);
    let upstream = source.open(call.method.clone(), up).await?;
    let mut response = proxy::pass_on(
        &call.method,
        upstream,
        proxy::Flow::of(source.target.server),
    )?;
    response.headers_mut().extend(headers);
    Ok(response)
}

fn send(call: &Call, picture: &Picture, mut headers: HeaderMap) -> Answer {
    let by_bytes = || {
        let digest = Sha256::digest(&picture.bytes);
        HeaderValue::from_str(&format!("\"{}\"", hex::encode(&digest[..8])))
    };
    if !headers.contains_key(header::ETAG)
        && let Ok(etag) = by_bytes()
    {
        let known = knows(&call.headers, &etag);
        headers.insert(header::ETAG, etag);
        if known {
            return Ok(bare(StatusCode::NOT_MODIFIED, headers));
        }
    }
    if let Some(time) = &picture.last_modified {
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
    let length = HeaderValue::from(picture.bytes.len());
    headers.insert(header::CONTENT_TYPE, picture.content_type.clone());
    headers.insert(header::CONTENT_LENGTH, length);
    let mut response = bare(StatusCode::OK, headers);
    if call.method != Method::HEAD {
        *response.body_mut() = Body::from(picture.bytes.clone());
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
