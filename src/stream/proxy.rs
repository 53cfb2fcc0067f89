//! Passing an answer on: the safe headers, and the body as it comes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use super::{Resolve, StreamError, StreamTarget};
use crate::jellyfin::{BrokeOff, Server};
use crate::model::PublicId;
use crate::splice::Passage;

/// What a client may say to the source.
const UP: [HeaderName; 4] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// What the source may say to a client: about the bytes, nothing about the source.
const DOWN: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::LAST_MODIFIED,
    header::CONTENT_DISPOSITION,
    header::CACHE_CONTROL,
];

/// How long it is silent before it is asked whether it is there at all.
const DOUBT: Duration = Duration::from_secs(10);
/// How long a source may be silent in the middle of a body while its client waits. A transcode that
/// falls behind takes its time; a dead connection must not hold a player for ever.
const IDLE: Duration = Duration::from_secs(60);
/// The same of a picture or a playlist, which is small.
const IDLE_SMALL: Duration = Duration::from_secs(15);

pub(super) fn headers_up(request: &HeaderMap) -> HeaderMap {
    copy(request, &UP)
}

fn copy(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    names
        .iter()
        .filter_map(|name| Some((name.clone(), from.get(name)?.clone())))
        .collect()
}

/// Whether the answer is one for a client; a redirect would tell where the source is.
///
/// # Errors
/// What the client gets instead.
pub(super) fn check(status: StatusCode) -> Result<(), StreamError> {
    match status.as_u16() {
        200 | 204 | 206 | 304 | 416 => Ok(()),
        400 => Err(StreamError::Invalid("the server refuses it".to_owned())),
        _ => Err(StreamError::BadAnswer),
    }
}

/// What the source says that it is, save what a browser would run as a page of ours.
pub(super) fn content_type(headers: &HeaderMap) -> HeaderValue {
    let unknown = HeaderValue::from_static("application/octet-stream");
    let Some(told) = headers.get(header::CONTENT_TYPE) else {
        return unknown;
    };
    let text = told.to_str().unwrap_or_default().to_ascii_lowercase();
    let runs = ["html", "xml", "script"];
    if text.is_empty() || runs.iter().any(|word| text.contains(word)) {
        return unknown;
    }
    told.clone()
}

/// The answer for the client: memory stays flat, the client's pace is the source's, and whichever side
/// ends ends the other.
///
/// # Errors
/// For a status that is not passed on.
pub(super) fn pass_on(
    method: &Method,
    upstream: crate::jellyfin::Response,
    flow: Flow,
) -> Result<Response, StreamError> {
    check(upstream.status())?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = upstream.status();
    let headers = response.headers_mut();
    *headers = copy(upstream.headers(), &DOWN);
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, content_type(upstream.headers()));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if upstream.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // What comes with it is words, perhaps a page.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    } else if method != Method::HEAD {
        *response.body_mut() = Body::from_stream(chunks(upstream, flow));
    }
    Ok(response)
}

/// What a body on its way is watched for.
pub(super) struct Flow {
    pub(super) server: Arc<Server>,
    pub(super) pace: Option<Pace>,
    pub(super) right: Option<StillRight>,
    pub(super) passage: Option<Passage>,
}

impl Flow {
    /// Of what lies open.
    pub(super) fn of(server: Arc<Server>) -> Self {
        Self {
            server,
            pace: None,
            right: None,
            passage: None,
        }
    }
}

/// How often a right is looked up while bytes flow by it.
const LOOKED_UP: Duration = Duration::from_secs(10);

/// The right that a stream flows by: it may end before the film does.
pub(super) struct StillRight {
    resolve: Arc<dyn Resolve>,
    user: PublicId,
    copy: PublicId,
    looked: Instant,
}

impl StillRight {
    pub(super) fn of(resolve: Arc<dyn Resolve>, target: &StreamTarget) -> Self {
        Self {
            resolve,
            user: target.user,
            copy: target.copy,
            looked: Instant::now(),
        }
    }

    async fn holds(&mut self) -> bool {
        if self.looked.elapsed() < LOOKED_UP {
            return true;
        }
        let holds = self.resolve.may_still(self.user, self.copy).await;
        self.looked = Instant::now();
        holds
    }
}

/// Bytes after which the pace of a source is told.
const TOLD: u64 = 1 << 20;
/// Fewer say nothing.
const LEAST: u64 = 64 << 10;

/// Measures how fast a source gives a file, from when its headers are here.
pub(super) struct Pace {
    server: Arc<Server>,
    since: Instant,
    bytes: u64,
    /// How much of the time since was spent waiting for the source.
    waited: Duration,
}

impl Pace {
    pub(super) fn of(server: Arc<Server>) -> Self {
        Self {
            server,
            since: Instant::now(),
            bytes: 0,
            waited: Duration::ZERO,
        }
    }

    fn count(&mut self, bytes: usize, waited: Duration) {
        self.bytes += bytes as u64;
        self.waited += waited;
        if self.bytes >= TOLD {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.server
            .passed(self.bytes, self.since.elapsed(), self.waited);
        (self.since, self.bytes, self.waited) = (Instant::now(), 0, Duration::ZERO);
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if self.bytes >= LEAST {
            self.tell();
        }
    }
}

/// The body as it comes. Where the source breaks off, so is the client's connection, so that it cannot
/// take the part for the whole.
fn chunks(
    upstream: crate::jellyfin::Response,
    flow: Flow,
) -> impl Stream<Item = Result<Bytes, BrokeOff>> {
    futures::stream::unfold(Some((upstream, flow)), |held| async move {
        let (mut upstream, mut flow) = held?;
        if let Some(passage) = &mut flow.passage {
            passage.ready().await;
        }
        if let Some(right) = &mut flow.right
            && !right.holds().await
        {
            return Some((Err(BrokeOff), None));
        }
        let asked = Instant::now();
        let read = tokio::select! {
            read = tokio::time::timeout(IDLE, upstream.piece(flow.passage.as_mut())) => read,
            // It does not even answer: no use in waiting.
            () = flow.server.gone(DOUBT) => return Some((Err(BrokeOff), None)),
        };
        match read {
            Ok(Ok(Some(bytes))) => {
                if let Some(pace) = &mut flow.pace {
                    pace.count(bytes.len(), asked.elapsed());
                }
                Some((Ok(bytes), Some((upstream, flow))))
            }
            Ok(Ok(None)) => None,
            Ok(Err(_)) | Err(_) => {
                // Whoever asks next is to know how it is.
                tokio::spawn(async move { flow.server.check().await });
                Some((Err(BrokeOff), None))
            }
        }
    })
}

/// The whole body, of at most so many bytes.
///
/// # Errors
/// `BadAnswer` when there is more, or the source breaks off.
pub(super) async fn read(
    mut upstream: crate::jellyfin::Response,
    most: usize,
) -> Result<Vec<u8>, StreamError> {
    if upstream
        .content_length()
        .is_some_and(|length| length > most as u64)
    {
        return Err(StreamError::BadAnswer);
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(IDLE_SMALL, upstream.chunk())
            .await
            .map_err(|_| StreamError::Unavailable)?
            .map_err(|_| StreamError::Unavailable)?;
        match chunk {
            Some(chunk) if bytes.len() + chunk.len() <= most => bytes.extend_from_slice(&chunk),
            Some(_) => return Err(StreamError::BadAnswer),
            None => return Ok(bytes),
        }
    }
}
