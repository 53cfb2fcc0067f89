//! Listening: one router with every route, its layers, health, and a shutdown that lets streams end.

mod client_addr;
pub mod discovery;
mod health;
mod layers;
mod metrics;
mod rate;
mod router;

pub use client_addr::TrustedProxies;
pub use health::Health;
pub use metrics::{Access, IsAdministrator, MetricsState, Now};
pub use rate::{AccountOf, RateLimit};
pub use router::{Routes, router};

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::ServiceExt;
use axum::extract::Request;
use tokio::net::TcpListener;
use tower::Layer;

use crate::rest::NormalizePaths;

/// How long running answers may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every answer came to its end.
    Drained,
    /// Some ran for too long.
    CutOff,
}

/// Serves until `stop` resolves, then lets running answers end. What has no end must end itself then.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<Stopped> {
    let (told, mut asked) = tokio::sync::watch::channel(false);
    let service = NormalizePaths.layer(router);
    let make = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(service);
    let server = axum::serve(listener, make).with_graceful_shutdown(async move {
        stop.await;
        told.send_replace(true);
    });
    tokio::select! {
        done = server => done.map(|()| Stopped::Drained),
        () = async {
            let _ = asked.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(DRAIN).await;
        } => {
            tracing::info!("stopped with streams still running");
            Ok(Stopped::CutOff)
        }
    }
}
