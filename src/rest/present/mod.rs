//! From the engine's answers to Jellyfin's JSON.

pub mod hints;
pub mod list;
pub mod raw;
pub mod session;
pub mod user;

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::error::json_response;
use super::route::Answer;
use raw::Raw;

/// A value of ours.
pub fn json<T: Serialize>(value: &T) -> Answer {
    let text = serde_json::to_string(value)
        .map_err(|error| super::error::RestError::Internal(error.to_string()))?;
    Ok(json_response(StatusCode::OK, text))
}

/// A body as it came.
pub fn raw(body: Raw) -> Response {
    json_response(StatusCode::OK, body.0)
}

/// 204.
pub fn nothing() -> Answer {
    use axum::response::IntoResponse;
    Ok(StatusCode::NO_CONTENT.into_response())
}
