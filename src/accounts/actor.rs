//! Who acts, for rights and for the audit.

use super::{AccountsError, Viewer};
use crate::model::PublicId;

/// Who asks for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User {
        id: PublicId,
        is_administrator: bool,
    },
    /// The configuration file.
    Config,
    /// Somebody with a shell on the machine.
    Shell,
    /// Manyfin itself.
    System,
}

impl Actor {
    /// Whether it may change what is everybody's.
    pub fn is_administrator(&self) -> bool {
        match self {
            Self::User {
                is_administrator, ..
            } => *is_administrator,
            Self::Config | Self::Shell | Self::System => true,
        }
    }

    /// Whether it is this user.
    pub fn is(&self, user: PublicId) -> bool {
        matches!(self, Self::User { id, .. } if *id == user)
    }

    pub fn user_id(&self) -> Option<PublicId> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }

    pub(super) fn need_administrator(&self) -> Result<(), AccountsError> {
        if self.is_administrator() {
            Ok(())
        } else {
            Err(AccountsError::Forbidden)
        }
    }

    /// The user themself, or an administrator.
    pub(super) fn need_to_be(&self, user: PublicId) -> Result<(), AccountsError> {
        if self.is(user) || self.is_administrator() {
            Ok(())
        } else {
            Err(AccountsError::Forbidden)
        }
    }
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        Self::User {
            id: viewer.user_id,
            is_administrator: viewer.is_administrator,
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User { id, .. } => id.fmt(f),
            Self::Config => f.write_str("config"),
            Self::Shell => f.write_str("shell"),
            Self::System => f.write_str("system"),
        }
    }
}
