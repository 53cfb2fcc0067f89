//! The caller's token: the same that Jellyfin clients have.

use axum::http::{HeaderMap, header};

use crate::model::Secret;
use crate::wire::authorization;

/// The token of `Authorization: Bearer …` or `MediaBrowser Token="…"` (also scheme `Emby`).
pub fn of_headers(headers: &HeaderMap) -> Option<Secret> {
    // Names of devices hold raw umlauts.
    let bytes = headers.get(header::AUTHORIZATION)?.as_bytes();
    of_authorization(&String::from_utf8_lossy(bytes))
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
    authorization(text)?.token
}

fn token(text: &str) -> Option<Secret> {
    let text = text.trim();
    (!text.is_empty()).then(|| Secret::new(text))
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
            "MediaBrowser Device=\"12\\\" tablet\", Token=abc",
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
