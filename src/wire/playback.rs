//! What clients say about playback: which form they want, and what they play.

use serde::{Deserialize, Serialize};

use super::any_case::lenient;

/// Spellings of the keys of both bodies and of the device profile in them.
pub const PLAYBACK_KEYS: &[&str] = &[
    "UserId",
    "ItemId",
    "SessionId",
    "MediaSourceId",
    "PlaySessionId",
    "LiveStreamId",
    "PositionTicks",
    "StartTimeTicks",
    "PlaybackStartTimeTicks",
    "AudioStreamIndex",
    "SubtitleStreamIndex",
    "MaxAudioChannels",
    "MaxStreamingBitrate",
    "MaxStaticBitrate",
    "MusicStreamingTranscodingBitrate",
    "EnableDirectPlay",
    "EnableDirectStream",
    "EnableTranscoding",
    "AllowVideoStreamCopy",
    "AllowAudioStreamCopy",
    "AutoOpenLiveStream",
    "AlwaysBurnInSubtitleWhenTranscoding",
    "DeviceProfile",
    "DirectPlayProfiles",
    "TranscodingProfiles",
    "ContainerProfiles",
    "CodecProfiles",
    "SubtitleProfiles",
    "ResponseProfiles",
    "VideoCodec",
    "AudioCodec",
    "Container",
    "Type",
    "PlayMethod",
    "RepeatMode",
    "PlaybackOrder",
    "PlaylistItemId",
    "NowPlayingQueue",
    "CanSeek",
    "IsPaused",
    "IsMuted",
    "VolumeLevel",
    "EventName",
    "NextMediaType",
    "Failed",
    "Item",
];

/// The parts of `PlaybackInfoDto` that we read; the rest goes on untouched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlaybackInfoRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_source_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_streaming_bitrate: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub start_time_ticks: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub audio_stream_index: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub subtitle_stream_index: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_profile: Option<serde_json::Value>,
    #[serde(flatten)]
    pub rest: super::Body,
}

/// `PlaybackStartInfo`, `PlaybackProgressInfo` and `PlaybackStopInfo` in one: some clients leave
/// out the version or the play session, or the item itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlaybackReport {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_source_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play_session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_stream_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub position_ticks: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub audio_stream_index: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub subtitle_stream_index: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub volume_level: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::boolean",
        skip_serializing_if = "Option::is_none"
    )]
    pub can_seek: Option<bool>,
    #[serde(
        default,
        deserialize_with = "lenient::boolean",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_paused: Option<bool>,
    #[serde(
        default,
        deserialize_with = "lenient::boolean",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_muted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_name: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::boolean",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed: Option<bool>,
    #[serde(flatten)]
    pub rest: super::Body,
}
