//! Whole files, for keeping: only for who is signed in, and where the account on the server may.

use axum::extract::{Path, Request, State};

use super::answer::{Answer, answer};
use super::call::{Call, Wanted};
use super::query::path_id;
use super::{StreamError, StreamState};

pub(super) async fn download(
    State(state): State<StreamState>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    whole(&state, &id, "Download", request).await
}

/// The same to be played at once; no `Content-Disposition`.
pub(super) async fn file(
    State(state): State<StreamState>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    whole(&state, &id, "File", request).await
}

async fn whole(state: &StreamState, id: &str, what: &'static str, request: Request) -> Answer {
    let mut call = Call::read(state, request).await?;
    if call.caller.viewer.is_none() {
        return Err(StreamError::Unauthenticated);
    }
    // A right to play is none to keep.
    call.grant = None;
    let wanted = Wanted {
        id: path_id(id)?,
        source: None,
        takes_source: false,
        file: what,
        path: Box::new(move |target| format!("/Items/{}/{what}", target.upstream_item)),
    };
    answer(state, &call, wanted).await
}
