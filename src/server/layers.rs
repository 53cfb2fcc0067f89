//! What every request passes through, outermost first: measure, name, log line, panic guard, client
//! address, the name handed on, rate limit, body limit.

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;

use super::client_addr::{self, TrustedProxies};
use super::metrics;
use super::rate::{self, RateLimit};
use super::request_id::{self, RequestId};
use crate::telemetry::Metrics;

/// No client sends more than a device profile; uploads are not taken.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

pub fn apply(router: Router, proxies: TrustedProxies, rate: RateLimit, metrics: Metrics) -> Router {
    router
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(rate, rate::limit))
        .layer(middleware::from_fn(request_id::hand_on))
        .layer(middleware::from_fn_with_state(
            proxies.clone(),
            client_addr::resolve,
        ))
        .layer(CatchPanicLayer::custom(|_| {
            let mut answer = http::Response::new(axum::body::Body::from("internal error"));
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        }))
        .layer(
            TraceLayer::new_for_http()
                // The query may hold a token: only the path is told.
                .make_span_with(|request: &Request| {
                    let id = request.extensions().get::<RequestId>();
                    tracing::info_span!(
                        "request",
                        request_id = id.map(RequestId::as_str),
                        method = %request.method(),
                        path = request.uri().path(),
                    )
                })
                .on_failure(DefaultOnFailure::new().level(Level::WARN)),
        )
        .layer(middleware::from_fn_with_state(proxies, request_id::name))
        .layer(middleware::from_fn_with_state(metrics, metrics::measure))
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
