//! The caller's token: the same that Jellyfin clients have.

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use crate::model::Secret;

/// The token of `Authorization: Bearer …` or `MediaBrowser Token="…"` (also scheme `Emby`).
pub fn of_headers(headers: &HeaderMap) -> Option<Secret> {
    of_authorization(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The token of a WebSocket's `connection_init`: `{"Authorization": "…"}` in any case, or `{"token": "…"}`.
pub fn of_payload(payload: &serde_json::Value) -> Option<Secret> {
    let fields = payload.as_object()?;
    let named = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
    };
    match named("authorization") {
        Some(text) => of_authorization(text),
        None => named("token").and_then(token),
    }
}

fn of_authorization(text: &str) -> Option<Secret> {
    let (scheme, rest) = text.trim().split_once(char::is_whitespace)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return token(rest);
    }
    if !scheme.eq_ignore_ascii_case("mediabrowser") && !scheme.eq_ignore_ascii_case("emby") {
        return None;
    }
    parameter(rest, "token").and_then(|text| {
        let text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        token(&text)
    })
}

fn token(text: &str) -> Option<Secret> {
    let text = text.trim();
    (!text.is_empty()).then(|| Secret::new(text))
}

/// The value of a parameter in `Name="value", Name=value`, quotes optional, name in any case.
fn parameter(mut rest: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = match behind.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_at(behind.find(',').unwrap_or(behind.len())),
        };
        let name = name.trim_matches(|c: char| c == ',' || c.is_whitespace());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        of_authorization(text).map(|token| token.expose().to_owned())
    }

    #[test]
    fn all_forms_of_the_header() {
        for text in [
            "Bearer abc",
            "bearer  abc ",
            "MediaBrowser Token=\"abc\"",
            "mediabrowser Client=\"a, b=c\", Device=\"x\", token=\"abc\", Version=\"1\"",
            "Emby UserId=1,Token=abc",
            "MediaBrowser Token=%61bc",
        ] {
            assert_eq!(found(text).as_deref(), Some("abc"), "{text}");
        }
        for text in [
            "",
            "abc",
            "Basic abc",
            "MediaBrowser Client=\"Token=abc\"",
            "Bearer ",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn connection_init_tells_it_too() {
        for payload in [
            serde_json::json!({"authorization": "Bearer abc"}),
            serde_json::json!({"Authorization": "MediaBrowser Token=abc"}),
            serde_json::json!({"token": "abc"}),
        ] {
            assert_eq!(of_payload(&payload).unwrap().expose(), "abc");
        }
        assert!(of_payload(&serde_json::json!(null)).is_none());
        assert!(of_payload(&serde_json::json!({"token": 1})).is_none());
    }
}
