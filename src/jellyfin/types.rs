//! What callers hand in and get back.

use ::url::Url;

use super::TlsTrust;
use crate::model::{Secret, ServerKey, UpstreamId};
use crate::wire::Body;

/// A source as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSpec {
    /// The row in `servers`.
    pub id: i64,
    pub key: ServerKey,
    /// What people call it.
    pub name: String,
    /// May have a path, when the server lives below one.
    pub base_url: Url,
    pub tls: TlsTrust,
}

/// Whom a request speaks for.
#[derive(Debug, Clone)]
pub struct Account {
    pub user_id: UpstreamId,
    pub token: Secret,
    /// Tokens belong to a device there: keep it the same for a token's whole life.
    pub device_id: String,
    /// `account_links.id`; none for the account that crawls.
    pub link: Option<i64>,
}

/// What a server tells anybody about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicInfo {
    pub id: String,
    pub name: String,
    pub version: String,
    /// False while the server starts, and on one that was never set up.
    pub ready: bool,
}

/// An accepted login.
#[derive(Debug, Clone)]
pub struct Authenticated {
    pub user_id: UpstreamId,
    pub name: String,
    pub token: Secret,
    pub is_administrator: bool,
    /// The user's `Policy` as the server sent it.
    pub policy: Body,
}
