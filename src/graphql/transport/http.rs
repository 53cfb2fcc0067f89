//! `/graphql`: GraphQL over HTTP. Queries by GET or POST, mutations by POST with a JSON body only, so
//! that no form and no link of another page can change anything.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::accept::{Answer, media_type, negotiate};
use super::params::{Incoming, Params};
use super::{TransportState, meta, origin, params, respond, token};
use crate::error::Unread;
use crate::graphql::error::{Code, GraphError};
use crate::graphql::{RequestMeta, engine::Entrance};

/// Why a request is not even looked at as GraphQL.
type Refusal = (StatusCode, GraphError);

pub async fn handle(State(state): State<TransportState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let meta = meta(&parts.extensions);
    if !origin::allowed(&parts.headers, &parts.uri, state.public_url.as_deref()) {
        return respond::foreign_origin(&meta);
    }
    let Some(answer) = negotiate(&parts.headers) else {
        let error = GraphError::new(
            Code::BadInput,
            "answers are application/graphql-response+json or application/json",
        );
        return respond::refuse(StatusCode::NOT_ACCEPTABLE, error, &meta);
    };
    match incoming(&state, &parts, body).await {
        Ok(incoming) => run(&state, &parts, incoming, answer, meta).await,
        Err((status, error)) => respond::refuse(status, error, &meta),
    }
}

async fn run(
    state: &TransportState,
    parts: &Parts,
    incoming: Incoming,
    answer: Answer,
    meta: RequestMeta,
) -> Response {
    let entrance = match state
        .engine
        .enter(token::of_headers(&parts.headers), meta.clone())
        .await
    {
        Ok(entrance) => entrance,
        Err(error) => return respond::refuse(StatusCode::SERVICE_UNAVAILABLE, error, &meta),
    };
    match incoming {
        Incoming::One(params) => {
            let read_only = parts.method == Method::GET;
            match ask(state, &entrance, params, read_only).await {
                Ok(response) => respond::one(answer, &response),
                Err((status, error)) => respond::refuse(status, error, &meta),
            }
        }
        Incoming::Batch(batch) => {
            // In order, so that a mutation is seen by what stands behind it.
            let mut responses = Vec::with_capacity(batch.len());
            for params in batch {
                match ask(state, &entrance, params, false).await {
                    Ok(response) => responses.push(response),
                    Err((status, error)) => return respond::refuse(status, error, &meta),
                }
            }
            respond::many(answer, &responses)
        }
    }
}

async fn ask(
    state: &TransportState,
    entrance: &Entrance,
    params: Params,
    read_only: bool,
) -> Result<async_graphql::Response, Refusal> {
    let admitted = match state.engine.admit(params) {
        Ok(admitted) => admitted,
        Err(error) => return Ok(state.engine.refused(error, entrance)),
    };
    if read_only && admitted.is_mutation() {
        let error = GraphError::new(Code::BadInput, "mutations go by POST");
        return Err((StatusCode::METHOD_NOT_ALLOWED, error));
    }
    if admitted.is_subscription() {
        let error = GraphError::new(
            Code::BadInput,
            "subscriptions go by /graphql/ws or /graphql/stream",
        );
        return Err((StatusCode::BAD_REQUEST, error));
    }
    Ok(state.engine.answer(admitted, entrance).await)
}

/// Reads the parameters by the rules of the method.
pub(super) async fn incoming(
    state: &TransportState,
    parts: &Parts,
    body: Body,
) -> Result<Incoming, Refusal> {
    let bad = |error| (StatusCode::BAD_REQUEST, error);
    match parts.method {
        Method::GET => params::from_query(parts.uri.query())
            .map(Incoming::One)
            .map_err(bad),
        Method::POST => {
            if media_type(&parts.headers).as_deref() != Some("application/json") {
                let error = GraphError::new(Code::BadInput, "send application/json");
                return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
            }
            let limits = state.engine.limits();
            let body = axum::body::to_bytes(body, limits.body_bytes)
                .await
                .map_err(|error| unread(&error, limits.body_bytes))?;
            params::from_body(&body, limits.batch).map_err(bad)
        }
        _ => {
            let error = GraphError::new(Code::BadInput, "use GET or POST");
            Err((StatusCode::METHOD_NOT_ALLOWED, error))
        }
    }
}

fn unread(error: &axum::Error, most: usize) -> Refusal {
    match Unread::of(error) {
        Unread::TooLarge => {
            let told = format!("the body has more than {most} bytes");
            let error = GraphError::new(Code::TooComplex, told);
            (StatusCode::PAYLOAD_TOO_LARGE, error)
        }
        Unread::TooSlow => {
            let error = GraphError::new(Code::BadInput, "the body came too slowly");
            (StatusCode::REQUEST_TIMEOUT, error)
        }
        Unread::Broken => {
            let error = GraphError::new(Code::BadInput, "the body cannot be read");
            (StatusCode::BAD_REQUEST, error)
        }
    }
}
