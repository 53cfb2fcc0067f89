//! Accepting connections, and a shutdown that lets streams end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tower::util::Oneshot;
use tower::{Layer, ServiceExt};

use crate::rest::NormalizePaths;

/// How long running answers may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a connection may take for the head of its next request. Reverse proxies close what they
/// do not use after 60 seconds: they are to be first.
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
    stop: impl Future<Output = ()> + Send,
) -> Stopped {
    let service = NormalizePaths.layer(router);
    let connections = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        // Through the trait: it waits where too many files are open, and goes on after a bad connection.
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        tokio::spawn(converse(
            stream,
            from,
            service.clone(),
            connections.watcher(),
        ));
    }
    drop(listener);
    match tokio::time::timeout(DRAIN, connections.shutdown()).await {
        Ok(()) => Stopped::Drained,
        Err(_) => {
            tracing::info!("stopped with streams still running");
            Stopped::CutOff
        }
    }
}

async fn converse(stream: TcpStream, from: SocketAddr, service: Service, watcher: Watcher) {
    // A small answer must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER);
    let answer = service_fn(move |request| answer(service.clone(), from, request));
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection).await {
        tracing::trace!(%error, "a connection broke");
    }
}

fn answer(
    service: Service,
    from: SocketAddr,
    request: Request<Incoming>,
) -> Oneshot<Service, Request<Body>> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(from));
    service.oneshot(request)
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
