//! Addresses on a source: below its base path, and never outside of it.

use ::url::Url;

use super::UpstreamError;

/// The base as it is used: no credentials, query or fragment, no slash at the end.
pub(super) fn base(url: &Url) -> Url {
    let mut base = url.clone();
    // Only URLs without a host refuse these, and such a base fails on connect.
    let _ = base.set_username("");
    let _ = base.set_password(None);
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    base
}

/// `path` (from `/`) below the base.
///
/// # Errors
/// `NotFound` for a path that would climb out of where it points: parts of it may come from clients.
pub(super) fn endpoint(
    base: &Url,
    path: &str,
    query: &[(&str, String)],
) -> Result<Url, UpstreamError> {
    let climbs = path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    });
    if climbs || !path.starts_with('/') || path.contains("%2f") || path.contains("%2F") {
        return Err(UpstreamError::NotFound);
    }
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    if !query.is_empty() {
        url.query_pairs_mut()
            .extend_pairs(query.iter().map(|(name, value)| (name, value)));
    }
    Ok(url)
}

/// What may be shown of an address: no query, no credentials.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = base(url).to_string();
    shown.truncate(200);
    shown
}
