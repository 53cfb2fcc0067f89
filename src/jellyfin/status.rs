//! How a source is.

use chrono::{DateTime, Utc};

use super::{PublicInfo, UpstreamError};

/// The first version that is spoken.
const MINIMUM_VERSION: (u32, u32) = (10, 10);
pub(super) const MINIMUM_VERSION_TEXT: &str = "10.10";

/// What is known of a source at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ServerStatus {
    /// Not asked yet.
    #[default]
    Unknown,
    Online {
        version: String,
        /// Of the last health question, milliseconds.
        latency_ms: u64,
    },
    /// It runs, but answers 503 to everything.
    Starting,
    Offline {
        since: DateTime<Utc>,
        reason: String,
    },
    /// Something answers that is not used: untrusted TLS, no Jellyfin, a redirect.
    Refused {
        reason: String,
    },
    Incompatible {
        version: String,
    },
}

impl ServerStatus {
    pub fn is_online(&self) -> bool {
        matches!(self, Self::Online { .. })
    }

    /// The status that an error means, with `since` for a server that just went silent; none when
    /// the error says nothing about the server as a whole.
    pub(super) fn of_error(error: &UpstreamError, since: DateTime<Utc>) -> Option<Self> {
        Some(match error {
            UpstreamError::Starting => Self::Starting,
            UpstreamError::TooOld { version } => Self::Incompatible {
                version: version.clone(),
            },
            UpstreamError::Tls { .. }
            | UpstreamError::NotJellyfin
            | UpstreamError::Redirected { .. } => Self::Refused {
                reason: error.to_string(),
            },
            UpstreamError::Unreachable { .. } | UpstreamError::Timeout => Self::Offline {
                since,
                reason: error.to_string(),
            },
            _ => return None,
        })
    }
}

/// Reads `/System/Info/Public`.
///
/// # Errors
/// `NotJellyfin` when it is something else, `TooOld` below the minimum version.
pub fn read_public_info(value: &serde_json::Value) -> Result<PublicInfo, UpstreamError> {
    let text = |key: &str| value.get(key).and_then(|v| v.as_str()).unwrap_or_default();
    let product_fits = text("ProductName")
        .to_ascii_lowercase()
        .contains("jellyfin");
    if !product_fits || text("Id").is_empty() {
        return Err(UpstreamError::NotJellyfin);
    }
    let version = text("Version");
    let mut parts = version.split(['.', '-']).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        return Err(UpstreamError::NotJellyfin);
    };
    if (major, minor) < MINIMUM_VERSION {
        return Err(UpstreamError::TooOld {
            version: version.chars().take(40).collect(),
        });
    }
    Ok(PublicInfo {
        id: text("Id").to_owned(),
        name: text("ServerName").to_owned(),
        version: version.to_owned(),
        ready: value
            .get("StartupWizardCompleted")
            .and_then(|v| v.as_bool())
            != Some(false),
    })
}
