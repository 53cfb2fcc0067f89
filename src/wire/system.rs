//! What a server says of itself.

use serde::{Deserialize, Serialize};

use super::time::Stamp;

/// `/System/Info/Public`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublicSystemInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_address: Option<String>,
    #[serde(default)]
    pub server_name: String,
    /// Clients parse it and refuse what is too old for them.
    #[serde(default)]
    pub version: String,
    /// Exactly `Jellyfin Server`, or clients do not take the server for one.
    #[serde(default)]
    pub product_name: String,
    #[serde(default)]
    pub operating_system: String,
    /// 32 hex digits that never change.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub startup_wizard_completed: bool,
}

impl PublicSystemInfo {
    pub const PRODUCT: &'static str = "Jellyfin Server";
}

/// An entry of `CastReceiverApplications`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CastReceiver {
    pub id: String,
    pub name: String,
}

/// `/System/Info`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SystemInfo {
    pub operating_system_display_name: String,
    pub has_pending_restart: bool,
    pub is_shutting_down: bool,
    pub supports_library_monitor: bool,
    pub web_socket_port_number: u16,
    pub completed_installations: Vec<serde_json::Value>,
    pub can_self_restart: bool,
    pub can_launch_web_browser: bool,
    pub program_data_path: String,
    pub web_path: String,
    pub items_by_name_path: String,
    pub cache_path: String,
    pub log_path: String,
    pub internal_metadata_path: String,
    pub transcoding_temp_path: String,
    pub cast_receiver_applications: Vec<CastReceiver>,
    pub has_update_available: bool,
    pub encoder_location: String,
    pub system_architecture: String,
    #[serde(flatten)]
    pub public: PublicSystemInfo,
}

impl SystemInfo {
    /// The rest of what a server tells its users. Paths of ours are nobody's business, so they
    /// are empty.
    pub fn of(public: PublicSystemInfo, port: u16) -> Self {
        Self {
            operating_system_display_name: String::new(),
            has_pending_restart: false,
            is_shutting_down: false,
            supports_library_monitor: true,
            web_socket_port_number: port,
            completed_installations: Vec::new(),
            can_self_restart: false,
            can_launch_web_browser: false,
            program_data_path: String::new(),
            web_path: String::new(),
            items_by_name_path: String::new(),
            cache_path: String::new(),
            log_path: String::new(),
            internal_metadata_path: String::new(),
            transcoding_temp_path: String::new(),
            cast_receiver_applications: vec![
                CastReceiver {
                    id: "F007D354".to_owned(),
                    name: "Stable".to_owned(),
                },
                CastReceiver {
                    id: "6F511C87".to_owned(),
                    name: "Unstable".to_owned(),
                },
            ],
            has_update_available: false,
            encoder_location: "System".to_owned(),
            system_architecture: "X64".to_owned(),
            public,
        }
    }
}

/// `/System/Endpoint`: where the caller stands, by which web chooses its bitrate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndpointInfo {
    pub is_local: bool,
    pub is_in_network: bool,
}

/// `/GetUtcTime`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UtcTime {
    pub request_reception_time: Stamp,
    pub response_transmission_time: Stamp,
}
