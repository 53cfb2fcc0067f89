//! Jellyfin's API: an unmodified app sees Manyfin as a Jellyfin server.
//!
//! Every request becomes a named GraphQL operation (`queries/*.graphql`) that runs in process on
//! the schema which external clients use; the answer is presented as Jellyfin's JSON. The table
//! [`ROUTES`] holds every route with who may call it. [`NormalizePaths`] must lie around the whole
//! router, because Jellyfin's paths have no case.

mod access;
pub mod caller;
mod connect;
mod dashboard;
mod displayprefs;
pub mod engine;
pub mod error;
pub mod filter;
mod items;
mod livetv;
mod localization;
mod login;
mod lookups;
mod names;
pub mod params;
pub mod paths;
mod playback;
mod playlists;
pub mod present;
pub mod queries;
mod recommendations;
mod route;
mod scan;
mod sessions;
mod shows;
pub mod socket;
mod userdata;
mod users;
mod views;
mod watched;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowHeaders, AllowMethods, Any, CorsLayer};

use crate::accounts::Viewer;
use crate::clock::Clock;
use crate::model::Secret;

pub use access::ROUTES;
pub use engine::{Engine, OnBehalf};
pub use paths::NormalizePaths;
pub use route::{Access, Route, Verb};
pub use socket::{Events, Silence, SocketEvent};

/// What clients are told of this server.
#[derive(Debug, Clone)]
pub struct RestSettings {
    /// 32 hex digits, the same for ever; `ServerId` of every answer.
    pub server_id: String,
    pub server_name: String,
    /// The Jellyfin version that clients are told.
    pub version: String,
    /// Where clients reach us; may have a path. None: where they asked.
    pub public_url: Option<String>,
    /// Where we listen; told where nothing better is known.
    pub bind: SocketAddr,
    /// Whether the login page lists users.
    pub public_users: bool,
}

/// Who a token belongs to; `None` for one that is not known.
pub type Viewers = Arc<
    dyn Fn(
            Secret,
        ) -> BoxFuture<
            'static,
            Result<Option<Arc<Viewer>>, Box<dyn std::error::Error + Send + Sync>>,
        > + Send
        + Sync,
>;

/// What the handlers need.
#[derive(Clone)]
pub struct RestState {
    pub engine: Engine,
    pub settings: Arc<RestSettings>,
    pub viewers: Viewers,
    pub events: Events,
    pub clock: Clock,
    pub silence: Silence,
    /// Ends sockets: the process stops.
    pub closing: CancellationToken,
}

/// Every route of the table, for requests whose paths [`NormalizePaths`] has seen to. The client's
/// address is taken from axum's `ConnectInfo` extension.
pub fn router(state: RestState) -> Router {
    let mut router = Router::new();
    for route in ROUTES.iter().flat_map(|family| family.iter().copied()) {
        let state = state.clone();
        let method = MethodRouter::new().on(route.verb.filter(), move |request| {
            route::answer(route, state.clone(), request)
        });
        router = router.route(route.path, method);
    }
    // As Jellyfin: any origin, no cookies. Browsers take no `*` for `Authorization`, hence the mirror.
    router.layer(
        CorsLayer::new()
            .allow_origin(Any)
            .allow_headers(AllowHeaders::mirror_request())
            .allow_methods(AllowMethods::mirror_request()),
    )
}
