//! `/graphql/stream`: GraphQL over server-sent events, one connection an operation ("distinct
//! connections"): events `next`, at the end `complete`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::params::Incoming;
use super::respond::Written;
use super::{TransportState, accept, http, meta, origin, respond, token};
use crate::graphql::error::{Code, GraphError};

/// How often a silent stream says that it lives; also notices a caller who went away.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub async fn handle(State(state): State<TransportState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let meta = meta(&parts.extensions);
    if !origin::allowed(&parts.headers, &parts.uri, state.public_url.as_deref()) {
        return respond::foreign_origin(&meta);
    }
    if !accept::takes_events(&parts.headers) {
        let error = GraphError::new(Code::BadInput, "answers are text/event-stream");
        return respond::refuse(StatusCode::NOT_ACCEPTABLE, error, &meta);
    }
    let params = match http::incoming(&state, &parts, body).await {
        Ok(Incoming::One(params)) => params,
        Ok(Incoming::Batch(_)) => {
            let error = GraphError::new(Code::BadInput, "one operation a stream");
            return respond::refuse(StatusCode::BAD_REQUEST, error, &meta);
        }
        Err((status, error)) => return respond::refuse(status, error, &meta),
    };
    let admitted = match state.engine.admit(params) {
        Ok(admitted) => admitted,
        Err(error) => return respond::refuse(StatusCode::BAD_REQUEST, error, &meta),
    };
    if parts.method == Method::GET && admitted.is_mutation() {
        let error = GraphError::new(Code::BadInput, "mutations go by POST");
        return respond::refuse(StatusCode::METHOD_NOT_ALLOWED, error, &meta);
    }
    let entrance = match state
        .engine
        .enter(token::of_headers(&parts.headers), meta.clone())
        .await
    {
        Ok(entrance) => entrance,
        Err(error) => return respond::refuse(StatusCode::SERVICE_UNAVAILABLE, error, &meta),
    };
    let events = state
        .engine
        .stream(admitted, &entrance)
        .map(|response| event("next", &response))
        .chain(futures::stream::once(async {
            // A field without text is left out by browsers' EventSource together with the event.
            Event::default().event("complete").data("")
        }))
        // Without `complete`: it goes on elsewhere.
        .take_until(state.closing.cancelled_owned())
        .map(Ok::<_, Infallible>);
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

fn event(name: &str, response: &async_graphql::Response) -> Event {
    let event = Event::default().event(name);
    match serde_json::to_string(&Written::of(response)) {
        Ok(text) => event.data(text),
        Err(error) => {
            tracing::error!(%error, "a GraphQL answer cannot be written");
            event.data("{}")
        }
    }
}
