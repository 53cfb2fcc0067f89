//! Refusals as Jellyfin words them, mapped to an answer in one place.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Why a request was refused. What a client reads is Jellyfin's own wording; details of ours go to
/// the log alone.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// No token, or one that is not known.
    #[error("no valid token")]
    Unauthenticated,
    /// The route is not for this user: 403 without a body.
    #[error("not for this user")]
    NotForUser,
    /// Something of somebody else's: 403 with Jellyfin's text.
    #[error("refused")]
    Refused,
    /// A wrong name or password.
    #[error("wrong name or password")]
    WrongLogin,
    #[error("not found")]
    NotFound,
    /// Not found, told by a JSON text (`Series not found`).
    #[error("{0}")]
    Missing(&'static str),
    /// Arguments that do not go together, or name what is not there.
    #[error("bad request")]
    BadRequest,
    /// A field and what is wrong with it.
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String },
    /// A body that is no JSON, or none where one is needed.
    #[error("bad body: {problem}")]
    BadBody {
        /// The name that Jellyfin gives the body.
        name: &'static str,
        path: String,
        problem: String,
    },
    #[error("the body is too large")]
    TooLarge,
    #[error("the body came too slowly")]
    TooSlow,
    #[error("media type is not supported")]
    UnsupportedMediaType,
    /// The source server is silent.
    #[error("a source server does not answer")]
    Unavailable,
    #[error("too many attempts")]
    TooManyAttempts,
    #[error("internal error: {0}")]
    Internal(String),
}

impl RestError {
    pub fn bad_value(field: impl Into<String>, value: &str) -> Self {
        Self::Invalid {
            field: field.into(),
            problem: format!("The value '{value}' is not valid."),
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::WrongLogin => StatusCode::UNAUTHORIZED,
            Self::NotForUser | Self::Refused => StatusCode::FORBIDDEN,
            Self::NotFound | Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::BadRequest | Self::Invalid { .. } | Self::BadBody { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let status = self.status();
        match self {
            Self::Unauthenticated | Self::NotForUser => status.into_response(),
            Self::NotFound | Self::UnsupportedMediaType => problem(status, None),
            Self::Missing(text) => json_response(status, json!(text).to_string()),
            Self::Invalid {
                field,
                problem: why,
            } => problem(status, Some(json!({field: [why]}))),
            Self::BadBody {
                name,
                path,
                problem: why,
            } => problem(
                status,
                Some(json!({name: [format!("The {name} field is required.")], path: [why]})),
            ),
            Self::Internal(why) => {
                tracing::error!(error = why, "a request failed");
                plain(status)
            }
            Self::WrongLogin
            | Self::Refused
            | Self::BadRequest
            | Self::TooLarge
            | Self::TooSlow
            | Self::Unavailable
            | Self::TooManyAttempts => plain(status),
        }
    }
}

fn plain(status: StatusCode) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))],
        "Error processing request.",
    )
        .into_response()
}

/// ASP.NET's problem document.
fn problem(status: StatusCode, errors: Option<serde_json::Value>) -> Response {
    let (section, title) = match status {
        StatusCode::NOT_FOUND => ("15.5.5", "Not Found"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("15.5.16", "Unsupported Media Type"),
        _ => ("15.5.1", "One or more validation errors occurred."),
    };
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let span = uuid::Uuid::new_v4().simple().to_string();
    let mut body = json!({
        "type": format!("https://tools.ietf.org/html/rfc9110#section-{section}"),
        "title": title,
        "status": status.as_u16(),
    });
    if let Some(errors) = errors {
        body["errors"] = errors;
    }
    body["traceId"] = json!(format!("00-{trace}-{}-00", &span[..16]));
    json_response(status, body.to_string())
}

/// JSON with the charset that Jellyfin tells.
pub(super) fn json_response(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    (
        status,
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        )],
        body.into(),
    )
        .into_response()
}
