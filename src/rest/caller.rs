//! Who calls: the token and the device, in each of the forms that clients use.
//!
//! Never fails and never panics: what cannot be read is absent.

use std::borrow::Cow;

use http::HeaderMap;

use super::params::Params;
use crate::model::Secret;

/// What a request says of its sender. Nothing of it is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    pub token: Option<Secret>,
    pub client: Option<String>,
    pub device: Option<String>,
    pub device_id: Option<String>,
    pub version: Option<String>,
}

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

    /// Whether a login can be made of it: Jellyfin needs all four.
    pub fn names_device(&self) -> bool {
        [&self.client, &self.device, &self.device_id, &self.version]
            .iter()
            .all(|part| part.is_some())
    }
}

/// Header bytes are not always ASCII: device names hold umlauts, raw.
fn lossy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes))
}

/// Reads `MediaBrowser Client="…", Token=…` (also scheme `Emby`, any case) and `Bearer …`.
/// `None`: another scheme.
pub fn authorization(header: &str) -> Option<Credentials> {
    let header = header.trim_start();
    let (scheme, rest) = match header.find(|c: char| c.is_whitespace()) {
        Some(at) => header.split_at(at),
        None => (header, ""),
    };
    if scheme.eq_ignore_ascii_case("Bearer") {
        let token = rest.trim();
        return Some(Credentials {
            token: (!token.is_empty()).then(|| Secret::new(token)),
            ..Credentials::default()
        });
    }
    if !scheme.eq_ignore_ascii_case("MediaBrowser") && !scheme.eq_ignore_ascii_case("Emby") {
        return None;
    }
    let mut found = Credentials::default();
    for (key, value) in pairs(rest) {
        let value = decode(&value);
        if value.is_empty() {
            continue;
        }
        match key.to_ascii_lowercase().as_str() {
            "token" => found.token = Some(Secret::new(value)),
            "client" => found.client = Some(value),
            "device" => found.device = Some(value),
            "deviceid" => found.device_id = Some(value),
            "version" => found.version = Some(value),
            _ => {}
        }
    }
    Some(found)
}

/// `Key="value", Key=value`: commas part pairs save within quotes; `\"` is a quote within them.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        let mut key = String::new();
        while let Some(letter) = letters.next_if(|c| *c != '=' && *c != ',') {
            key.push(letter);
        }
        match letters.next() {
            None => return found,
            Some(',') => continue,
            Some(_) => {}
        }
        while letters.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        if letters.next_if_eq(&'"').is_some() {
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    '\\' if letters.peek() == Some(&'"') => {
                        value.push('"');
                        letters.next();
                    }
                    other => value.push(other),
                }
            }
            while letters.next_if(|c| *c != ',').is_some() {}
        } else {
            while let Some(letter) = letters.next_if(|c| *c != ',') {
                value.push(letter);
            }
            value.truncate(value.trim_end().len());
        }
        letters.next();
        found.push((key.trim().to_owned(), value));
    }
}

/// Values are form-encoded: `+` is a space, `%C3%A4` an umlaut; what is no code stays.
fn decode(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .trim()
        .to_owned()
}
