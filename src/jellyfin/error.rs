//! What can go wrong with a source. No variant can hold a token or a URL with a key in it.

use super::status::MINIMUM_VERSION_TEXT;

/// Why a certificate was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsProblem {
    /// Self-signed, or signed by an authority that is not trusted.
    UnknownIssuer,
    Expired,
    NotYetValid,
    /// Made for another host name.
    WrongName,
    /// Not the certificate whose fingerprint was given.
    FingerprintMismatch,
    /// The other side does not speak TLS, or no version that we speak.
    Handshake,
}

impl TlsProblem {
    fn text(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "its certificate is self-signed or from an authority that is not trusted"
            }
            Self::Expired => "its certificate has expired",
            Self::NotYetValid => "its certificate is not valid yet",
            Self::WrongName => "its certificate is for another host name",
            Self::FingerprintMismatch => {
                "its certificate is not the one whose fingerprint was given"
            }
            Self::Handshake => "no TLS connection could be made on that port",
        }
    }
}

/// A failed call to a source server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    #[error("the server cannot be reached: {reason}")]
    Unreachable { reason: String },
    #[error("the server did not answer in time")]
    Timeout,
    #[error("the server's TLS is not trusted: {}{}", problem.text(), fingerprint_hint(fingerprint.as_deref()))]
    Tls {
        problem: TlsProblem,
        /// `sha256:…` of the certificate that was shown, so that it can be pinned.
        fingerprint: Option<String>,
    },
    #[error("what answers there is no Jellyfin server")]
    NotJellyfin,
    #[error(
        "Jellyfin {version} is too old; {} or later is needed",
        MINIMUM_VERSION_TEXT
    )]
    TooOld { version: String },
    #[error("the server is still starting")]
    Starting,
    #[error("the server refused the account")]
    Unauthorized,
    #[error("the account may not do this on the server")]
    Forbidden,
    #[error("the server does not know this")]
    NotFound,
    /// `to` has neither query nor credentials.
    #[error("the server sends callers to {to}; use that address")]
    Redirected { to: String },
    #[error("the server answered with status {status}")]
    Status { status: u16 },
    #[error("the server's answer cannot be read: {reason}")]
    Malformed { reason: String },
    /// Not asked: it failed too often just now.
    #[error("the server failed several times in a row and is left alone for a moment")]
    CircuitOpen,
}

fn fingerprint_hint(fingerprint: Option<&str>) -> String {
    fingerprint.map_or_else(String::new, |f| format!(" (it showed {f})"))
}

impl UpstreamError {
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self::Unreachable {
            reason: reason.into(),
        }
    }

    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed {
            reason: reason.into(),
        }
    }

    /// The error of a status that is no success.
    pub(super) fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            503 => Self::Starting,
            502 | 504 => Self::unreachable("the proxy before it gets no answer"),
            status => Self::Status { status },
        }
    }

    /// The server cannot be used at the moment, whoever asks whatever: what is cached is shown, and
    /// nothing is concluded about accounts or items.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout
            | Self::Tls { .. }
            | Self::NotJellyfin
            | Self::TooOld { .. }
            | Self::Starting
            | Self::Redirected { .. }
            | Self::Malformed { .. }
            | Self::CircuitOpen => true,
            Self::Status { status } => *status >= 500 || *status == 429,
            Self::Unauthorized | Self::Forbidden | Self::NotFound => false,
        }
    }

    /// Whether the connection itself failed: such a server is back as soon as it answers at all.
    pub(super) fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Starting
        )
    }

    /// Whether it counts towards the breaker. One route's 500 or odd answer does not.
    pub(super) fn trips(&self) -> bool {
        self.is_connection() || matches!(self, Self::Timeout)
    }

    /// A stable word for the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "UPSTREAM_UNREACHABLE",
            Self::Timeout => "UPSTREAM_TIMEOUT",
            Self::Tls { .. } => "UPSTREAM_TLS",
            Self::NotJellyfin => "UPSTREAM_NOT_JELLYFIN",
            Self::TooOld { .. } => "UPSTREAM_TOO_OLD",
            Self::Starting => "UPSTREAM_STARTING",
            Self::Unauthorized => "UPSTREAM_UNAUTHORIZED",
            Self::Forbidden => "UPSTREAM_FORBIDDEN",
            Self::NotFound => "UPSTREAM_NOT_FOUND",
            Self::Redirected { .. } => "UPSTREAM_REDIRECTED",
            Self::Status { .. } => "UPSTREAM_STATUS",
            Self::Malformed { .. } => "UPSTREAM_MALFORMED",
            Self::CircuitOpen => "UPSTREAM_CIRCUIT_OPEN",
        }
    }
}
