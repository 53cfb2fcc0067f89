//! GraphQL over HTTP, WebSocket and server-sent events; by hand, because async-graphql's own service
//! runs mutations over GET and plain text, and reads bodies and batches of any size.

mod accept;
mod http;
mod origin;
mod params;
mod respond;
mod sse;
mod token;
mod ws;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Extensions;
use axum::routing::{any, get};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use params::Params;

use super::{Engine, RequestMeta};

/// What the routes need.
#[derive(Clone)]
pub struct TransportState {
    pub engine: Engine,
    /// The address that clients are told: pages from there may ask too.
    pub public_url: Option<Arc<Url>>,
    /// Ends subscriptions: the process stops.
    pub closing: CancellationToken,
}

/// `/graphql`, `/graphql/ws`, `/graphql/stream`.
pub fn router(state: TransportState) -> Router {
    Router::new()
        .route("/graphql", any(http::handle))
        .route("/graphql/ws", get(ws::handle))
        .route("/graphql/stream", any(sse::handle))
        .with_state(state)
}

/// What the server's layers said of the request, else what the socket tells.
fn meta(extensions: &Extensions) -> RequestMeta {
    extensions.get::<RequestMeta>().cloned().unwrap_or_else(|| {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        RequestMeta::new(peer.map(|peer| peer.0.ip()))
    })
}

#[cfg(test)]
mod tests;
