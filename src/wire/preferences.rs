//! A client's stored preferences (`DisplayPreferencesDto`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Saved as a whole document. Values of `custom_prefs` are text or null; fields that we do not
/// know are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DisplayPreferences {
    #[serde(default)]
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_type: Option<String>,
    #[serde(default = "by_name")]
    pub sort_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_by: Option<String>,
    #[serde(default)]
    pub remember_indexing: bool,
    #[serde(default = "default_size")]
    pub primary_image_height: i32,
    #[serde(default = "default_size")]
    pub primary_image_width: i32,
    #[serde(default)]
    pub custom_prefs: BTreeMap<String, Option<String>>,
    #[serde(default = "horizontal")]
    pub scroll_direction: String,
    #[serde(default = "yes")]
    pub show_backdrop: bool,
    #[serde(default)]
    pub remember_sorting: bool,
    #[serde(default = "ascending")]
    pub sort_order: String,
    #[serde(default)]
    pub show_sidebar: bool,
    #[serde(default)]
    pub client: String,
    #[serde(flatten)]
    pub unknown: super::Body,
}

impl DisplayPreferences {
    pub const KEYS: &'static [&'static str] = &[
        "Id",
        "ViewType",
        "SortBy",
        "IndexBy",
        "RememberIndexing",
        "PrimaryImageHeight",
        "PrimaryImageWidth",
        "CustomPrefs",
        "ScrollDirection",
        "ShowBackdrop",
        "RememberSorting",
        "SortOrder",
        "ShowSidebar",
        "Client",
    ];
}

fn by_name() -> String {
    "SortName".to_owned()
}
fn horizontal() -> String {
    "Horizontal".to_owned()
}
fn ascending() -> String {
    "Ascending".to_owned()
}
fn default_size() -> i32 {
    250
}
fn yes() -> bool {
    true
}
