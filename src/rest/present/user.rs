//! Users.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::raw::Raw;
use crate::model::PublicId;
use crate::rest::RestSettings;
use crate::wire::time::Stamp;
use crate::wire::{UserConfiguration, UserDto, UserPolicy};

/// A user in an answer of the engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: PublicId,
    pub name: String,
    pub is_administrator: bool,
    pub is_disabled: bool,
    pub has_password: bool,
    #[serde(default)]
    pub last_login_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub last_activity_at: Option<DateTime<Utc>>,
    pub settings: Raw,
}

/// What clients see of a user. Rights on the sources are theirs to enforce: the policy tells what
/// Manyfin itself allows.
pub fn user(user: User, settings: &RestSettings) -> UserDto {
    let configuration = serde_json::from_str::<Option<UserConfiguration>>(&user.settings.0)
        .ok()
        .flatten()
        .unwrap_or_default();
    UserDto {
        name: user.name,
        server_id: settings.server_id.clone(),
        id: user.id.to_string(),
        primary_image_tag: None,
        has_password: user.has_password,
        has_configured_password: user.has_password,
        has_configured_easy_password: false,
        enable_auto_login: false,
        last_login_date: user.last_login_at.map(Stamp),
        last_activity_date: user.last_activity_at.map(Stamp),
        configuration,
        policy: UserPolicy {
            is_administrator: user.is_administrator,
            is_hidden: !settings.public_users,
            is_disabled: user.is_disabled,
            enable_remote_control_of_other_users: user.is_administrator,
            ..UserPolicy::default()
        },
    }
}
