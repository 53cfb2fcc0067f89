//! Sessions and the answer to a login.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::time::Stamp;
use super::{ClientCapabilities, UserDto};

/// `PlayerStateInfo`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlayState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_ticks: Option<i64>,
    pub can_seek: bool,
    pub is_paused: bool,
    pub is_muted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_level: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_stream_index: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle_stream_index: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_source_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play_method: Option<String>,
    pub repeat_mode: String,
    pub playback_order: String,
}

impl Default for PlayState {
    /// Nothing plays.
    fn default() -> Self {
        Self {
            position_ticks: None,
            can_seek: false,
            is_paused: false,
            is_muted: false,
            volume_level: None,
            audio_stream_index: None,
            subtitle_stream_index: None,
            media_source_id: None,
            play_method: None,
            repeat_mode: "RepeatNone".to_owned(),
            playback_order: "Default".to_owned(),
        }
    }
}

/// `SessionInfoDto`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionInfo {
    pub play_state: PlayState,
    pub additional_users: Vec<serde_json::Value>,
    pub capabilities: ClientCapabilities,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_end_point: Option<String>,
    pub playable_media_types: Vec<String>,
    pub id: String,
    pub user_id: String,
    pub user_name: String,
    pub client: String,
    pub last_activity_date: Stamp,
    /// [`super::time::NEVER`] until something played.
    pub last_playback_check_in: String,
    pub device_name: String,
    /// An item body, as it was rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_playing_item: Option<Box<RawValue>>,
    pub device_id: String,
    pub application_version: String,
    pub is_active: bool,
    pub supports_media_control: bool,
    pub supports_remote_control: bool,
    #[serde(default)]
    pub now_playing_queue: Vec<serde_json::Value>,
    #[serde(default)]
    pub now_playing_queue_full_items: Vec<serde_json::Value>,
    pub has_custom_device_name: bool,
    pub server_id: String,
    pub supported_commands: Vec<String>,
}

/// The answer to a login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthenticationResult {
    pub user: UserDto,
    pub session_info: SessionInfo,
    pub access_token: String,
    pub server_id: String,
}
