//! What a server tells by itself, over its WebSocket.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::{SinkExt, Stream, StreamExt};
use http::header::AUTHORIZATION;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::auth::authorization;
use super::{Account, Server};
use crate::model::UpstreamId;
use crate::wire::Body;

/// Something that happened on a server.
#[derive(Debug, Clone, PartialEq)]
pub enum UpstreamEvent {
    /// The socket stands. Whatever happened before went unheard.
    Connected,
    /// The socket broke; it is opened again by itself.
    Disconnected,
    /// About half a minute after the change. Folders that were touched are not told.
    LibraryChanged {
        added: Vec<UpstreamId>,
        updated: Vec<UpstreamId>,
        removed: Vec<UpstreamId>,
    },
    /// Each of `items` is a `UserItemDataDto`.
    UserDataChanged {
        user_id: Option<UpstreamId>,
        items: Vec<Body>,
    },
}

/// The events of one account; dropping it closes the socket.
pub type EventStream = ReceiverStream<UpstreamEvent>;

/// A socket that was silent for so long is dead: the server speaks once a minute.
const SILENCE: Duration = Duration::from_secs(130);
/// Until the server says how often it wants to hear from us.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A socket that broke sooner than this counts as one that could not be opened.
pub const PROVEN: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Before an account that was refused is tried again.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);
const MAX_MESSAGE: usize = 16 << 20;
/// What is read at a time; an installation has a socket for each account on each server.
const READ_AHEAD: usize = 16 << 10;

impl Server {
    /// Listens as this account, through every loss of the connection.
    pub fn socket(self: &Arc<Self>, account: &Account) -> EventStream {
        let (sender, receiver) = mpsc::channel(256);
        tokio::spawn(listen(Arc::downgrade(self), account.clone(), sender));
        ReceiverStream::new(receiver)
    }
}

async fn listen(server: Weak<Server>, account: Account, events: mpsc::Sender<UpstreamEvent>) {
    let mut failures = 0;
    loop {
        let Some(held) = server.upgrade() else { return };
        let (first, name) = (held.limits.socket_backoff, held.name());
        let connecting = connect(&held, &account);
        let socket = tokio::select! {
            socket = connecting => socket,
            () = events.closed() => return,
        };
        drop(held);
        let refused = matches!(&socket, Err(Error::Http(answer)) if matches!(answer.status().as_u16(), 401 | 403));
        if let Ok(socket) = socket {
            let opened = Instant::now();
            if events.send(UpstreamEvent::Connected).await.is_err() {
                return;
            }
            tokio::select! {
                () = read(socket, &events) => {}
                () = events.closed() => return,
            }
            failures = match opened.elapsed() >= PROVEN {
                true => 0,
                false => failures + 1,
            };
            if events.send(UpstreamEvent::Disconnected).await.is_err() {
                return;
            }
        } else {
            failures += 1;
            tracing::debug!(server = %name, failures, refused, "socket could not be opened");
        }
        let pause = if refused {
            REFUSED_PAUSE
        } else {
            (first * (1 << failures.min(6))).min(MAX_PAUSE)
        };
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))) => {}
            () = events.closed() => return,
        }
    }
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(server: &Server, account: &Account) -> Result<Socket, Error> {
    let unusable =
        || Error::Url(tokio_tungstenite::tungstenite::error::UrlError::UnsupportedUrlScheme);
    let client = server.client().map_err(|_| unusable())?;
    let query = [("deviceId", account.device_id.clone())];
    let mut url = client.endpoint("/socket", &query).map_err(|_| unusable())?;
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    url.set_scheme(scheme).map_err(|()| unusable())?;
    let mut request = url.as_str().into_client_request()?;
    request.headers_mut().insert(
        AUTHORIZATION,
        authorization(&account.device_id, Some(account)),
    );
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_AHEAD)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let connector = Connector::Rustls(client.socket_tls.clone());
    let connecting = connect_async_tls_with_config(request, Some(config), true, Some(connector));
    let (socket, _) = tokio::time::timeout(server.limits.total, connecting)
        .await
        .map_err(|_| Error::Io(std::io::ErrorKind::TimedOut.into()))??;
    Ok(socket)
}

/// Reads until the socket ends, and keeps it alive meanwhile.
async fn read(mut socket: Socket, events: &mpsc::Sender<UpstreamEvent>) {
    let mut every = KEEP_ALIVE;
    let mut next_word = Instant::now() + every;
    let mut last_heard = Instant::now();
    loop {
        let message = tokio::select! {
            message = next(&mut socket) => message,
            () = tokio::time::sleep_until(next_word) => {
                next_word = Instant::now() + every;
                let word = Message::text(r#"{"MessageType":"KeepAlive"}"#);
                if last_heard.elapsed() > SILENCE || socket.send(word).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let Some(message) = message else { return };
        last_heard = Instant::now();
        let Message::Text(text) = message else {
            continue;
        };
        match parse(text.as_str()) {
            Some(Parsed::KeepAlive(within)) => {
                every = within / 2;
                next_word = Instant::now();
            }
            Some(Parsed::Event(event)) => {
                let told = events.send(event).await;
                if told.is_err() {
                    return;
                }
            }
            None => {}
        }
    }
}

async fn next<S>(socket: &mut S) -> Option<Message>
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
{
    match socket.next().await {
        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        Some(Ok(message)) => Some(message),
    }
}

#[derive(Debug, PartialEq)]
pub enum Parsed {
    /// The server wants to hear something within this time.
    KeepAlive(Duration),
    Event(UpstreamEvent),
}

/// Reads one message; none for those that say nothing to us.
pub fn parse(text: &str) -> Option<Parsed> {
    let message: Value = serde_json::from_str(text).ok()?;
    let data = &message["Data"];
    match message["MessageType"].as_str()? {
        "ForceKeepAlive" => {
            let seconds = data.as_u64().unwrap_or(60).clamp(2, 3600);
            Some(Parsed::KeepAlive(Duration::from_secs(seconds)))
        }
        "LibraryChanged" => Some(Parsed::Event(UpstreamEvent::LibraryChanged {
            added: ids(&data["ItemsAdded"]),
            updated: ids(&data["ItemsUpdated"]),
            removed: ids(&data["ItemsRemoved"]),
        })),
        "UserDataChanged" => Some(Parsed::Event(UpstreamEvent::UserDataChanged {
            user_id: data["UserId"].as_str().and_then(|id| id.parse().ok()),
            items: list(&data["UserDataList"])
                .filter_map(Value::as_object)
                .cloned()
                .collect(),
        })),
        _ => None,
    }
}

fn ids(of: &Value) -> Vec<UpstreamId> {
    list(of)
        .filter_map(|id| id.as_str()?.parse().ok())
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
