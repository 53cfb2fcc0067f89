//! The files that `web/` was built into, kept in the binary.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// A page of the web build as text; none in a build without pages.
pub(super) fn page(name: &str) -> Option<String> {
    Dist::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok())
}

/// A file of `ui/assets`: its name holds its fingerprint, so clients keep it for good.
pub(super) fn asset(name: &str, request: &HeaderMap) -> Option<Response> {
    // All our names are lower case; addresses are not told apart by case anywhere in Manyfin.
    let EmbeddedFile { data, metadata } =
        Dist::get(&format!("ui/assets/{}", name.to_ascii_lowercase()))?;
    let etag = etag(&metadata.sha256_hash());
    let headers = [
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::ETAG, etag.clone()),
    ];
    if matches(request, &etag) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let kind = HeaderValue::from_str(metadata.mimetype()).ok()?;
    let body = Body::from(data.into_owned());
    Some((headers, [(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Weak, because the same file may leave compressed.
pub(super) fn etag(hash: &[u8; 32]) -> HeaderValue {
    HeaderValue::from_str(&format!("W/\"{}\"", hex::encode(&hash[..16])))
        .expect("hex digits are header text")
}

/// Whether the client has this version already (`If-None-Match`).
pub(super) fn matches(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let strip = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(ours) = etag.to_str().map(strip) else {
        return false;
    };
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || strip(tag) == ours)
}
