//! Jellyfin's JSON: serde only, shared by `rest` (towards clients) and `jellyfin` (towards sources).

pub mod any_case;
mod authorization;
mod capabilities;
mod interner;
mod light;
mod list;
mod packed;
mod playback;
mod preferences;
mod prose;
mod session;
mod socket;
mod system;
mod text;
pub mod time;
mod user;
mod user_data;

#[cfg(test)]
mod tests;

pub use authorization::{Credentials, authorization};
pub use capabilities::ClientCapabilities;
pub use light::{LightItem, LightPerson, LightSource, LightStream, NameId};
pub use list::QueryResult;
pub use packed::{Items, Packed};
pub use playback::{PLAYBACK_KEYS, PlaybackInfoRequest, PlaybackReport};
pub use preferences::DisplayPreferences;
pub use prose::Prose;
pub use session::{AuthenticationResult, PlayState, SessionInfo};
pub use socket::{LibraryUpdate, SocketMessage, UserDataChange};
pub use system::{EndpointInfo, PublicSystemInfo, SystemInfo, UtcTime};
pub use text::{Pairs, Tag, Word};
pub use user::{AuthenticateUserByName, UserConfiguration, UserDto, UserPolicy};
pub use user_data::{UpdateUserItemData, UserItemData};

/// A Jellyfin JSON object as it came, so that fields we do not know pass untouched.
pub type Body = serde_json::Map<String, serde_json::Value>;
