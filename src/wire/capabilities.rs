//! What a client can do (`ClientCapabilities`).

use serde::{Deserialize, Serialize};

use super::any_case::lenient;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientCapabilities {
    #[serde(default, deserialize_with = "lenient::list")]
    pub playable_media_types: Vec<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub supported_commands: Vec<String>,
    #[serde(default)]
    pub supports_media_control: bool,
    #[serde(default = "yes")]
    pub supports_persistent_identifier: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_profile: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_store_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

fn yes() -> bool {
    true
}

impl ClientCapabilities {
    pub const KEYS: &'static [&'static str] = &[
        "PlayableMediaTypes",
        "SupportedCommands",
        "SupportsMediaControl",
        "SupportsPersistentIdentifier",
        "DeviceProfile",
        "AppStoreUrl",
        "IconUrl",
    ];
}

impl Default for ClientCapabilities {
    /// What Jellyfin tells of a client that never said.
    fn default() -> Self {
        Self {
            playable_media_types: Vec::new(),
            supported_commands: Vec::new(),
            supports_media_control: false,
            supports_persistent_identifier: true,
            device_profile: None,
            app_store_url: None,
            icon_url: None,
        }
    }
}
