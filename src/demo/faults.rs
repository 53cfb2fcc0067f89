//! A server that goes wrong.

use axum::body::{Body as HttpBody, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::calls::Call;
use super::reply::{Refusal, json_with, text};
use super::spec::{Fault, Proxy};

/// What comes in place of an answer. `public`: the question is whether the server is there.
pub(super) async fn instead(fault: Fault, public: bool, call: &Call) -> Option<Response> {
    Some(match fault {
        Fault::Status500 => Refusal::processing(StatusCode::INTERNAL_SERVER_ERROR).into(),
        Fault::Html => page(),
        Fault::Unauthorized if call.token.is_some() => StatusCode::UNAUTHORIZED.into_response(),
        Fault::Starting if !public => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Stuck if !public => std::future::pending().await,
        Fault::Behind(Proxy::Page) if !public => page(),
        Fault::Behind(Proxy::Status(status)) if !public => plain(status),
        Fault::Files(status) if is_of_a_file(call) => plain(status),
        Fault::Marks(status) if is_a_mark(call) => plain(status),
        Fault::Behind(Proxy::Elsewhere) if !public => {
            let place = [(header::LOCATION, "http://elsewhere.invalid/")];
            (StatusCode::FOUND, place).into_response()
        }
        _ => return None,
    })
}

fn is_of_a_file(call: &Call) -> bool {
    let last = call.parts.last().map(|part| part.to_ascii_lowercase());
    last.is_some_and(|last| last.starts_with("stream") || matches!(&*last, "download" | "file"))
}

fn is_a_mark(call: &Call) -> bool {
    let first = call.parts.first();
    call.method != Method::GET && first.is_some_and(|it| it.eq_ignore_ascii_case("UserItems"))
}

fn plain(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, "404 page not found").into_response()
}

fn page() -> Response {
    let page = "<!doctype html><title>Sign in to the network</title>".to_owned();
    text(StatusCode::OK, "text/html", page)
}

/// Changes what was asked for.
pub(super) fn bend(fault: Fault, headers: &mut HeaderMap) {
    match fault {
        Fault::WholeFile => drop(headers.remove(header::RANGE)),
        Fault::PartsLongerBy(more) => {
            let range = headers.get(header::RANGE).and_then(|it| it.to_str().ok());
            let ends = range.and_then(|it| it.strip_prefix("bytes=")?.split_once('-'));
            let bent = ends.and_then(|(first, last)| {
                let last = last.parse::<i64>().ok()? + more;
                HeaderValue::from_str(&format!("bytes={first}-{last}")).ok()
            });
            if let Some(bent) = bent {
                headers.insert(header::RANGE, bent);
            }
        }
        _ => {}
    }
}

/// Spoils a JSON answer.
pub(super) async fn spoil(response: Response, fault: Fault) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let spoils = matches!(
        fault,
        Fault::TruncatedJson | Fault::WrongTypes | Fault::Null | Fault::Versions(_)
    );
    if !json || !spoils {
        return response;
    }
    let status = response.status();
    let Ok(bytes) = to_bytes(response.into_body(), usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match fault {
        Fault::TruncatedJson => {
            let half = bytes.slice(..bytes.len() / 2);
            let mut response = Response::new(HttpBody::from(half));
            *response.status_mut() = status;
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=utf-8"),
            );
            response
        }
        Fault::Null => json_with(status, &Value::Null),
        Fault::Versions(instead) => {
            if value.get("PlaySessionId").is_some() {
                value["MediaSources"] = serde_json::from_str(instead).unwrap_or_default();
            }
            json_with(status, &value)
        }
        _ => json_with(status, &twisted(value)),
    }
}

/// The same shape with other types: texts for numbers, numbers for texts, objects for lists.
fn twisted(value: Value) -> Value {
    match value {
        Value::Object(body) => body
            .into_iter()
            .map(|(name, value)| (name, twisted(value)))
            .collect(),
        Value::Array(_) => json!({}),
        Value::String(_) => json!(17),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(_) => json!("perhaps"),
        Value::Null => json!([]),
    }
}
