//! `/metrics`, and the layer that measures requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use ipnet::IpNet;

use crate::telemetry::{Metrics, metrics};

/// Tells how everything is at the moment.
pub type Now = Arc<dyn Fn() -> BoxFuture<'static, metrics::Now> + Send + Sync>;
/// Whether a request's token is an administrator's; none where it has no token.
pub type IsAdministrator = Arc<dyn Fn(&Parts) -> BoxFuture<'static, Option<bool>> + Send + Sync>;

/// Who may read the numbers: they name servers and tell how much is watched.
#[derive(Clone)]
pub struct Access {
    /// Whoever comes from there.
    pub from: Arc<[IpNet]>,
    pub administrator: IsAdministrator,
}

#[derive(Clone)]
pub struct MetricsState {
    pub metrics: Metrics,
    pub now: Now,
    pub access: Access,
}

/// Answers an administrator, or whoever comes from `metrics_from`.
pub async fn read(State(state): State<MetricsState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(refusal) = state.access.check(&parts).await {
        return refusal;
    }
    let now = (state.now)().await;
    let head = [(
        CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    )];
    (head, state.metrics.encode(&now)).into_response()
}

impl Access {
    async fn check(&self, parts: &Parts) -> Result<(), Response> {
        // The client's own, which a trusted proxy may have told.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|peer| peer.0.ip().to_canonical());
        if address.is_some_and(|address| self.from.iter().any(|net| net.contains(&address))) {
            return Ok(());
        }
        match (self.administrator)(parts).await {
            Some(true) => Ok(()),
            Some(false) => Err((
                StatusCode::FORBIDDEN,
                "for administrators, or from metrics_from\n",
            )
                .into_response()),
            None => {
                let scheme = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
                let told = "an administrator's token is needed, or an address of metrics_from\n";
                Err((StatusCode::UNAUTHORIZED, scheme, told).into_response())
            }
        }
    }
}

/// Counts every request under the route that answers it, never under its path.
pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    metrics.request(&method, route, response.status().as_u16(), start.elapsed());
    response
}
