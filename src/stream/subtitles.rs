//! Subtitles and the fonts that go with them.

use axum::extract::{Path, Request, State};

use super::answer::{Answer, answer};
use super::call::{Call, Wanted};
use super::query::{path_id, plain};
use super::{StreamError, StreamState};
use crate::model::PublicId;

/// `stream.vtt` …, or `subtitles.m3u8`, which cuts the subtitle into segments for HLS.
pub(super) async fn subtitle(
    State(state): State<StreamState>,
    Path((id, source, index, file)): Path<(String, String, String, String)>,
    request: Request,
) -> Answer {
    let rest = format!("Subtitles/{}", number(&index)?);
    beside(
        &state,
        &id,
        &source,
        &rest,
        Some(file_name(&file)?),
        request,
    )
    .await
}

/// The same from a position on.
pub(super) async fn subtitle_from(
    State(state): State<StreamState>,
    Path((id, source, index, start, file)): Path<(String, String, String, String, String)>,
    request: Request,
) -> Answer {
    let rest = format!("Subtitles/{}/{}", number(&index)?, number(&start)?);
    beside(
        &state,
        &id,
        &source,
        &rest,
        Some(file_name(&file)?),
        request,
    )
    .await
}

pub(super) async fn attachment(
    State(state): State<StreamState>,
    Path((id, source, index)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    let rest = format!("Attachments/{}", number(&index)?);
    beside(&state, &id, &source, &rest, None, request).await
}

/// What lies below `/Videos/{item}/{version}/`.
async fn beside(
    state: &StreamState,
    id: &str,
    source: &str,
    rest: &str,
    file: Option<&str>,
    request: Request,
) -> Answer {
    let source: PublicId = path_id(source)?;
    let call = Call::read(state, request).await?;
    let wanted = Wanted {
        id: path_id(id)?,
        source: Some(source),
        takes_source: false,
        file: file.unwrap_or_default(),
        path: Box::new(move |target| {
            let (item, version) = (target.upstream_item, &target.upstream_source);
            match file {
                Some(file) => format!("/Videos/{item}/{version}/{rest}/{file}"),
                None => format!("/Videos/{item}/{version}/{rest}"),
            }
        }),
    };
    match answer(state, &call, wanted).await {
        // Jellyfin fails where it does not know the stream.
        Err(StreamError::BadAnswer) => Err(StreamError::NotFound),
        answer => answer,
    }
}

fn number(text: &str) -> Result<u64, StreamError> {
    text.parse().map_err(|_| StreamError::NotFound)
}

fn file_name(file: &str) -> Result<&str, StreamError> {
    let file = plain(file)?;
    let known = file == "subtitles.m3u8" || file.starts_with("stream.");
    known.then_some(file).ok_or(StreamError::NotFound)
}
