//! `/graphql/ws`: the protocol `graphql-transport-ws`, whose close codes tell what was wrong.

use std::time::Duration;

use async_graphql::Response as GraphResponse;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt, http::StatusCode};
use futures::stream::BoxStream;
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_stream::StreamMap;
use tokio_util::sync::CancellationToken;

use super::respond::{Written, executed, foreign_origin, refuse};
use super::{TransportState, meta, origin, params, token};
use crate::graphql::RequestMeta;
use crate::graphql::engine::{Engine, Entrance};
use crate::graphql::error::{Code, GraphError};
use crate::graphql::mask;
use crate::model::Secret;

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say who it is.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How often a silent client is asked whether it lives, and whether its token still holds.
const PING_EVERY: Duration = Duration::from_secs(25);
/// Largest message from a client, in bytes.
const LARGEST_MESSAGE: usize = 256 * 1024;
/// What a socket reads at a time: clients seldom say much, and each holds as much memory.
const READ_AHEAD: usize = 4 * 1024;

pub async fn handle(State(state): State<TransportState>, mut request: Request) -> Response {
    let meta = meta(request.extensions());
    if !origin::allowed(
        request.headers(),
        request.uri(),
        state.public_url.as_deref(),
    ) {
        return foreign_origin(&meta);
    }
    let token = token::of_headers(request.headers());
    let upgrade = match request.extract_parts::<WebSocketUpgrade>().await {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(LARGEST_MESSAGE)
        .read_buffer_size(READ_AHEAD);
    if upgrade.selected_protocol().is_none() {
        let error = GraphError::new(Code::BadInput, "the protocol is graphql-transport-ws");
        return refuse(StatusCode::BAD_REQUEST, error, &meta);
    }
    upgrade.on_upgrade(move |socket| serve(state, socket, token, meta))
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Incoming {
    ConnectionInit {
        #[serde(default)]
        payload: Value,
    },
    Subscribe {
        id: String,
        payload: Value,
    },
    Complete {
        id: String,
    },
    Ping {
        payload: Option<Value>,
    },
    Pong {},
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing<'a> {
    ConnectionAck,
    Next {
        id: &'a str,
        payload: Written<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [async_graphql::ServerError],
    },
    Complete {
        id: &'a str,
    },
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
}

/// Why a connection ends: the protocol's close code and reason.
type Close = (u16, &'static str);

const BAD_REQUEST: Close = (4400, "no message of graphql-transport-ws");
const UNAUTHORIZED: Close = (4401, "Unauthorized");
const FORBIDDEN: Close = (4403, "Forbidden");
const INIT_TIMEOUT: Close = (4408, "Connection initialisation timeout");
const ID_TAKEN: Close = (4409, "Subscriber already exists");
const TOO_MANY_INITS: Close = (4429, "Too many initialisation requests");
const TOO_MANY_OPEN: Close = (4429, "Too many subscriptions");
const FAILED: Close = (4500, "Internal server error");
const GOING_AWAY: Close = (close_code::AWAY, "Going away");

/// A stream of answers that ends with `None`, so that the end can be told.
type Answers = BoxStream<'static, Option<GraphResponse>>;

struct Connection {
    engine: Engine,
    closing: CancellationToken,
    socket: WebSocket,
    header_token: Option<Secret>,
    meta: RequestMeta,
    entrance: Option<Entrance>,
    open: StreamMap<String, Answers>,
}

async fn serve(state: TransportState, socket: WebSocket, token: Option<Secret>, meta: RequestMeta) {
    let mut connection = Connection {
        engine: state.engine,
        closing: state.closing,
        socket,
        header_token: token,
        meta,
        entrance: None,
        open: StreamMap::new(),
    };
    if let Err(Some((code, reason))) = connection.run().await {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // The client may be gone already.
        let _ = connection.socket.send(Message::Close(Some(frame))).await;
    }
}

impl Connection {
    /// Runs until the client leaves (`Err(None)`) or breaks the protocol.
    async fn run(&mut self) -> Result<(), Option<Close>> {
        let init_by = tokio::time::Instant::now() + INIT_WITHIN;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.reset();
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.take(text.as_str()).await?,
                    Some(Ok(Message::Binary(_))) => return Err(Some(BAD_REQUEST)),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
                    Some(Ok(_)) => {}
                },
                Some((id, response)) = self.open.next() => self.give(&id, response).await?,
                () = tokio::time::sleep_until(init_by), if self.entrance.is_none() => {
                    return Err(Some(INIT_TIMEOUT));
                }
                _ = ping.tick() => self.ping().await?,
                () = self.closing.cancelled() => return Err(Some(GOING_AWAY)),
            }
        }
    }

    async fn take(&mut self, text: &str) -> Result<(), Option<Close>> {
        let message = serde_json::from_str(text).map_err(|_| Some(BAD_REQUEST))?;
        match message {
            Incoming::ConnectionInit { payload } => self.init(&payload).await,
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload).await,
            Incoming::Complete { id } => {
                self.open.remove(&id);
                Ok(())
            }
            Incoming::Ping { payload } => self.send(&Outgoing::Pong { payload }).await,
            Incoming::Pong {} => Ok(()),
        }
    }

    async fn init(&mut self, payload: &Value) -> Result<(), Option<Close>> {
        if self.entrance.is_some() {
            return Err(Some(TOO_MANY_INITS));
        }
        let token = token::of_payload(payload).or_else(|| self.header_token.take());
        let told = token.is_some();
        let entrance = self
            .engine
            .enter(token, self.meta.clone())
            .await
            .map_err(|_| Some(FAILED))?;
        if told && !entrance.is_known() {
            return Err(Some(FORBIDDEN));
        }
        self.entrance = Some(entrance);
        self.send(&Outgoing::ConnectionAck).await
    }

    async fn subscribe(&mut self, id: String, payload: Value) -> Result<(), Option<Close>> {
        let entrance = self.look_again().await?.ok_or(Some(UNAUTHORIZED))?;
        if self.open.contains_key(&id) {
            return Err(Some(ID_TAKEN));
        }
        if self.open.len() >= self.engine.limits().subscriptions {
            return Err(Some(TOO_MANY_OPEN));
        }
        let admitted = params::from_value(payload).and_then(|params| self.engine.admit(params));
        match admitted {
            Ok(admitted) => {
                let answers = self
                    .engine
                    .stream(admitted, &entrance)
                    .map(Some)
                    .chain(futures::stream::once(async { None }));
                self.open.insert(id, answers.boxed());
                Ok(())
            }
            Err(error) => {
                let errors = [mask::masked(error, &self.meta.request_id)];
                self.send(&Outgoing::Error {
                    id: &id,
                    payload: &errors,
                })
                .await
            }
        }
    }

    async fn give(
        &mut self,
        id: &str,
        response: Option<GraphResponse>,
    ) -> Result<(), Option<Close>> {
        let Some(response) = response else {
            self.open.remove(id);
            return self.send(&Outgoing::Complete { id }).await;
        };
        if !executed(&response) {
            self.open.remove(id);
            let payload = &response.errors;
            return self.send(&Outgoing::Error { id, payload }).await;
        }
        let payload = Written::of(&response);
        self.send(&Outgoing::Next { id, payload }).await
    }

    /// Who the client is now, once it has said so. A token that was taken back ends the connection.
    async fn look_again(&mut self) -> Result<Option<Entrance>, Option<Close>> {
        if let Some(entrance) = &self.entrance {
            let now = self.engine.look_again(entrance).await;
            self.entrance = Some(now.ok_or(Some(UNAUTHORIZED))?);
        }
        Ok(self.entrance.clone())
    }

    async fn ping(&mut self) -> Result<(), Option<Close>> {
        self.look_again().await?;
        self.send(&Outgoing::Ping).await
    }

    async fn send(&mut self, message: &Outgoing<'_>) -> Result<(), Option<Close>> {
        let text = serde_json::to_string(message).map_err(|_| Some(FAILED))?;
        SinkExt::send(&mut self.socket, Message::Text(text.into()))
            .await
            .map_err(|_| None)
    }
}

#[cfg(test)]
#[path = "ws_tests.rs"]
mod tests;
