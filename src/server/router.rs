//! Every route: what each part brings, and the two of health.

use axum::Router;
use axum::routing::get;

use super::client_addr::TrustedProxies;
use super::health::{self, Health};
use super::layers;
use super::metrics::{self, MetricsState};
use super::rate::RateLimit;

/// The routers of the parts.
pub struct Routes {
    pub rest: Router,
    pub stream: Router,
    pub graphql: Router,
    pub web: Router,
    pub health: Health,
    pub metrics: MetricsState,
    pub proxies: TrustedProxies,
    pub rate: RateLimit,
}

pub fn router(routes: Routes) -> Router {
    let health = Router::new()
        .route("/health", get(health::live))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(routes.health);
    let numbers = routes.metrics.metrics.clone();
    let metrics = Router::new()
        .route("/metrics", get(metrics::read))
        .with_state(routes.metrics);
    let all = Router::new()
        .merge(routes.rest)
        .merge(routes.stream)
        .merge(routes.graphql)
        .merge(routes.web)
        .merge(health)
        .merge(metrics);
    layers::apply(all, routes.proxies, routes.rate, numbers)
}
