//! `/socket`: what changed, told as it happens.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::item::hex;
use super::state::State;

fn message(kind: &str, data: Option<&Value>) -> Message {
    let mut body = json!({ "MessageId": hex(Uuid::new_v4()), "MessageType": kind });
    if let Some(data) = data {
        body["Data"] = data.clone();
    }
    Message::Text(body.to_string().into())
}

/// Serves one socket until it closes, falls silent, or its session ends.
pub(super) async fn serve(state: Arc<State>, user: Uuid, token: String, mut socket: WebSocket) {
    let mut events = state.events.subscribe();
    if socket
        .send(message("ForceKeepAlive", Some(&json!(60))))
        .await
        .is_err()
    {
        return;
    }
    let silence = Duration::from_secs(60);
    let mut deadline = tokio::time::Instant::now() + silence;
    loop {
        let out = tokio::select! {
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Text(text))) => {
                    deadline = tokio::time::Instant::now() + silence;
                    let body: Value = serde_json::from_str(&text).unwrap_or_default();
                    match body["MessageType"].as_str() {
                        Some("KeepAlive") => message("KeepAlive", None),
                        _ => continue,
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            event = events.recv() => match event {
                Ok(event) if event.user.is_none_or(|only| only == user) => {
                    message(event.kind, Some(&event.data))
                }
                Ok(_) | Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep_until(deadline) => return,
        };
        let known = state.sessions().get(&token).is_some();
        if !known || socket.send(out).await.is_err() {
            return;
        }
    }
}
