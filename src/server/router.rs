//! Every route: what each part brings, and the two of health.

use axum::Router;
use axum::routing::get;

use super::client_addr::TrustedProxies;
use super::health::{self, Health};
use super::layers;
use super::rate::RateLimit;

/// The routers of the parts.
pub struct Routes {
    pub rest: Router,
    pub stream: Router,
    pub graphql: Router,
    pub web: Router,
    pub health: Health,
    pub proxies: TrustedProxies,
    pub rate: RateLimit,
}

pub fn router(routes: Routes) -> Router {
    let health = Router::new()
        .route("/health", get(health::live))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(routes.health);
    let all = Router::new()
        .merge(routes.rest)
        .merge(routes.stream)
        .merge(routes.graphql)
        .merge(routes.web)
        .merge(health);
    layers::apply(all, routes.proxies, routes.rate)
}
