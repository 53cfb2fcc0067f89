//! Users as clients see them.

use serde::{Deserialize, Serialize};

use super::time::Stamp;
use crate::model::Secret;

/// The body of `/Users/AuthenticateByName`. An empty password is legal.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthenticateUserByName {
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub pw: Option<Secret>,
}

impl AuthenticateUserByName {
    pub const KEYS: &'static [&'static str] = &["Username", "Pw"];
}

/// `UserDto`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserDto {
    pub name: String,
    pub server_id: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_image_tag: Option<String>,
    pub has_password: bool,
    pub has_configured_password: bool,
    pub has_configured_easy_password: bool,
    #[serde(default)]
    pub enable_auto_login: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_date: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_date: Option<Stamp>,
    pub configuration: UserConfiguration,
    pub policy: UserPolicy,
}

/// What a user chose (`UserConfiguration`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_language_preference: Option<String>,
    pub play_default_audio_track: bool,
    pub subtitle_language_preference: Option<String>,
    pub display_missing_episodes: bool,
    pub grouped_folders: Vec<String>,
    pub subtitle_mode: String,
    pub display_collections_view: bool,
    pub enable_local_password: bool,
    pub ordered_views: Vec<String>,
    pub latest_items_excludes: Vec<String>,
    pub my_media_excludes: Vec<String>,
    pub hide_played_in_latest: bool,
    pub remember_audio_selections: bool,
    pub remember_subtitle_selections: bool,
    pub enable_next_episode_auto_play: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cast_receiver_id: Option<String>,
    #[serde(flatten)]
    pub unknown: super::Body,
}

impl UserConfiguration {
    pub const KEYS: &'static [&'static str] = &[
        "AudioLanguagePreference",
        "PlayDefaultAudioTrack",
        "SubtitleLanguagePreference",
        "DisplayMissingEpisodes",
        "GroupedFolders",
        "SubtitleMode",
        "DisplayCollectionsView",
        "EnableLocalPassword",
        "OrderedViews",
        "LatestItemsExcludes",
        "MyMediaExcludes",
        "HidePlayedInLatest",
        "RememberAudioSelections",
        "RememberSubtitleSelections",
        "EnableNextEpisodeAutoPlay",
        "CastReceiverId",
    ];
}

impl Default for UserConfiguration {
    /// What a new user of a Jellyfin server has.
    fn default() -> Self {
        Self {
            audio_language_preference: None,
            play_default_audio_track: true,
            subtitle_language_preference: Some(String::new()),
            display_missing_episodes: false,
            grouped_folders: Vec::new(),
            subtitle_mode: "Default".to_owned(),
            display_collections_view: false,
            enable_local_password: false,
            ordered_views: Vec::new(),
            latest_items_excludes: Vec::new(),
            my_media_excludes: Vec::new(),
            hide_played_in_latest: true,
            remember_audio_selections: true,
            remember_subtitle_selections: true,
            enable_next_episode_auto_play: true,
            cast_receiver_id: Some("F007D354".to_owned()),
            unknown: super::Body::new(),
        }
    }
}

/// What a user may (`UserPolicy`). Strict clients need every field that is not optional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UserPolicy {
    pub is_administrator: bool,
    pub is_hidden: bool,
    pub enable_collection_management: bool,
    pub enable_subtitle_management: bool,
    pub enable_lyric_management: bool,
    pub is_disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parental_rating: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parental_sub_rating: Option<i32>,
    pub blocked_tags: Vec<String>,
    pub allowed_tags: Vec<String>,
    pub enable_user_preference_access: bool,
    pub access_schedules: Vec<serde_json::Value>,
    pub block_unrated_items: Vec<String>,
    pub enable_remote_control_of_other_users: bool,
    pub enable_shared_device_control: bool,
    pub enable_remote_access: bool,
    pub enable_live_tv_management: bool,
    pub enable_live_tv_access: bool,
    pub enable_media_playback: bool,
    pub enable_audio_playback_transcoding: bool,
    pub enable_video_playback_transcoding: bool,
    pub enable_playback_remuxing: bool,
    pub force_remote_source_transcoding: bool,
    pub enable_content_deletion: bool,
    pub enable_content_deletion_from_folders: Vec<String>,
    pub enable_content_downloading: bool,
    pub enable_sync_transcoding: bool,
    pub enable_media_conversion: bool,
    pub enabled_devices: Vec<String>,
    pub enable_all_devices: bool,
    pub enabled_channels: Vec<String>,
    pub enable_all_channels: bool,
    pub enabled_folders: Vec<String>,
    pub enable_all_folders: bool,
    pub invalid_login_attempt_count: i32,
    pub login_attempts_before_lockout: i32,
    pub max_active_sessions: i32,
    pub enable_public_sharing: bool,
    pub blocked_media_folders: Vec<String>,
    pub blocked_channels: Vec<String>,
    pub remote_client_bitrate_limit: i32,
    pub authentication_provider_id: String,
    pub password_reset_provider_id: String,
    pub sync_play_access: String,
}

impl Default for UserPolicy {
    /// A plain user who may browse and play.
    fn default() -> Self {
        Self {
            is_administrator: false,
            is_hidden: true,
            enable_collection_management: false,
            enable_subtitle_management: false,
            enable_lyric_management: false,
            is_disabled: false,
            max_parental_rating: None,
            max_parental_sub_rating: None,
            blocked_tags: Vec::new(),
            allowed_tags: Vec::new(),
            enable_user_preference_access: true,
            access_schedules: Vec::new(),
            block_unrated_items: Vec::new(),
            enable_remote_control_of_other_users: false,
            enable_shared_device_control: true,
            enable_remote_access: true,
            enable_live_tv_management: false,
            enable_live_tv_access: true,
            enable_media_playback: true,
            enable_audio_playback_transcoding: true,
            enable_video_playback_transcoding: true,
            enable_playback_remuxing: true,
            force_remote_source_transcoding: false,
            enable_content_deletion: false,
            enable_content_deletion_from_folders: Vec::new(),
            enable_content_downloading: true,
            enable_sync_transcoding: true,
            enable_media_conversion: true,
            enabled_devices: Vec::new(),
            enable_all_devices: true,
            enabled_channels: Vec::new(),
            enable_all_channels: true,
            enabled_folders: Vec::new(),
            enable_all_folders: true,
            invalid_login_attempt_count: 0,
            login_attempts_before_lockout: -1,
            max_active_sessions: 0,
            enable_public_sharing: true,
            blocked_media_folders: Vec::new(),
            blocked_channels: Vec::new(),
            remote_client_bitrate_limit: 0,
            authentication_provider_id:
                "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider".to_owned(),
            password_reset_provider_id:
                "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider".to_owned(),
            sync_play_access: "CreateAndJoinGroups".to_owned(),
        }
    }
}
