//! Jellyfin's JSON: serde only, shared by `rest` (towards clients) and `jellyfin` (towards sources).

mod light;

pub use light::{LightItem, LightPerson, LightSource, LightStream, NameId};

/// A Jellyfin JSON object as it came, so that fields we do not know pass untouched.
pub type Body = serde_json::Map<String, serde_json::Value>;
