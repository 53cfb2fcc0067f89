//! Which copy on which server a request means, and whether its caller may have it.

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Grant, StreamError};
use crate::accounts::Viewer;
use crate::jellyfin::{Account, Server};
use crate::model::{NameKind, PublicId, UpstreamId};

/// A request for a copy's bytes.
#[derive(Debug, Clone)]
pub struct Asked {
    pub viewer: Option<Arc<Viewer>>,
    /// The right that the URL carries. It names the copy, whatever the ids say.
    pub grant: Option<Grant>,
    pub address: Option<IpAddr>,
    pub device_id: Option<String>,
    pub play_session_id: Option<String>,
    /// The id in the path: of an item or a copy.
    pub id: PublicId,
    /// The version that is meant; it goes before the id.
    pub media_source_id: Option<PublicId>,
    /// What the client was told as the version's ETag.
    pub tag: Option<String>,
    /// The bytes are wanted from the middle on: they go on from what was read before, so they may come
    /// from the same file only.
    pub from_middle: bool,
    /// The file as it lies there, by any of its ranges.
    pub whole_file: bool,
    /// None of these copies: they could not be read just now.
    pub tried: Vec<PublicId>,
    /// Not this copy, which keeps the player waiting: another of the same bytes.
    pub instead_of: Option<PublicId>,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub struct StreamTarget {
    pub server: Arc<Server>,
    /// The link that it is played by; its device id is the one that playback information named.
    pub account: Account,
    pub upstream_item: UpstreamId,
    /// The version's id there, as that server spells it.
    pub upstream_source: String,
    /// The copy's public id.
    pub copy: PublicId,
    /// Whose right it is played by.
    pub user: PublicId,
    /// It goes on for another copy of the same bytes, whose server is gone: what the request says of
    /// the other file's date holds for this one.
    pub stands_in: bool,
}

/// A request for a picture.
#[derive(Debug, Clone)]
pub struct ImageAsked {
    pub viewer: Option<Arc<Viewer>>,
    pub id: PublicId,
    /// As Jellyfin spells it (`Primary`).
    pub image_type: &'static str,
    pub index: Option<u32>,
    /// The tag that names the picture; without one it is the item's default picture.
    pub tag: Option<String>,
}

/// Where a picture is.
#[derive(Debug, Clone)]
pub struct ImageTarget {
    pub server: Arc<Server>,
    /// None: by what is open to everybody there.
    pub account: Option<Account>,
    pub upstream_item: UpstreamId,
    /// The picture's tag on its server.
    pub upstream_tag: String,
    /// Type and index there, which may be others than those asked for.
    pub image_type: &'static str,
    pub index: Option<u32>,
}

/// The access check and the choice of the copy, by the catalog. Every request asks anew.
pub trait Resolve: Send + Sync {
    /// # Errors
    /// `NotFound` for what this caller may not see, `Unauthenticated` for a caller without any right,
    /// `Unavailable` when every server that has it is down.
    fn stream(&self, asked: Asked) -> BoxFuture<'_, Result<StreamTarget, StreamError>>;

    /// # Errors
    /// `NotFound` when there is no such picture for this caller.
    fn image(&self, asked: ImageAsked) -> BoxFuture<'_, Result<ImageTarget, StreamError>>;

    /// Whether a user may still have this copy, which flows already. Where that cannot be looked up, yes.
    fn may_still(&self, user: PublicId, copy: PublicId) -> BoxFuture<'_, bool>;

    /// No byte of this copy came in time: others go before it for a while.
    fn stalled(&self, copy: PublicId);

    /// This copy's server is there and does not give it: others go before it for a while.
    fn failed(&self, copy: PublicId);

    /// Something went wrong with a server: asks all whether they are there.
    fn look_around(&self) -> BoxFuture<'_, ()>;

    /// The public id of a genre, studio, person or artist.
    fn name_id(&self, kind: NameKind, name: &str) -> PublicId;

    /// The server of a link.
    fn server(&self, server_id: i64) -> Option<Arc<Server>>;

    /// For when rights begin and end.
    fn now(&self) -> chrono::DateTime<chrono::Utc>;
}
