//! Sessions.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::raw::Raw;
use crate::model::PublicId;
use crate::rest::RestSettings;
use crate::wire::time::{self, Stamp};
use crate::wire::{ClientCapabilities, PlayState, SessionInfo, any_case};

/// A session in an answer of the engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: String,
    pub user: SessionUser,
    pub device_id: String,
    pub device_name: String,
    pub client: String,
    pub client_version: String,
    #[serde(default)]
    pub remote_address: Option<String>,
    pub last_seen_at: DateTime<Utc>,
    #[serde(default)]
    pub capabilities: Option<Raw>,
    #[serde(default)]
    pub now_playing: Option<NowPlaying>,
}

#[derive(Debug, Deserialize)]
pub struct SessionUser {
    pub id: PublicId,
    pub name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NowPlaying {
    #[serde(default)]
    pub item: Option<PlayedItem>,
    #[serde(default)]
    pub position_ticks: Option<i64>,
    #[serde(default)]
    pub is_paused: bool,
    #[serde(default)]
    pub is_muted: bool,
    #[serde(default)]
    pub media_source_id: Option<String>,
    #[serde(default)]
    pub play_method: Option<String>,
    #[serde(default)]
    pub audio_stream_index: Option<i32>,
    #[serde(default)]
    pub subtitle_stream_index: Option<i32>,
    #[serde(default)]
    pub volume_level: Option<i32>,
}

#[derive(Debug, Deserialize)]
pub struct PlayedItem {
    pub body: Raw,
}

/// As clients see it. Remote control of others is not offered, so nothing is controllable.
pub fn session(session: Session, settings: &RestSettings) -> SessionInfo {
    let capabilities = session
        .capabilities
        .and_then(|raw| raw.parse().ok())
        .map(|value| any_case::pascal_top(value, ClientCapabilities::KEYS))
        .and_then(|value| serde_json::from_value::<Option<ClientCapabilities>>(value).ok())
        .flatten()
        .unwrap_or_default();
    let checked_in = match session.now_playing {
        Some(_) => time::text(session.last_seen_at),
        None => time::NEVER.to_owned(),
    };
    let mut now_playing_item = None;
    let play_state = match session.now_playing {
        Some(playing) => {
            now_playing_item = playing
                .item
                .and_then(|item| RawValue::from_string(item.body.0).ok());
            PlayState {
                position_ticks: playing.position_ticks,
                can_seek: true,
                is_paused: playing.is_paused,
                is_muted: playing.is_muted,
                volume_level: playing.volume_level,
                audio_stream_index: playing.audio_stream_index,
                subtitle_stream_index: playing.subtitle_stream_index,
                media_source_id: playing.media_source_id,
                play_method: playing.play_method,
                ..PlayState::default()
            }
        }
        None => PlayState::default(),
    };
    SessionInfo {
        play_state,
        additional_users: Vec::new(),
        playable_media_types: capabilities.playable_media_types.clone(),
        supported_commands: capabilities.supported_commands.clone(),
        capabilities,
        remote_end_point: session.remote_address,
        id: session.id,
        user_id: session.user.id.to_string(),
        user_name: session.user.name,
        client: session.client,
        last_activity_date: Stamp(session.last_seen_at),
        last_playback_check_in: checked_in,
        device_name: session.device_name,
        now_playing_item,
        device_id: session.device_id,
        application_version: session.client_version,
        is_active: true,
        supports_media_control: false,
        supports_remote_control: false,
        now_playing_queue: Vec::new(),
        now_playing_queue_full_items: Vec::new(),
        has_custom_device_name: false,
        server_id: settings.server_id.clone(),
    }
}
