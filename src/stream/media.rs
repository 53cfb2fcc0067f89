//! Video and audio: whole files by range, progressive transcodes, HLS, trickplay.

use axum::extract::{Path, Request, State};

use super::answer::{Answer, answer};
use super::call::{Call, Wanted};
use super::query::{path_id, plain};
use super::{StreamError, StreamState};

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
