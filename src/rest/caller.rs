//! Who calls: the token and the device, in each of the forms that clients use.
//!
//! Never fails and never panics: what cannot be read is absent.

use std::borrow::Cow;

use http::HeaderMap;

use super::params::Params;
use crate::model::Secret;
use crate::wire::authorization;

pub use crate::wire::Credentials;

impl Credentials {
    /// Reads headers and query. The token is the first of: `Authorization`, `X-Emby-Token`,
    /// `X-MediaBrowser-Token`, `?ApiKey`, `?api_key`; an `X-Emby-Authorization` header stands in
    /// where `Authorization` is absent or of another scheme.
    pub fn read(headers: &HeaderMap, params: &Params) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| lossy(value.as_bytes()));
        let mut found = header("authorization")
            .and_then(|text| authorization(&text))
            .or_else(|| header("x-emby-authorization").and_then(|text| authorization(&text)))
            .unwrap_or_default();
        if found.token.is_none() {
            found.token = header("x-emby-token")
                .or_else(|| header("x-mediabrowser-token"))
                .map(|token| token.trim().to_owned())
                .filter(|token| !token.is_empty())
                .or_else(|| params.text("ApiKey").map(str::to_owned))
                .or_else(|| params.text("api_key").map(str::to_owned))
                .map(Secret::new);
        }
        // The socket and streams carry the device in the query.
        if found.device_id.is_none() {
            found.device_id = params.text("deviceId").map(str::to_owned);
        }
        found
    }
}

/// Header bytes are not always ASCII: device names hold umlauts, raw.
fn lossy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes))
}
