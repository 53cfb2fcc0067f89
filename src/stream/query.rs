//! Query parameters on their way up: names in any case, our ids made the source's.

use std::borrow::Cow;

use super::{StreamError, StreamTarget};
use crate::model::PublicId;

/// The query of a request.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

/// What must not go up: tokens of ours, and tags, which are ours too.
const KEPT_BACK: &[&str] = &[
    "apikey",
    "api_key",
    "token",
    "x-emby-token",
    "x-mediabrowser-token",
    "x-emby-authorization",
    "authorization",
    "tag",
    // A list of values by position that some old apps sent; its ids could not be told apart.
    "params",
];

impl Query {
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value; an empty one is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// An id; what is none is taken for absent, as Jellyfin does.
    pub fn id(&self, name: &str) -> Option<PublicId> {
        self.get(name)?
            .parse()
            .ok()
            .filter(|id: &PublicId| !id.is_nil())
    }

    /// The token-like value, of whichever of its names.
    pub fn key(&self) -> Option<&str> {
        self.get("ApiKey").or_else(|| self.get("api_key"))
    }

    /// The query for the source. `with_source`: the route takes a `mediaSourceId`.
    pub(super) fn upward(&self, target: &StreamTarget, with_source: bool) -> Vec<(&str, String)> {
        let mut up: Vec<(&str, String)> = Vec::with_capacity(self.0.len() + 1);
        let mut has_source = false;
        for (name, value) in &self.0 {
            let lower = name.to_ascii_lowercase();
            let value = match lower.as_str() {
                kept if KEPT_BACK.contains(&kept) => continue,
                "mediasourceid" => {
                    has_source = true;
                    target.upstream_source.clone()
                }
                "itemid" | "id" => target.upstream_item.to_string(),
                "userid" => target.account.user_id.to_string(),
                // The one that playback information was asked with: transcodes are known by it.
                "deviceid" => target.account.device_id.clone(),
                _ => value.clone(),
            };
            up.push((name, value));
        }
        if with_source && !has_source {
            up.push(("mediaSourceId", target.upstream_source.clone()));
        }
        up
    }
}

/// A part of a path that goes up as it came; anything but a plain name is refused.
pub fn plain(segment: &str) -> Result<&str, StreamError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let good = !segment.is_empty()
        && segment.len() <= 128
        && segment.bytes().all(fits)
        && !segment.starts_with('.');
    good.then_some(segment).ok_or(StreamError::NotFound)
}

/// An id in a path.
pub fn path_id(text: &str) -> Result<PublicId, StreamError> {
    text.parse()
        .map_err(|_| StreamError::Invalid(format!("`{}` is no id", shortened(text))))
}

fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(64) {
        Some((at, _)) => Cow::Owned(format!("{}…", &text[..at])),
        None => Cow::Borrowed(text),
    }
}
