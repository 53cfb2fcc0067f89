//! Turns answers and refusals into HTTP responses.

use async_graphql::{PathSegment, Response as GraphResponse, ServerError, Value};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::accept::Answer;
use crate::graphql::RequestMeta;
use crate::graphql::error::{Code, GraphError};
use crate::graphql::mask;

/// A response as it is written: no `data` where nothing was executed.
#[derive(Serialize)]
pub struct Written<'a> {
    #[serde(skip_serializing_if = "slice_is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

fn slice_is_empty(errors: &&[ServerError]) -> bool {
    errors.is_empty()
}

impl<'a> Written<'a> {
    pub fn of(response: &'a GraphResponse) -> Self {
        Self {
            errors: &response.errors,
            data: executed(response).then_some(&response.data),
        }
    }
}

/// Errors of a request (syntax, validation, limits) have no path: nothing was executed.
pub fn executed(response: &GraphResponse) -> bool {
    response.data != Value::Null
        || response
            .errors
            .iter()
            .any(|error| matches!(error.path.first(), Some(PathSegment::Field(_))))
}

/// A single answer. A request that could not be executed is 400 for those who read statuses.
pub fn one(answer: Answer, response: &GraphResponse) -> Response {
    let status = if answer == Answer::GraphqlResponse && !executed(response) {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    written(status, answer, &Written::of(response))
}

/// The answers of a batch, in order.
pub fn many(answer: Answer, responses: &[GraphResponse]) -> Response {
    let all: Vec<Written> = responses.iter().map(Written::of).collect();
    written(StatusCode::OK, answer, &all)
}

/// A refusal before anything was looked at as GraphQL.
pub fn refuse(status: StatusCode, error: GraphError, meta: &RequestMeta) -> Response {
    let errors = [mask::masked(error, &meta.request_id)];
    let body = Written {
        errors: &errors,
        data: None,
    };
    let mut response = written(status, Answer::Json, &body);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allow = HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// A page of another origin asks.
pub fn foreign_origin(meta: &RequestMeta) -> Response {
    let error = GraphError::new(
        Code::Forbidden,
        "GraphQL is closed to pages of other origins",
    );
    refuse(StatusCode::FORBIDDEN, error, meta)
}

fn written(status: StatusCode, answer: Answer, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, answer.content_type()),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (status, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a GraphQL answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
