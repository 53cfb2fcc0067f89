//! Signed-in devices, and what they play.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::Call;
use super::item::hex;
use super::reply::{Reply, moment, no_content, ok};
use super::state::State;

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub token: String,
    pub user: Uuid,
    pub device_id: String,
    pub device: String,
    pub client: String,
    pub version: String,
    /// Milliseconds since 1970.
    pub active: i64,
    /// The item that plays, with its position in ticks.
    pub playing: Option<(Uuid, i64)>,
}

#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

impl Sessions {
    /// A session for the device; an earlier one of the same user on the same device ends.
    pub fn open(&mut self, session: Session) {
        self.0
            .retain(|_, other| other.user != session.user || other.device_id != session.device_id);
        self.0.insert(session.token.clone(), session);
    }
    pub fn get(&self, token: &str) -> Option<&Session> {
        self.0.get(token)
    }
    pub fn get_mut(&mut self, token: &str) -> Option<&mut Session> {
        self.0.get_mut(token)
    }
    pub fn close(&mut self, token: &str) {
        self.0.remove(token);
    }
    pub fn close_user(&mut self, user: Uuid) {
        self.0.retain(|_, session| session.user != user);
    }
    pub fn of(&self, user: Uuid) -> Vec<Session> {
        let mut found: Vec<Session> = self
            .0
            .values()
            .filter(|session| session.user == user)
            .cloned()
            .collect();
        found.sort_by(|a, b| (b.active, &a.device_id).cmp(&(a.active, &b.device_id)));
        found
    }
}

pub(super) fn info(state: &State, session: &Session) -> Value {
    let name = state
        .user(session.user)
        .map_or("", |user| user.name.as_str());
    let mut body = json!({
        "PlayState": { "CanSeek": false, "IsPaused": false, "IsMuted": false,
            "RepeatMode": "RepeatNone", "PlaybackOrder": "Default" },
        "AdditionalUsers": [],
        "Capabilities": { "PlayableMediaTypes": [], "SupportedCommands": [],
            "SupportsMediaControl": false, "SupportsPersistentIdentifier": true },
        "RemoteEndPoint": "127.0.0.1",
        "PlayableMediaTypes": [],
        "Id": hex(Uuid::from_u128(scatter(&session.device_id))),
        "UserId": hex(session.user),
        "UserName": name,
        "Client": session.client,
        "LastActivityDate": moment(session.active),
        "LastPlaybackCheckIn": "0001-01-01T00:00:00.0000000Z",
        "DeviceName": session.device,
        "DeviceId": session.device_id,
        "ApplicationVersion": session.version,
        "IsActive": true,
        "SupportsMediaControl": false,
        "SupportsRemoteControl": false,
        "NowPlayingQueue": [],
        "HasCustomDeviceName": false,
        "ServerId": hex(state.id),
        "SupportedCommands": [],
    });
    if let Some((item, position)) = session.playing {
        body["PlayState"]["PositionTicks"] = json!(position);
        if let Some(item) = state.library().get(item) {
            body["NowPlayingItem"] = json!({ "Id": hex(item.id), "Name": item.name,
                "Type": item.kind.as_str(), "RunTimeTicks": item.runtime });
        }
    }
    body
}

fn scatter(text: &str) -> u128 {
    text.bytes().fold(0x6C62_272E_07BB_0142, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
    })
}

/// `GET /Sessions`: those of the caller.
pub(super) fn list(state: &State, call: &Call) -> Reply {
    let user = call.user(state)?;
    let found = state.sessions().of(user.id);
    ok(&found.iter().map(|session| info(state, session)).collect())
}

/// `POST /Sessions/Logout`.
pub(super) fn logout(state: &State, call: &Call) -> Reply {
    let session = call.session(state)?;
    state.sessions().close(&session.token);
    no_content()
}
