//! Public ids: keyed by the installation's id secret, so stable and not to be guessed from outside.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::model::{NameKind, PublicId, ServerKey, UpstreamId};

/// Derives public ids. The secret is made once for an installation, lies in every backup and never
/// rotates: every id that a client has stored depends on it.
#[derive(Clone)]
pub struct PublicIds(Arc<[u8; 32]>);

impl std::fmt::Debug for PublicIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicIds(…)")
    }
}

impl PublicIds {
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Arc::new(secret))
    }

    /// A copy's id.
    pub fn copy(&self, server: ServerKey, item: UpstreamId) -> PublicId {
        self.derive("copy", &[server.0.as_bytes(), item.0.as_bytes()])
    }

    /// The id of the item that was first seen as this copy.
    pub fn item(&self, founder: PublicId) -> PublicId {
        self.derive("item", &[founder.0.as_bytes()])
    }

    /// The id of a source library.
    pub fn library(&self, server: ServerKey, library: UpstreamId) -> PublicId {
        self.derive("library", &[server.0.as_bytes(), library.0.as_bytes()])
    }

    /// The id of a genre, studio, person …; the name comes folded. Artists and album artists are the same.
    pub fn name(&self, kind: NameKind, folded: &str) -> PublicId {
        let kind = if kind == NameKind::AlbumArtist {
            NameKind::Artist
        } else {
            kind
        };
        self.derive("name", &[format!("{kind:?}").as_bytes(), folded.as_bytes()])
    }

    /// The id of something that exists once an installation: `root`, `collections`, `playlists`.
    pub fn fixed(&self, what: &str) -> PublicId {
        self.derive("fixed", &[what.as_bytes()])
    }

    /// The `ETag` of a version as one user is told it: a capability to stream that copy, which players
    /// without a token send back as `Tag`. Access is checked again when it is used.
    pub fn stream_tag(&self, user: PublicId, copy: PublicId) -> String {
        self.derive("stream", &[user.0.as_bytes(), copy.0.as_bytes()])
            .to_string()
    }

    /// A key for another purpose, derived from the id secret.
    pub fn derived_key(&self, purpose: &str) -> [u8; 32] {
        self.digest("key", &[purpose.as_bytes()])
    }

    fn derive(&self, space: &str, parts: &[&[u8]]) -> PublicId {
        let digest = self.digest(space, parts);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        PublicId(Uuid::from_bytes(bytes))
    }

    fn digest(&self, space: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        mac.update(space.as_bytes());
        for part in parts {
            // Lengths keep ("ab", "c") apart from ("a", "bc").
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
