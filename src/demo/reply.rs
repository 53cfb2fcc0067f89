//! Answers in Jellyfin's form, errors too.

use axum::body::Body as HttpBody;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Refusal(Box<Response>);

impl Refusal {
    /// ASP.NET's problem details.
    pub fn problem(status: StatusCode, title: &str, field: Option<(String, String)>) -> Self {
        let mut body = json!({
            "type": "https://tools.ietf.org/html/rfc9110",
            "title": title,
            "status": status.as_u16(),
        });
        if let Some((name, message)) = field {
            body["errors"] = json!({ name: [message] });
        }
        Self(Box::new(json_with(status, &body)))
    }
    pub fn not_found() -> Self {
        Self::problem(StatusCode::NOT_FOUND, "Not Found", None)
    }
    pub fn bad_request(message: &str) -> Self {
        Self::problem(StatusCode::BAD_REQUEST, message, None)
    }
    /// A bare status without a body.
    pub fn status(status: StatusCode) -> Self {
        Self(Box::new(status.into_response()))
    }
    /// What Jellyfin's exception filter says.
    pub fn processing(status: StatusCode) -> Self {
        Self(Box::new(text(
            status,
            "text/plain",
            "Error processing request.".to_owned(),
        )))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        *refusal.0
    }
}

pub(super) type Reply = Result<Response, Refusal>;

pub(super) fn json_with(status: StatusCode, value: &Value) -> Response {
    text(status, "application/json; charset=utf-8", value.to_string())
}

pub(super) fn ok(value: &Value) -> Reply {
    Ok(json_with(StatusCode::OK, value))
}

pub(super) fn no_content() -> Reply {
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) fn text(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(HttpBody::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A `QueryResult`.
pub(super) fn result(items: Vec<Value>, total: usize, start: usize) -> Value {
    json!({ "Items": items, "TotalRecordCount": total, "StartIndex": start })
}

/// A whole list as a `QueryResult`.
pub(super) fn all(items: Vec<Value>) -> Value {
    let total = items.len();
    result(items, total, 0)
}

/// Jellyfin's form of a time: seven digits of a second.
pub(super) fn moment(millis: i64) -> String {
    let seconds = millis.div_euclid(1000);
    let ticks = millis.rem_euclid(1000) * 10_000;
    let day = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    format!("{}.{ticks:07}Z", day.format("%Y-%m-%dT%H:%M:%S"))
}
