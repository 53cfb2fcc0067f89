//! The WebSocket: keeps a client's connection alive and tells it what changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::response::IntoResponse;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::error::RestError;
use super::route::{Answer, Ask, Route, routes};
use super::{OnBehalf, RestState, sessions, watched};
use crate::accounts::Viewer;
use crate::model::PublicId;
use crate::wire::{LibraryUpdate, SocketMessage, UserDataChange, any_case};

pub(super) const ROUTES: &[Route] = routes! {
    // Its own refusal: Jellyfin answers 403, not 401, to a socket without a token.
    Get "/socket" Nobody open;
};

/// Changes within so long go in one message, as in Jellyfin.
const GATHER: Duration = Duration::from_millis(500);

/// How long a client may be silent. Tests shorten it.
#[derive(Debug, Clone, Copy)]
pub struct Silence {
    /// After so long without a word it is asked for one.
    pub remind: Duration,
    /// After so long it is gone.
    pub gone: Duration,
}

impl Default for Silence {
    fn default() -> Self {
        Self {
            remind: Duration::from_secs(45),
            gone: Duration::from_secs(60),
        }
    }
}

/// What a client is told.
#[derive(Debug, Clone)]
pub enum SocketEvent {
    /// This viewer did something with these items, here or elsewhere: the client is told how they
    /// and what holds them stand, a few changes in one message.
    Watched(Vec<PublicId>),
    /// What changed in what this viewer may see.
    Library(LibraryUpdate),
}

/// Where the events of a viewer come from.
pub type Events = Arc<dyn Fn(&Arc<Viewer>) -> BoxStream<'static, SocketEvent> + Send + Sync>;

async fn open(ask: Ask) -> Answer {
    let Some(upgrade) = ask.upgrade else {
        return Ok(http::StatusCode::NOT_FOUND.into_response());
    };
    let Some(viewer) = ask.behalf.viewer.clone() else {
        return Err(RestError::NotForUser);
    };
    let (state, behalf) = (ask.state, ask.behalf);
    Ok(upgrade
        .max_message_size(64 * 1024)
        // By default each socket takes 128 KiB for what its client seldom says.
        .read_buffer_size(4 * 1024)
        .on_upgrade(move |socket| async move {
            let events = (state.events)(&viewer);
            Connection {
                socket,
                state,
                behalf,
                sessions: None,
                told: String::new(),
                watched: BTreeSet::new(),
                tell_watched: None,
            }
            .serve(events)
            .await;
        }))
}

struct Connection {
    socket: WebSocket,
    state: RestState,
    behalf: OnBehalf,
    /// Set while the client wants to see sessions.
    sessions: Option<Interval>,
    /// The sessions as last told: told again only when they changed.
    told: String,
    /// Items whose state is to be told, and when.
    watched: BTreeSet<PublicId>,
    tell_watched: Option<Instant>,
}

/// The connection is over.
struct Closed;

impl Connection {
    async fn serve(mut self, mut events: BoxStream<'static, SocketEvent>) {
        let mut heard = Instant::now();
        let mut reminded = false;
        let (closing, silence) = (self.state.closing.clone(), self.state.silence);
        let mut outcome = self.remind().await;
        while outcome.is_ok() {
            let deadline = heard
                + if reminded {
                    silence.gone
                } else {
                    silence.remind
                };
            outcome = tokio::select! {
                incoming = self.socket.recv() => match incoming {
                    Some(Ok(Message::Text(text))) => {
                        heard = Instant::now();
                        reminded = false;
                        self.hear(&text).await
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Closed),
                    Some(Ok(_)) => {
                        heard = Instant::now();
                        Ok(())
                    }
                },
                event = events.next() => match event {
                    Some(event) => self.tell(event).await,
                    // The session has ended.
                    None => Err(Closed),
                },
                () = tick(&mut self.sessions) => self.tell_sessions().await,
                () = at(self.tell_watched) => self.tell_watched().await,
                () = closing.cancelled() => self.go_away().await,
                () = tokio::time::sleep_until(deadline) => {
                    if reminded {
                        Err(Closed)
                    } else {
                        reminded = true;
                        self.remind().await
                    }
                }
            };
        }
    }

    /// Tells the client how often to say that it lives.
    async fn remind(&mut self) -> Result<(), Closed> {
        let seconds = self.state.silence.gone.as_secs();
        self.send("ForceKeepAlive", Some(seconds)).await
    }

    async fn hear(&mut self, text: &str) -> Result<(), Closed> {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return Ok(());
        };
        let message = any_case::pascal_top(message, &["MessageType", "Data"]);
        match message["MessageType"].as_str().unwrap_or_default() {
            "KeepAlive" => {
                self.look_again().await?;
                self.send::<()>("KeepAlive", None).await
            }
            "SessionsStart" => {
                self.sessions = Some(timer(message["Data"].as_str().unwrap_or_default()));
                self.told.clear();
                Ok(())
            }
            "SessionsStop" => {
                self.sessions = None;
                Ok(())
            }
            // Tasks and the log of activities are empty here; the rest is not for us.
            _ => Ok(()),
        }
    }

    /// Who the client is now: rights may have changed since the socket was opened, and a token that was
    /// taken back ends it. A database that is silent changes nothing.
    async fn look_again(&mut self) -> Result<PublicId, Closed> {
        if let Some(token) = &self.behalf.token
            && let Ok(viewer) = (self.state.viewers)(token.clone()).await
        {
            self.behalf.viewer = viewer;
        }
        let viewer = self.behalf.viewer.as_ref().ok_or(Closed)?;
        Ok(viewer.user_id)
    }

    async fn tell(&mut self, event: SocketEvent) -> Result<(), Closed> {
        match event {
            SocketEvent::Watched(items) => {
                self.watched.extend(items);
                self.tell_watched.get_or_insert(Instant::now() + GATHER);
                Ok(())
            }
            SocketEvent::Library(update) => self.send("LibraryChanged", Some(update)).await,
        }
    }

    async fn tell_watched(&mut self) -> Result<(), Closed> {
        self.tell_watched = None;
        let items = std::mem::take(&mut self.watched);
        let user_id = self.look_again().await?;
        match watched::user_data(&self.state.engine, &self.behalf, &items).await {
            Ok(list) if !list.is_empty() => {
                let change = UserDataChange {
                    user_id: user_id.to_string(),
                    user_data_list: list,
                };
                self.send("UserDataChanged", Some(change)).await
            }
            // The client learns of it at its next look.
            _ => Ok(()),
        }
    }

    async fn tell_sessions(&mut self) -> Result<(), Closed> {
        self.look_again().await?;
        let told = sessions::visible(&self.state.engine, &self.behalf, &self.state.settings).await;
        let Ok(found) = told else {
            return Ok(());
        };
        let text = serde_json::to_string(&found).unwrap_or_default();
        if text == self.told {
            return Ok(());
        }
        self.told = text;
        self.send("Sessions", Some(found)).await
    }

    /// The process stops: the client is to look for another connection.
    async fn go_away(&mut self) -> Result<(), Closed> {
        let frame = CloseFrame {
            code: close_code::AWAY,
            reason: "going away".into(),
        };
        // The client may be gone already.
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        Err(Closed)
    }

    async fn send<T: Serialize>(
        &mut self,
        message_type: &str,
        data: Option<T>,
    ) -> Result<(), Closed> {
        let message = SocketMessage {
            message_id: Some(uuid::Uuid::new_v4().simple().to_string()),
            data,
            message_type: message_type.to_owned(),
        };
        let text = serde_json::to_string(&message).map_err(|_| Closed)?;
        self.socket
            .send(Message::Text(text.into()))
            .await
            .map_err(|_| Closed)
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn tick(timer: &mut Option<Interval>) {
    match timer {
        Some(timer) => {
            timer.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// `"0,1500"`: the wait before the first message and between two, in milliseconds.
fn timer(data: &str) -> Interval {
    let mut numbers = data.split(',').map(|part| part.trim().parse::<u64>().ok());
    let wait = numbers.next().flatten().unwrap_or(0).min(60_000);
    let every = numbers.next().flatten().unwrap_or(1500).clamp(500, 60_000);
    let mut timer = tokio::time::interval_at(
        Instant::now() + Duration::from_millis(wait),
        Duration::from_millis(every),
    );
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}
