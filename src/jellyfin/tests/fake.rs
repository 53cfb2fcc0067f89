//! A server that answers as a closure says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use chrono::DateTime;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::jellyfin::{Account, Limits, Registry, Server, ServerSpec, TlsTrust};
use crate::model::{Secret, ServerKey, UpstreamId};

pub(super) type Handler = Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

pub(super) struct Fake {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Fake {
    pub(super) async fn start<F, Fut>(handler: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0".parse().unwrap(), handler).await
    }

    pub(super) async fn start_at<F, Fut>(address: SocketAddr, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |request| Box::pin(handler(request)));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new().fallback(move |request: Request| handler(request));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Long enough for a busy machine, and no health question unless one is asked for.
pub(super) fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(20),
        headers: Duration::from_secs(20),
        backoff: Duration::from_millis(5),
        ejection: Duration::from_secs(60),
        probe_online: Duration::from_secs(600),
        probe_offline: Duration::from_secs(600),
        socket_backoff: Duration::from_millis(20),
        ..Limits::default()
    }
}

pub(super) fn register(url: &str, limits: Limits) -> (Registry, Arc<Server>) {
    register_trusting(url, limits, TlsTrust::System)
}

pub(super) fn register_trusting(
    url: &str,
    limits: Limits,
    tls: TlsTrust,
) -> (Registry, Arc<Server>) {
    let registry = Registry::with_limits(Clock::fixed(DateTime::UNIX_EPOCH), limits);
    let server = registry.upsert(ServerSpec {
        id: 1,
        key: ServerKey::random(),
        name: "attic".to_owned(),
        base_url: url.parse().unwrap(),
        tls,
    });
    (registry, server)
}

pub(super) fn account() -> Account {
    Account {
        user_id: UpstreamId::random(),
        token: Secret::new("s3cret"),
        device_id: "a device".to_owned(),
        link: Some(1),
    }
}

pub(super) fn answer(status: u16, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(Body::from(body.to_string()))
        .unwrap()
}

pub(super) fn public_info(version: &str) -> Response {
    answer(
        200,
        &json!({ "ProductName": "Jellyfin Server", "Version": version, "Id": "ab", "ServerName": "Attic",
            "StartupWizardCompleted": true }),
    )
}

/// The values of one query parameter.
pub(super) fn query(request: &Request, name: &str) -> String {
    ::url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
