//! The caller of a request.

use std::sync::Arc;

use crate::jellyfin::Account;
use crate::merge::SourcePolicy;
use crate::model::PublicId;

/// The session that a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    pub id: PublicId,
    pub device_id: String,
    pub device_name: String,
    pub client: String,
    pub version: String,
}

/// What a link's server said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Active,
    /// The server refuses the account: nothing of it is seen there. The reason is for people.
    Refused {
        reason: String,
    },
}

/// A user's account on a server.
#[derive(Debug, Clone)]
pub struct Link {
    /// `account_links.id`.
    pub id: i64,
    /// `servers.id`.
    pub server_id: i64,
    pub account: Account,
    pub state: LinkState,
    /// Several users are linked to the account: what they watch stays apart.
    pub shared: bool,
}

/// A signed-in user with what they are linked to.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub user_id: PublicId,
    pub name: String,
    pub is_administrator: bool,
    pub session: SessionInfo,
    /// Jellyfin's `UserConfiguration`.
    pub settings: serde_json::Value,
    /// Which copy plays first, whatever the libraries say.
    pub source_policy: Option<SourcePolicy>,
    pub links: Arc<[Link]>,
}

impl Viewer {
    /// The language that is listened to by preference (`AudioLanguagePreference`), as a code.
    pub fn audio_language(&self) -> Option<&str> {
        let told = self.settings.get("AudioLanguagePreference")?.as_str()?;
        Some(told.trim()).filter(|code| !code.is_empty())
    }

    /// The links that see something.
    pub fn active_links(&self) -> impl Iterator<Item = &Link> {
        self.links
            .iter()
            .filter(|link| link.state == LinkState::Active)
    }

    pub fn link_to(&self, server_id: i64) -> Option<&Link> {
        self.active_links().find(|link| link.server_id == server_id)
    }
}
