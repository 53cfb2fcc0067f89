//! Accepting connections, and a shutdown that lets streams end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::util::Oneshot;
use tower::{Layer, ServiceExt};

use super::crowd::Crowd;
use super::held::Held;
use super::patience::Patient;
use crate::rest::NormalizePaths;
use crate::splice::Shortcut;

/// How long running answers may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a connection may take for the head of its first and of each next request, silence included.
/// Reverse proxies close what they do not use after 60 seconds: they are to be first.
const HEAD: Duration = Duration::from_secs(75);
/// What a connection may hold of an answer that its client does not take yet, and the most that a
/// request's head may have. hyper's own bound is 400 KiB: with a stream for each of a family's screens
/// that is more than the whole library takes. A byte less than 64 KiB: one read of a file
/// (`jellyfin/read_ahead.rs`) is enough.
const BUFFER: usize = (64 << 10) - 1;

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every answer came to its end.
    Drained,
    /// Some ran for too long.
    CutOff,
}

type Service = <NormalizePaths as Layer<Router>>::Service;

/// Serves until `stop` resolves, then lets running answers end. What has no end must end itself then.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    crowd: Crowd,
    stop: impl Future<Output = ()> + Send,
) -> Stopped {
    let service = NormalizePaths.layer(router);
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    tokio::pin!(stop);
    loop {
        // Through the trait: it waits where too many files are open, and goes on after a bad connection.
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let Some(place) = crowd.admit(from.ip()) else {
            continue;
        };
        // A small answer must not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let held = Held {
            stream,
            shortcut: Shortcut::default(),
            _place: place,
        };
        connections.spawn(converse(held, from, service.clone(), closing.clone()));
    }
    drop(listener);
    connections.close();
    closing.cancel();
    match tokio::time::timeout(DRAIN, connections.wait()).await {
        Ok(()) => Stopped::Drained,
        Err(_) => {
            tracing::info!("stopped with streams still running");
            Stopped::CutOff
        }
    }
}

/// By HTTP/1.1 alone: the bounds here are of that, and no client of ours speaks HTTP/2 in the clear.
async fn converse(held: Held, from: SocketAddr, service: Service, closing: CancellationToken) {
    let shortcut = held.shortcut.clone();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(shortcut.clone());
        answer(service.clone(), from, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(held), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection broke");
    }
}

fn answer(
    service: Service,
    from: SocketAddr,
    request: Request<Incoming>,
) -> Oneshot<Service, Request<Body>> {
    let mut request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => Body::new(Patient::new(body)),
    });
    request.extensions_mut().insert(ConnectInfo(from));
    service.oneshot(request)
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
