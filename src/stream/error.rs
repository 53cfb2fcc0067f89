//! Why there are no bytes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::jellyfin::UpstreamError;

/// The answer in place of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    #[error("the request cannot be read: {0}")]
    Invalid(String),
    /// Nothing says who asks, and the URL carries no right.
    #[error("sign in, or use a URL that playback information gave")]
    Unauthenticated,
    #[error("the account may not do this")]
    Forbidden,
    /// Also for what exists, but not for this caller.
    #[error("there is no such thing here")]
    NotFound,
    #[error("no server that has it can be reached")]
    Unavailable,
    #[error("the server's answer cannot be passed on")]
    BadAnswer,
    #[error("something went wrong here")]
    Internal,
}

impl From<UpstreamError> for StreamError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::NotFound | UpstreamError::Unauthorized => Self::NotFound,
            UpstreamError::Forbidden => Self::Forbidden,
            // Any other status is an answer, which is looked at where it is passed on.
            _ => Self::Unavailable,
        }
    }
}

impl StreamError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::BadAnswer => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for StreamError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = json!({
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        // A failure must not outlive its cause in somebody's cache.
        let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        let mut response = (status, headers, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        response
    }
}
