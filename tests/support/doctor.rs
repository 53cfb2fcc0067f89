//! A proxy before a demo server that makes other answers of its answers. Sockets are taken and closed at once.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What was asked, as path and query, and the JSON that was answered; gives status and JSON of the answer
/// that goes out.
type Treatment = dyn Fn(&str, Value) -> (u16, Value) + Send + Sync;

/// Ends when it is dropped.
pub struct Doctor {
    pub url: String,
    task: JoinHandle<()>,
}

impl Doctor {
    /// Before the server at this address; `treat` gets every answer that is JSON and a success.
    pub async fn before(
        server: &str,
        treat: impl Fn(&str, Value) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let (server, treat): (String, Arc<Treatment>) = (server.to_owned(), Arc::new(treat));
        let http = reqwest::Client::new();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let proxy = axum::Router::new().fallback(move |request: Request| {
            pass(http.clone(), server.clone(), treat.clone(), request)
        });
        let task = tokio::spawn(async move { axum::serve(listener, proxy).await.expect("serves") });
        Self { url, task }
    }
}

impl Drop for Doctor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    http: reqwest::Client,
    server: String,
    treat: Arc<Treatment>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.uri.path() == "/socket" {
        let socket = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        return socket
            .expect("a socket")
            .on_upgrade(async |socket| drop(socket));
    }
    let asked = parts.uri.path_and_query().expect("a path").to_string();
    let mut headers = parts.headers;
    for hop in ["host", "content-length", "connection", "accept-encoding"] {
        headers.remove(hop);
    }
    let sent = http
        .request(parts.method, format!("{server}{asked}"))
        .headers(headers)
        .body(to_bytes(body, 1 << 20).await.expect("the request's body"))
        .send()
        .await
        .expect("the server answers");
    let mut answer = Response::builder().status(sent.status());
    let is_success = sent.status().is_success();
    if let Some(kind) = sent.headers().get("content-type") {
        answer = answer.header("content-type", kind);
    }
    let bytes = sent.bytes().await.expect("the answer's body");
    let bytes = match serde_json::from_slice(&bytes) {
        Ok(json) if is_success => {
            let (status, json) = treat(&asked, json);
            answer = answer.status(status);
            json.to_string().into()
        }
        _ => bytes,
    };
    answer.body(Body::from(bytes)).expect("an answer")
}
