//! Which request goes where.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::calls::Call;
use super::params::Params;
use super::reply::{Refusal, Reply, no_content, ok, text};
use super::spec::Seen;
use super::state::{State, lock};
use super::userdata::{self, Report};
use super::{
    auth, details, extras, faults, items, names, playlists, sessions, socket, streams, system,
};
use super::{hls, images, playback, subtitles};

/// Serves one request.
pub(super) async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 4 << 20).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let params = Params::parse(&query);
    let token = auth::token(&parts.headers, &params, state.takes_legacy_tokens());
    let mut call = Call {
        method: parts.method.clone(),
        parts: split(parts.uri.path()),
        params,
        token,
        headers: parts.headers.clone(),
        body,
        query,
    };
    note(&state, parts.uri.path(), &call);
    let delay = state.delay_millis.load(Ordering::SeqCst);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let fault = *lock(&state.fault);
    let public = parts.uri.path().eq_ignore_ascii_case("/System/Info/Public");
    if let Some(fault) = fault {
        if let Some(answer) = faults::instead(fault, public, &call).await {
            return answer;
        }
        faults::bend(fault, &mut call.headers);
    }
    if call.parts.len() == 1 && call.parts[0].eq_ignore_ascii_case("socket") {
        let Ok(session) = call.session(&state) else {
            return StatusCode::FORBIDDEN.into_response();
        };
        return match WebSocketUpgrade::from_request_parts(&mut parts, &state).await {
            Ok(upgrade) => upgrade.on_upgrade(move |socket| {
                socket::serve(state, session.user, session.token, socket)
            }),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    // Drawing a picture takes a while: off the threads that serve.
    let shared = state.clone();
    let answered = tokio::task::spawn_blocking(move || {
        route(&shared, &call).unwrap_or_else(Refusal::into_response)
    });
    let Ok(response) = answered.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let response = match fault {
        Some(fault) => faults::spoil(response, fault).await,
        None => response,
    };
    paced(response, state.bytes_per_second.load(Ordering::SeqCst))
}

/// A film through a narrow line.
fn paced(response: Response, bytes_per_second: u64) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_film = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"video/"));
    if bytes_per_second == 0 || !is_film {
        return response;
    }
    response.map(|body| {
        HttpBody::from_stream(body.into_data_stream().then(move |chunk| async move {
            let bytes = chunk.as_ref().map_or(0, bytes::Bytes::len);
            let takes = bytes as f64 / bytes_per_second as f64;
            tokio::time::sleep(Duration::from_secs_f64(takes)).await;
            chunk
        }))
    })
}

/// The path's parts without an `/emby` or `/mediabrowser` in front.
fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    if parts.first().is_some_and(|first| {
        first.eq_ignore_ascii_case("emby") || first.eq_ignore_ascii_case("mediabrowser")
    }) {
        parts.remove(0);
    }
    parts
}

fn note(state: &State, path: &str, call: &Call) {
    let user = call.token.as_deref().and_then(|token| {
        let id = state.sessions().get(token)?.user;
        state.user(id).map(|user| user.name.clone())
    });
    let kept = call.query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("apikey") && !name.eq_ignore_ascii_case("api_key")
    });
    lock(&state.seen).push(Seen {
        method: call.method.to_string(),
        path: path.to_owned(),
        query: kept.collect::<Vec<_>>().join("&"),
        user,
    });
}

fn route(state: &State, call: &Call) -> Reply {
    let lower: Vec<String> = call
        .parts
        .iter()
        .map(|part| part.to_ascii_lowercase())
        .collect();
    let mut lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let get = matches!(call.method, Method::GET | Method::HEAD);
    let post = call.method == Method::POST;
    let delete = call.method == Method::DELETE;

    // The legacy routes name the user in the path.
    let mut shift = 0;
    let mut asked = call.params.id("userid")?;
    if let ["users", id, rest, ..] = lower[..]
        && !matches!(rest, "images" | "configuration" | "policy" | "password")
    {
        asked = Some(super::params::parse_id("userId", id)?);
        shift = 2;
        lower.drain(..2);
    }
    let user = || call.user_or(state, asked);
    let id = |index: usize| call.id(index + shift);

    match lower[..] {
        ["system", "info", "public"] if get => ok(&system::public_info(state)),
        ["system", "info"] if get => system::info(state, call),
        ["system", "configuration"] if get => system::configuration(state, call),
        ["system", "ping"] => ok(&json!("Jellyfin Server")),
        ["health"] if get => Ok(text(StatusCode::OK, "text/plain", "Healthy".to_owned())),
        ["branding", "configuration"] if get => ok(&json!({ "SplashscreenEnabled": false })),
        ["quickconnect", "enabled"] if get => ok(&json!(false)),
        ["users", "public"] if get => ok(&json!([])),
        ["users", "authenticatebyname"] if post => auth::sign_in(state, call),
        ["users", "me"] if get => auth::me(state, call),
        ["users"] if get => auth::users(state, call),
        ["users", _] if get => auth::user(state, call),
        ["sessions"] if get => sessions::list(state, call),
        ["sessions", "logout"] if post => sessions::logout(state, call),
        ["sessions", "capabilities", ..] if post => {
            call.session(state)?;
            no_content()
        }
        ["sessions", "playing"] if post => userdata::report(state, call, Report::Start),
        ["sessions", "playing", "progress"] if post => {
            userdata::report(state, call, Report::Progress)
        }
        ["sessions", "playing", "stopped"] if post => userdata::report(state, call, Report::Stop),
        ["sessions", "playing", "ping"] if post => {
            call.session(state)?;
            no_content()
        }
        ["library", "virtualfolders"] if get => system::virtual_folders(state, call),
        ["library", "mediafolders"] if get => system::media_folders(state, call),
        ["userviews"] | ["views"] if get => system::views(state, call, user()?),
        ["userviews", "groupingoptions"] | ["groupingoptions"] if get => {
            system::grouping_options(state, user()?)
        }
        ["items"] if get => items::list(state, call, user()?),
        ["items", "counts"] if get => system::counts(state, user()?),
        ["items", "latest"] if get => items::latest(state, call, user()?),
        ["useritems", "resume"] | ["items", "resume"] if get => items::resume(state, call, user()?),
        ["items", _] if get => details::item(state, user()?, id(1)?),
        ["items", _, "ancestors"] if get => details::ancestors(state, user()?, id(1)?),
        ["items", _, "similar"] if get => details::similar(state, call, user()?, id(1)?),
        [
            "items",
            _,
            route @ ("intros" | "specialfeatures" | "localtrailers"),
        ]
        | ["videos", _, route @ "additionalparts"]
            if get =>
        {
            extras::list(state, user()?, id(1)?, route)
        }
        ["items", _, "thememedia"] if get => extras::themes(state, call, user()?, id(1)?),
        ["audio", _, "lyrics"] if get => extras::lyrics(state, user()?, id(1)?),
        ["items", _, "download"] | ["items", _, "file"] if get => {
            streams::download(state, call, user()?, id(1)?, lower[2] == "download")
        }
        ["videos" | "audio", _, route] if get && streams::is_stream(route) => {
            streams::stream(state, call, id(1)?)
        }
        ["items", _, "playbackinfo"] if get || post => playback::info(state, call, user()?, id(1)?),
        ["items", _, "images"] if get => images::infos(state, user()?, id(1)?),
        ["items", _, "images", kind, ..] if get => {
            images::serve(state, call, id(1)?, kind, lower.get(4).copied())
        }
        ["videos", _, "master.m3u8"] if get => hls::master(state, call, id(1)?),
        ["videos", _, "main.m3u8"] if get => hls::main(state, call, id(1)?),
        ["videos", _, "hls1", _, name] if get => hls::segment(state, call, id(1)?, name),
        ["videos", "activeencodings"] if delete => {
            call.session(state)?;
            no_content()
        }
        ["videos", _, _, "subtitles", _, "subtitles.m3u8"] if get => {
            hls::subtitle_playlist(state, call, id(1)?)
        }
        ["videos", _, source, "subtitles", index, name]
        | ["videos", _, source, "subtitles", index, _, name]
            if get && name.starts_with("stream.") =>
        {
            subtitles::serve(state, id(1)?, source, index, name)
        }
        ["mediasegments", _] if get => details::segments(state, user()?, id(1)?),
        ["shows", "nextup"] if get => details::next_up(state, call, user()?),
        ["shows", _, "seasons"] if get => details::seasons(state, call, user()?, id(1)?),
        ["shows", _, "episodes"] if get => details::episodes(state, call, user()?, id(1)?),
        ["useritems", _, "userdata"] if get => userdata::get(state, call, user()?, id(1)?),
        ["useritems", _, "userdata"] | ["items", _, "userdata"] if post => {
            userdata::set(state, call, user()?, id(1)?)
        }
        ["userplayeditems", _] | ["playeditems", _] if post || delete => {
            userdata::mark_played(state, call, user()?, id(1)?, post)
        }
        ["userfavoriteitems", _] | ["favoriteitems", _] if post || delete => {
            userdata::favorite(state, user()?, id(1)?, post)
        }
        ["useritems", _, "rating"] | ["items", _, "rating"] if post || delete => {
            userdata::rate(state, call, user()?, id(1)?, post)
        }
        ["playlists"] if post => playlists::create(state, call),
        ["playlists", _, "items"] if get => playlists::items(state, call, user()?, id(1)?),
        ["playlists", _, "items"] if post => playlists::add(state, call, id(1)?),
        ["playlists", _, "items"] if delete => playlists::remove(state, call, id(1)?),
        ["playlists", _, "items", _, "move", _] if post => playlists::relocate(state, call, id(1)?),
        ["artists", "albumartists"] if get => match names::kind("albumartists") {
            Some(kind) => names::list(state, call, user()?, kind),
            None => Err(Refusal::not_found()),
        },
        [route] if get && names::kind(route).is_some() => match names::kind(route) {
            Some(kind) => names::list(state, call, user()?, kind),
            None => Err(Refusal::not_found()),
        },
        [route, _] if get && names::kind(route).is_some() => match names::kind(route) {
            Some(kind) => names::one(state, call, user()?, kind, &call.parts[shift + 1]),
            None => Err(Refusal::not_found()),
        },
        _ => Err(Refusal::status(StatusCode::NOT_FOUND)),
    }
}
