//! Video and audio: whole files by range, progressive transcodes, HLS, trickplay.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use super::hls::{self, Mapping};
use super::query::{Query, path_id, plain};
use super::{Asked, Caller, Grant, StreamError, StreamState, StreamTarget, proxy};
use crate::jellyfin::{Made, UpstreamError};
use crate::model::PublicId;

/// Three hours in segments of a second are about 12 MB.
const PLAYLIST_BYTES: usize = 32 << 20;

/// How long headers are waited for before it is asked whether the server is there at all.
pub(super) const DOUBT: Duration = Duration::from_secs(2);
/// Copies that one request is tried at.
const MOST_COPIES: usize = 3;

pub(super) type Answer = Result<Response, StreamError>;

/// A request, read.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) query: Query,
    pub(super) caller: Caller,
    pub(super) grant: Option<Grant>,
}

impl Call {
    pub(super) async fn read(state: &StreamState, request: Request) -> Result<Self, StreamError> {
        let (parts, _) = request.into_parts();
        let caller = (state.identify)(&parts).await?;
        let query = Query::parse(parts.uri.query());
        let now = state.resolve.now();
        let grant = query
            .key()
            .and_then(|key| state.capabilities.verify(key, now));
        Ok(Self {
            method: parts.method,
            headers: parts.headers,
            query,
            caller,
            grant,
        })
    }

    async fn target(
        &self,
        state: &StreamState,
        wanted: &Wanted<'_>,
        instead_of: Option<PublicId>,
    ) -> Result<StreamTarget, StreamError> {
        let device_id = self.caller.device_id.as_deref();
        let asked = Asked {
            viewer: self.caller.viewer.clone(),
            grant: self.grant,
            address: self.caller.address,
            device_id: device_id
                .or_else(|| self.query.get("deviceId"))
                .map(str::to_owned),
            play_session_id: self.query.get("playSessionId").map(str::to_owned),
            id: wanted.id,
            media_source_id: wanted.source.or_else(|| self.query.id("mediaSourceId")),
            tag: self.query.get("tag").map(str::to_owned),
            from_middle: from_middle(&self.headers),
            whole_file: wanted.is_whole_file(&self.query),
            instead_of,
        };
        state.resolve.stream(asked).await
    }

    async fn open(
        &self,
        target: &StreamTarget,
        wanted: &Wanted<'_>,
    ) -> Result<crate::jellyfin::Response, UpstreamError> {
        // A playlist has no length before it is rewritten.
        let method = if wanted.is_playlist() {
            Method::GET
        } else {
            self.method.clone()
        };
        let path = (wanted.path)(target);
        let query = self.query.upward(target, wanted.takes_source);
        let mut headers = proxy::headers_up(&self.headers);
        if target.stands_in {
            // They name the date of the other file.
            for condition in [
                header::IF_RANGE,
                header::IF_MODIFIED_SINCE,
                header::IF_UNMODIFIED_SINCE,
            ] {
                headers.remove(condition);
            }
        }
        let made = match wanted.is_whole_file(&self.query) {
            true => Made::LiesThere,
            false => Made::WhenAsked,
        };
        let account = Some(&target.account);
        target
            .server
            .open(account, made, method, &path, &query, headers)
            .await
    }
}

/// Whether a range begins behind the first byte.
pub(super) fn from_middle(headers: &HeaderMap) -> bool {
    headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok())
        .and_then(|range| range.trim().strip_prefix("bytes="))
        .is_some_and(|range| !range.trim_start().starts_with("0-"))
}

/// What is asked of the source.
pub(super) struct Wanted<'a> {
    pub(super) id: PublicId,
    /// A version in the path.
    pub(super) source: Option<PublicId>,
    /// Whether the route takes a `mediaSourceId`.
    pub(super) takes_source: bool,
    /// The last part of the path.
    pub(super) file: &'a str,
    pub(super) path: Box<dyn Fn(&StreamTarget) -> String + Send + Sync + 'a>,
}

impl Wanted<'_> {
    fn is_playlist(&self) -> bool {
        self.file.ends_with(".m3u8")
    }

    fn is_whole_file(&self, query: &Query) -> bool {
        let is_static = || {
            query
                .get("static")
                .is_some_and(|it| it.eq_ignore_ascii_case("true"))
        };
        match self.file {
            "Download" | "File" => true,
            file => (file == "stream" || file.starts_with("stream.")) && is_static(),
        }
    }
}

/// Finds the copy, asks its server, passes the answer on. When that server is silent or has just gone, the
/// catalog is asked once more: it may know a copy that can stand in.
pub(super) async fn answer(state: &StreamState, call: &Call, wanted: Wanted<'_>) -> Answer {
    let mut target = call.target(state, &wanted, None).await?;
    let mut tried = vec![target.copy];
    let upstream = loop {
        let may_switch = tried.len() == 1;
        let error = match open(state, call, &target, &wanted, may_switch).await {
            Ok(Opened::Here(response)) => break *response,
            Ok(Opened::Instead(twin)) => {
                target = *twin;
                tried.push(target.copy);
                continue;
            }
            Ok(Opened::Gone) => UpstreamError::Timeout,
            Err(error) => {
                // A subtitle is taken out of its film, which takes as long as it takes.
                if error == UpstreamError::Timeout && wanted.source.is_none() {
                    state.resolve.stalled(target.copy);
                }
                error
            }
        };
        if !error.is_outage() {
            return Err(error.into());
        }
        // One lost request is no outage yet: where servers are gone, their status says so after this.
        state.resolve.look_around().await;
        let again = call.target(state, &wanted, None).await?;
        if tried.contains(&again.copy) || tried.len() >= MOST_COPIES {
            return Err(error.into());
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
    let pace = wanted
        .is_whole_file(&call.query)
        .then(|| proxy::Pace::of(target.server.clone()));
    let mut response = proxy::pass_on(&call.method, upstream, target.server, pace)?;
    if target.stands_in {
        response.headers_mut().remove(header::LAST_MODIFIED);
    }
    Ok(response)
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
        match call.target(state, wanted, Some(target.copy)).await {
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
    upstream
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("mpegurl"))
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
            upstream_token: target.account.token.expose(),
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

/// `stream`, `stream.mkv`, `master.m3u8`, `main.m3u8`, `live.m3u8`.
pub(super) async fn video(
    State(state): State<StreamState>,
    Path((id, file)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let known = ["master.m3u8", "main.m3u8", "live.m3u8"];
    whole(&state, "Videos", &id, &file, &known, request).await
}

/// As video; `universal` lets the source choose the form.
pub(super) async fn audio(
    State(state): State<StreamState>,
    Path((id, file)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let known = ["universal", "master.m3u8", "main.m3u8"];
    whole(&state, "Audio", &id, &file, &known, request).await
}

async fn whole(
    state: &StreamState,
    family: &'static str,
    id: &str,
    file: &str,
    known: &[&str],
    request: Request,
) -> Answer {
    let file = plain(file)?;
    if !(file == "stream" || file.starts_with("stream.") || known.contains(&file)) {
        return Err(StreamError::NotFound);
    }
    let call = Call::read(state, request).await?;
    let wanted = Wanted {
        id: path_id(id)?,
        source: None,
        takes_source: true,
        file,
        path: Box::new(move |target| format!("/{family}/{}/{file}", target.upstream_item)),
    };
    answer(state, &call, wanted).await
}

pub(super) async fn video_segment(
    State(state): State<StreamState>,
    Path((id, playlist, file)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    part(&state, "Videos", "hls1", [&id, &playlist, &file], request).await
}

pub(super) async fn audio_segment(
    State(state): State<StreamState>,
    Path((id, playlist, file)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    part(&state, "Audio", "hls1", [&id, &playlist, &file], request).await
}

pub(super) async fn video_legacy(
    State(state): State<StreamState>,
    Path((id, playlist, file)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    part(&state, "Videos", "hls", [&id, &playlist, &file], request).await
}

pub(super) async fn audio_legacy(
    State(state): State<StreamState>,
    Path((id, playlist, file)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    part(&state, "Audio", "hls", [&id, &playlist, &file], request).await
}

/// Preview pictures by time, and the playlist of them.
pub(super) async fn trickplay(
    State(state): State<StreamState>,
    Path((id, width, file)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    part(&state, "Videos", "Trickplay", [&id, &width, &file], request).await
}

async fn part(
    state: &StreamState,
    family: &'static str,
    folder: &'static str,
    [id, inner, file]: [&str; 3],
    request: Request,
) -> Answer {
    let (inner, file) = (plain(inner)?, plain(file)?);
    let call = Call::read(state, request).await?;
    let wanted = Wanted {
        id: path_id(id)?,
        source: None,
        takes_source: true,
        file,
        path: Box::new(move |target| {
            format!("/{family}/{}/{folder}/{inner}/{file}", target.upstream_item)
        }),
    };
    answer(state, &call, wanted).await
}
