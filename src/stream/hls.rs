//! Playlists made ours: every URI in them loses the source's token and ids and gets ours.
//!
//! Pure and total: any text has an answer, and no answer holds the source's token.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use crate::model::{PublicId, UpstreamId};

/// What stands for what.
#[derive(Debug, Clone, Copy)]
pub struct Mapping<'a> {
    pub upstream_item: UpstreamId,
    pub upstream_source: &'a str,
    pub upstream_token: &'a str,
    /// The copy's id: stands for item and version alike.
    pub copy: PublicId,
    pub user: PublicId,
    /// The device as the client calls it; none: the parameter is left out.
    pub device_id: Option<&'a str>,
    /// The version's tag as the client sent it.
    pub tag: Option<&'a str>,
    /// Our key in place of the source's token.
    pub key: &'a str,
}

/// What must be encoded within a query value, or would end a quoted attribute or a line.
const VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'=');

/// The route families below which Manyfin has what a source's playlist may point at.
const FAMILIES: [&str; 2] = ["videos", "audio"];

/// Rewrites a master, media, subtitle or trickplay playlist.
pub fn rewrite(playlist: &[u8], mapping: &Mapping<'_>) -> String {
    let text = String::from_utf8_lossy(playlist);
    let out = rewrite_lines(&text, mapping);
    let token = mapping.upstream_token;
    if token.is_empty() || !out.contains(token) {
        return out;
    }
    // Wherever else a source may put it: in comments, in fields that do not exist yet. It is cut out of
    // what came, as what is left may be an address that was none.
    without(
        rewrite_lines(&without(text.into_owned(), token), mapping),
        token,
    )
}

/// What is left when one is cut out may be one again.
fn without(mut text: String, token: &str) -> String {
    while text.contains(token) {
        text = text.replace(token, "");
    }
    text
}

fn rewrite_lines(text: &str, mapping: &Mapping<'_>) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let end = &line[content.len()..];
        let bare = bare(content);
        if bare.is_empty() {
            out.push_str(content);
        } else if bare.starts_with('#') {
            tag(content, mapping, &mut out);
        } else {
            out.push_str(&uri(bare, mapping));
        }
        out.push_str(end);
    }
    out
}

/// Without what players take off before they read a line or an address.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || c.is_whitespace() || c == '\u{feff}')
}

/// A tag or comment: rewrites each `…URI="…"` in it.
fn tag(line: &str, mapping: &Mapping<'_>, out: &mut String) {
    const ATTRIBUTE: &str = "URI=\"";
    let mut rest = line;
    while let Some(at) = find_ignoring_case(rest, ATTRIBUTE) {
        let (before, value) = rest.split_at(at + ATTRIBUTE.len());
        out.push_str(before);
        let (value, after) = match value.find('"') {
            Some(close) => value.split_at(close),
            None => (value, ""),
        };
        out.push_str(&uri(value, mapping));
        rest = after;
    }
    out.push_str(rest);
}

fn find_ignoring_case(text: &str, ascii: &str) -> Option<usize> {
    text.as_bytes()
        .windows(ascii.len())
        .position(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

/// One URI. What is relative stays relative; an absolute one is made relative, or leads nowhere: no
/// playlist of ours tells where the source is.
fn uri(uri: &str, mapping: &Mapping<'_>) -> String {
    let uri = bare(uri);
    let (rest, fragment) = match uri.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (uri, None),
    };
    if rest.is_empty() || rest.starts_with("data:") {
        return uri.to_owned();
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let Some(path) = home(path) else {
        return "gone".to_owned();
    };
    let mut out = path
        .split('/')
        .map(|segment| segment_ours(segment, mapping))
        .collect::<Vec<_>>()
        .join("/");
    out.push('?');
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        if let Some(pair) = pair_ours(pair, mapping) {
            out.push_str(&pair);
            out.push('&');
        }
    }
    out.push_str("ApiKey=");
    out.push_str(&encoded(mapping.key));
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

/// The path as it is found from a playlist of ours at `/videos/{id}/…`, wherever that lies.
fn home(path: &str) -> Option<Cow<'_, str>> {
    let absolute = path.starts_with('/') || path.starts_with('\\');
    let has_scheme = path
        .split('/')
        .next()
        .is_some_and(|first| first.contains(':'));
    if !absolute && !has_scheme {
        return Some(Cow::Borrowed(path));
    }
    // What follows the family does not depend on the base path that the source has.
    let segments: Vec<&str> = path.split('/').collect();
    let at = segments.iter().position(|segment| {
        FAMILIES
            .iter()
            .any(|family| family.eq_ignore_ascii_case(segment))
    })?;
    // `/videos/{id}/x` seen from `/videos/{id}/master.m3u8` is `../../videos/{id}/x`.
    (segments.len() > at + 2).then(|| Cow::Owned(format!("../../{}", segments[at..].join("/"))))
}

fn segment_ours<'a>(segment: &'a str, mapping: &Mapping<'_>) -> Cow<'a, str> {
    match public_id(segment, mapping) {
        Some(id) => Cow::Owned(id),
        None => Cow::Borrowed(segment),
    }
}

/// The copy's id for an id of the source's item or version, dashed where that was.
fn public_id(text: &str, mapping: &Mapping<'_>) -> Option<String> {
    let is_source = text.eq_ignore_ascii_case(mapping.upstream_source);
    let id = Uuid::try_parse(text).ok();
    if !is_source && id != Some(mapping.upstream_item.0) {
        return None;
    }
    Some(if text.contains('-') {
        mapping.copy.dashed()
    } else {
        mapping.copy.to_string()
    })
}

fn pair_ours<'a>(pair: &'a str, mapping: &Mapping<'_>) -> Option<Cow<'a, str>> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let plain = percent_decode_str(value).decode_utf8_lossy();
    let ours = |value: &str| Some(Cow::Owned(format!("{name}={}", encoded(value))));
    match name.to_ascii_lowercase().as_str() {
        "apikey"
        | "api_key"
        | "token"
        | "x-emby-token"
        | "x-mediabrowser-token"
        | "authorization"
        | "x-emby-authorization" => None,
        "deviceid" => mapping.device_id.and_then(ours),
        "tag" => mapping.tag.and_then(ours),
        "userid" => ours(&mapping.user.to_string()),
        // Also a version's id that is not spelled as the one we know: it can be no other.
        "mediasourceid" => ours(&mapping.copy.to_string()),
        _ if !mapping.upstream_token.is_empty() && plain.contains(mapping.upstream_token) => None,
        _ => match public_id(&plain, mapping) {
            Some(id) => ours(&id),
            None => Some(Cow::Borrowed(pair)),
        },
    }
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}
