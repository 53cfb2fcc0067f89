//! Signed rights to stream one copy: for players that send no token of their own.
//!
//! A playlist names segments and further playlists that a player opens by their bare URLs. Those URLs
//! carry such a right in place of a token, so a URL that gets about opens one copy for a while, not an
//! account. What it opens is checked again when it is used: the user must still see the copy.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::accounts::PublicIds;
use crate::model::{PublicId, Secret};

/// Tells a right from a token at first sight.
const PREFIX: &str = "mf1.";
/// Longer than any film with a night's pause in it.
const LIFETIME: chrono::Duration = chrono::Duration::hours(48);
const SIGNATURE: usize = 16;
const LENGTH: usize = 16 + 16 + 8 + SIGNATURE;

/// The right of one user to stream one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub user: PublicId,
    pub copy: PublicId,
}

/// Makes and checks rights.
#[derive(Clone)]
pub struct Capabilities {
    key: [u8; 32],
}

impl Capabilities {
    /// Keyed by the id secret, so all replicas agree and a restart ends no playback.
    pub fn new(ids: &PublicIds) -> Self {
        Self {
            key: ids.derived_key("stream capability"),
        }
    }

    /// Text fit for a query, valid from now on for two days.
    pub fn sign(&self, grant: Grant, now: DateTime<Utc>) -> Secret {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(grant.user.0.as_bytes());
        bytes.extend_from_slice(grant.copy.0.as_bytes());
        bytes.extend_from_slice(&(now + LIFETIME).timestamp().to_be_bytes());
        let signature = self.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE]);
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// None for what is no right, was not signed here, or has ended.
    pub fn verify(&self, text: &str, now: DateTime<Utc>) -> Option<Grant> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        if bytes.len() != LENGTH {
            return None;
        }
        let (signed, signature) = bytes.split_at(LENGTH - SIGNATURE);
        // Compares in constant time.
        self.mac(signed).verify_truncated_left(signature).ok()?;
        let id = |at: usize| Uuid::from_slice(&signed[at..at + 16]).ok().map(PublicId);
        let until = i64::from_be_bytes(signed[32..40].try_into().ok()?);
        (now.timestamp() < until).then_some(Grant {
            user: id(0)?,
            copy: id(16)?,
        })
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(bytes);
        mac
    }
}

impl std::fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capabilities(…)")
    }
}
