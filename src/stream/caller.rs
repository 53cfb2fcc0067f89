//! Who asks for bytes.

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::request::Parts;

use crate::accounts::Viewer;

/// What a request says of its sender, checked. Players often say nothing: they open bare URLs.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub viewer: Option<Arc<Viewer>>,
    pub device_id: Option<String>,
    /// Believed from trusted proxies only.
    pub address: Option<IpAddr>,
}

/// Reads token, device and address off a request. An unknown token is no viewer, and no error.
pub type Identify = Arc<
    dyn for<'a> Fn(&'a Parts) -> BoxFuture<'a, Result<Caller, super::StreamError>> + Send + Sync,
>;
