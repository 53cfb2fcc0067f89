//! Finds a copy that can be read, and passes on what its server gives.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};

use super::call::{Call, Wanted, is_later_part};
use super::hls::{self, Mapping};
use super::{Grant, StreamError, StreamState, StreamTarget, proxy};
use crate::jellyfin::UpstreamError;

/// Three hours in segments of a second are about 12 MB.
const PLAYLIST_BYTES: usize = 32 << 20;

/// How long headers are waited for before it is asked whether the server is there at all.
pub(super) const DOUBT: Duration = Duration::from_secs(2);
/// Copies that one request is tried at.
const MOST_COPIES: usize = 3;

pub(super) type Answer = Result<Response, StreamError>;

/// Finds the copy, asks its server, passes the answer on. Where the server is silent or has just gone, or
/// gives something else than the file, the catalog is asked once more: it may know a copy that can stand in.
pub(super) async fn answer(state: &StreamState, call: &Call, wanted: Wanted<'_>) -> Answer {
    let whole_file = wanted.is_whole_file(&call.query);
    let mut target = call.target(state, &wanted, &[], None).await?;
    let mut tried = vec![target.copy];
    let upstream = loop {
        let may_switch = tried.len() == 1;
        let failure = match open(state, call, &target, &wanted, may_switch).await {
            Ok(Opened::Here(response)) if is_bad(call, &target, whole_file, &response) => {
                // Whoever asks next is to know how it is.
                let server = target.server.clone();
                tokio::spawn(async move { server.check().await });
                Failure::BadAnswer
            }
            Ok(Opened::Here(response)) => break *response,
            Ok(Opened::Instead(twin)) => {
                target = *twin;
                tried.push(target.copy);
                continue;
            }
            Ok(Opened::Gone) => Failure::Upstream(UpstreamError::Timeout),
            Err(error) => {
                // A subtitle is taken out of its film, which takes as long as it takes.
                if error == UpstreamError::Timeout && wanted.source.is_none() {
                    state.resolve.stalled(target.copy);
                }
                Failure::Upstream(error)
            }
        };
        // Nothing stands in for a transcode while its server is there.
        if !whole_file && !failure.is_outage() {
            return Err(failure.into());
        }
        if failure.is_outage() {
            // One lost request is no outage yet: where servers are gone, their status says so after this.
            state.resolve.look_around().await;
        }
        if whole_file && target.server.is_available() && failure.is_of_copy(wanted.file) {
            state.resolve.failed(target.copy);
        }
        let not_again: &[_] = if whole_file { &tried } else { &[] };
        let again = match call.target(state, &wanted, not_again, None).await {
            Ok(again) => again,
            Err(StreamError::Unavailable) if !failure.is_outage() => return Err(failure.into()),
            Err(error) => return Err(error),
        };
        if tried.contains(&again.copy) || tried.len() >= MOST_COPIES {
            return Err(failure.into());
        }
        tried.push(again.copy);
        target = again;
    };
    if let Some(session) = call.query.get("playSessionId") {
        state.sessions.remember(target.user, session, &target).await;
    }
    if wanted.is_playlist() || is_playlist(&upstream) {
        return playlist(state, call, &target, upstream).await;
    }
    // What a transcode gives is the pace of its encoder, not of the line.
    let pace = whole_file.then(|| proxy::Pace::of(target.server.clone()));
    let flow = proxy::Flow {
        right: Some(proxy::StillRight::of(state.resolve.clone(), &target)),
        server: target.server,
        pace,
        passage: call.passage(&upstream),
    };
    let mut response = proxy::pass_on(&call.method, upstream, flow)?;
    if target.stands_in {
        response.headers_mut().remove(header::LAST_MODIFIED);
    }
    Ok(response)
}

/// Why a copy gave no bytes.
enum Failure {
    Upstream(UpstreamError),
    /// It answered, with something else.
    BadAnswer,
}

impl Failure {
    fn is_outage(&self) -> bool {
        matches!(self, Self::Upstream(error) if error.is_outage())
    }

    /// Whether it says something of the copy, whoever asks. That an account may not download says nothing.
    fn is_of_copy(&self, file: &str) -> bool {
        let refused = matches!(
            self,
            Self::Upstream(UpstreamError::Unauthorized | UpstreamError::Forbidden)
        );
        !(refused && file == "Download")
    }
}

impl From<Failure> for StreamError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Upstream(error) => error.into(),
            Failure::BadAnswer => Self::BadAnswer,
        }
    }
}

/// Whether a server gives something else than what was asked for: a page, as a portal or a proxy gives it;
/// in place of a file an error, a redirect, or the whole of it where a later part was asked for. That there is no
/// such part (416) is a true answer.
fn is_bad(
    call: &Call,
    target: &StreamTarget,
    whole_file: bool,
    upstream: &crate::jellyfin::Response,
) -> bool {
    let status = upstream.status();
    if status.is_success() && is_of_type(upstream, "html") {
        return true;
    }
    if !whole_file {
        return false;
    }
    // With `If-Range` the whole is the answer of a file that changed.
    let may_be_whole = call.headers.contains_key(header::IF_RANGE) && !target.stands_in;
    let is_part = call.method == Method::GET && is_later_part(&call.headers) && !may_be_whole;
    let refused = proxy::check(status) == Err(StreamError::BadAnswer);
    refused || (is_part && status == StatusCode::OK)
}

/// What came of asking a server.
enum Opened {
    Here(Box<crate::jellyfin::Response>),
    /// It keeps the player waiting, and there is a copy of the same bytes elsewhere.
    Instead(Box<StreamTarget>),
    /// It keeps the player waiting, and is not there at all.
    Gone,
}

/// Opens; gives up where the server keeps one waiting and turns out not to be there.
async fn open(
    state: &StreamState,
    call: &Call,
    target: &StreamTarget,
    wanted: &Wanted<'_>,
    may_switch: bool,
) -> Result<Opened, UpstreamError> {
    let instead = async {
        tokio::time::sleep(DOUBT).await;
        match call.target(state, wanted, &[], Some(target.copy)).await {
            Ok(twin) if wanted.is_whole_file(&call.query) => twin,
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        opened = call.open(target, wanted) => Ok(Opened::Here(Box::new(opened?))),
        twin = instead, if may_switch => {
            let server = target.server.clone();
            // Whoever asks next is to know how it is.
            tokio::spawn(async move { server.check().await });
            Ok(Opened::Instead(Box::new(twin)))
        }
        () = target.server.gone(DOUBT) => Ok(Opened::Gone),
    }
}

/// Audio's `universal` may turn out to be one.
fn is_playlist(upstream: &crate::jellyfin::Response) -> bool {
    is_of_type(upstream, "mpegurl")
}

fn is_of_type(upstream: &crate::jellyfin::Response, word: &str) -> bool {
    let kind = upstream.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains(word))
}

async fn playlist(
    state: &StreamState,
    call: &Call,
    target: &StreamTarget,
    upstream: crate::jellyfin::Response,
) -> Answer {
    if upstream.status() != StatusCode::OK {
        return Err(StreamError::BadAnswer);
    }
    let token = upstream.token().cloned().unwrap_or_default();
    let bytes = proxy::read(upstream, PLAYLIST_BYTES).await?;
    let grant = Grant {
        user: target.user,
        copy: target.copy,
    };
    let key = state.capabilities.sign(grant, state.resolve.now());
    let text = hls::rewrite(
        &bytes,
        &Mapping {
            upstream_item: target.upstream_item,
            upstream_source: &target.upstream_source,
            upstream_token: token.expose(),
            copy: target.copy,
            user: target.user,
            device_id: call
                .query
                .get("deviceId")
                .or(call.caller.device_id.as_deref()),
            tag: call.query.get("tag"),
            key: key.expose(),
        },
    );
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.apple.mpegurl"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    // It holds a right of its reader's.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    if call.method != Method::HEAD {
        *response.body_mut() = Body::from(text);
    }
    Ok(response)
}
