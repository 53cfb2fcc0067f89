//! Tests of this layer over an engine that answers what it is told to.

mod access;
mod callers;
mod documents;
mod front;
mod parameters;
mod presenting;
mod sockets;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_graphql::{Response as GraphResponse, Value as GraphValue, Variables};
use axum::body::Body;
use futures::{FutureExt, StreamExt};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use super::*;
use crate::accounts::SessionInfo;
use crate::model::PublicId;

pub const ALICE: &str = "03234cb2a2804591a4b6735d54ba8ada";
pub const ADMIN: &str = "dbd13527bc894f67828441b0b387e6bb";

/// An engine that keeps what it was asked, and a router over it.
pub struct Stage {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    router: Router,
}

/// What an operation is answered with: data, or the code of an error.
pub type Script = fn(&str, &Value) -> Result<Value, &'static str>;

impl Stage {
    pub fn new(script: Script) -> Self {
        Self::with_events(script, |_| futures::stream::pending().boxed())
    }

    pub fn with_events(
        script: Script,
        events: fn(&Arc<Viewer>) -> futures::stream::BoxStream<'static, SocketEvent>,
    ) -> Self {
        Self::made(script, events, Silence::default())
    }

    /// Whose sockets are patient for so long.
    pub fn with_silence(script: Script, silence: Silence) -> Self {
        Self::made(script, |_| futures::stream::pending().boxed(), silence)
    }

    fn made(
        script: Script,
        events: fn(&Arc<Viewer>) -> futures::stream::BoxStream<'static, SocketEvent>,
        silence: Silence,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let engine = Engine::new(move |_, request| {
            let name = request.operation_name.clone().unwrap_or_default();
            let variables = plain(&request.variables);
            let answer = match script(&name, &variables) {
                Ok(data) => GraphResponse::new(GraphValue::from_json(data).unwrap()),
                Err(code) => {
                    let mut error = async_graphql::ServerError::new(code, None);
                    let mut more = async_graphql::ErrorExtensionValues::default();
                    more.set("code", code);
                    error.extensions = Some(more);
                    GraphResponse::from_errors(vec![error])
                }
            };
            kept.lock().unwrap().push((name, variables));
            async move { answer }.boxed()
        });
        let state = RestState {
            engine,
            settings: Arc::new(RestSettings {
                server_id: "16f749e2286649439320b00b0eb9e59a".to_owned(),
                server_name: "Films".to_owned(),
                version: "10.11.11".to_owned(),
                public_url: Some("https://films.example.org/all".to_owned()),
                bind: SocketAddr::from(([127, 0, 0, 1], 8096)),
                public_users: false,
            }),
            viewers: Arc::new(|token| {
                let viewer = match token.expose() {
                    "alice-token" => Some(viewer(ALICE, "alice", false)),
                    "admin-token" => Some(viewer(ADMIN, "admin", true)),
                    _ => None,
                };
                async move { Ok(viewer) }.boxed()
            }),
            events: Arc::new(events),
            clock: Clock::fixed(chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap()),
            silence,
            closing: tokio_util::sync::CancellationToken::new(),
        };
        Self {
            asked,
            router: router(state),
        }
    }

    /// The variables of the operations that ran, in order.
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn send(&self, request: Request<Body>) -> (StatusCode, String, http::HeaderMap) {
        let service = NormalizePaths.layer(self.router.clone());
        let response = service.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (parts.status, text, parts.headers)
    }

    /// As alice.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        self.call("GET", path, "alice-token", None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, String) {
        self.call("POST", path, "alice-token", Some(body.to_string()))
            .await
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<String>,
    ) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("Authorization", format!("MediaBrowser Token=\"{token}\""));
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let body = body.map_or_else(Body::empty, Body::from);
        let (status, text, _) = self.send(request.body(body).unwrap()).await;
        (status, text)
    }
}

pub fn viewer(id: &str, name: &str, is_administrator: bool) -> Arc<Viewer> {
    Arc::new(Viewer {
        user_id: id.parse().unwrap(),
        name: name.to_owned(),
        is_administrator,
        session: SessionInfo {
            id: PublicId::default(),
            device_id: "lab".to_owned(),
            device_name: "Lab".to_owned(),
            client: "Test".to_owned(),
            version: "1".to_owned(),
        },
        settings: json!({}),
        source_policy: None,
        links: Arc::new([]),
    })
}

fn plain(variables: &Variables) -> Value {
    serde_json::to_value(variables).unwrap()
}

/// Bodies as the engine hands them over: text that is JSON already.
pub fn raw(text: &str) -> Value {
    json!({"$serde_json::private::RawValue": text})
}
