//! Messages of the WebSocket.

use serde::{Deserialize, Serialize};

/// A message either way. `message_id` is the server's alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SocketMessage<T> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    pub message_type: String,
}

/// `UserDataChanged`: the items and their parents, as `UserItemDataDto`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserDataChange {
    pub user_id: String,
    pub user_data_list: Vec<serde_json::Value>,
}

/// `LibraryChanged`: ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LibraryUpdate {
    pub folders_added_to: Vec<String>,
    pub folders_removed_from: Vec<String>,
    pub items_added: Vec<String>,
    pub items_removed: Vec<String>,
    pub items_updated: Vec<String>,
    pub collection_folders: Vec<String>,
    pub is_empty: bool,
}
