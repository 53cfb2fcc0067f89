//! The header that says who calls and from which device, as Jellyfin's apps write it.
//!
//! Never fails and never panics: what cannot be read is absent.

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
    /// Whether a login can be made of it: Jellyfin needs all four.
    pub fn names_device(&self) -> bool {
        [&self.client, &self.device, &self.device_id, &self.version]
            .iter()
            .all(|part| part.is_some())
    }
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
