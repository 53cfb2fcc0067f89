//! The forms in which callers name themselves.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use crate::rest::caller::Credentials;
use crate::rest::params::Params;
use crate::wire::authorization;

fn read(headers: &[(&str, &str)], query: &str) -> Credentials {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    Credentials::read(&map, &Params::parse(Some(query)))
}

fn token(headers: &[(&str, &str)], query: &str) -> Option<String> {
    read(headers, query).token.map(|t| t.expose().to_owned())
}

#[test]
fn the_whole_header() {
    let found = authorization(
        "MediaBrowser Client=\"Jellyfin%20Web\", Device=\"Anna+s+Pad\", DeviceId=\"a,b=c\", \
         Version=\"10.11.11\", Token=\"abc\"",
    )
    .unwrap();
    assert_eq!(found.client.as_deref(), Some("Jellyfin Web"));
    assert_eq!(found.device.as_deref(), Some("Anna s Pad"));
    assert_eq!(found.device_id.as_deref(), Some("a,b=c"));
    assert_eq!(found.version.as_deref(), Some("10.11.11"));
    assert_eq!(found.token.unwrap().expose(), "abc");
}

#[test]
fn schemes_orders_and_quotes() {
    for header in [
        "MediaBrowser Token=\"abc\"",
        "mediabrowser token=abc",
        "EMBY Token=abc, Client=Kodi",
        "Emby UserId=\"u\", Version=\"1\",Token = \"abc\" ,DeviceId=x",
        "MediaBrowser , ,Token=abc",
        "Bearer abc",
    ] {
        assert_eq!(
            token(&[("authorization", header)], "").as_deref(),
            Some("abc"),
            "{header}"
        );
    }
    for header in [
        "Basic YTpi",
        "MediaBrowser",
        "",
        "Token=abc",
        "MediaBrowser Token=\"\"",
    ] {
        assert_eq!(token(&[("authorization", header)], ""), None, "{header}");
    }
}

#[test]
fn umlauts_come_raw_and_encoded() {
    let raw = read(&[("authorization", "MediaBrowser Device=\"Küche\"")], "");
    assert_eq!(raw.device.as_deref(), Some("Küche"));
    let encoded = read(
        &[("authorization", "MediaBrowser Device=\"K%C3%BCche%\"")],
        "",
    );
    assert_eq!(encoded.device.as_deref(), Some("Küche%"));
    let quoted = authorization("MediaBrowser Device=\"12\\\" tablet\", Token=t").unwrap();
    assert_eq!(quoted.device.as_deref(), Some("12\" tablet"));
    assert!(quoted.token.is_some());
}

#[test]
fn the_order_of_tokens() {
    let all = [
        ("authorization", "MediaBrowser Token=1"),
        ("x-emby-token", "2"),
        ("x-mediabrowser-token", "3"),
    ];
    let query = "apikey=4&API_KEY=5";
    assert_eq!(token(&all, query).as_deref(), Some("1"));
    assert_eq!(token(&all[1..], query).as_deref(), Some("2"));
    assert_eq!(token(&all[2..], query).as_deref(), Some("3"));
    assert_eq!(token(&[], query).as_deref(), Some("4"));
    assert_eq!(token(&[], "Api_Key=5").as_deref(), Some("5"));
    let named = ("authorization", "MediaBrowser Client=\"x\"");
    assert_eq!(token(&[named, all[1]], "").as_deref(), Some("2"));
    let legacy = ("x-emby-authorization", "MediaBrowser Token=\"6\"");
    assert_eq!(token(&[legacy], "").as_deref(), Some("6"));
    assert_eq!(
        token(&[("authorization", "Basic x"), legacy], "").as_deref(),
        Some("6")
    );
}

#[test]
fn a_login_names_its_device() {
    let named = "MediaBrowser Client=\"a\", Device=\"b\", DeviceId=\"c\", Version=\"1\"";
    assert!(read(&[("x-emby-authorization", named)], "").names_device());
    assert!(!read(&[("authorization", "MediaBrowser Client=\"a\"")], "").names_device());
}

proptest! {
    #[test]
    fn nothing_breaks_it(header in "\\PC{0,80}", query in "\\PC{0,40}") {
        authorization(&header);
        authorization(&format!("MediaBrowser {header}"));
        Params::parse(Some(&query)).list("x");
    }

    #[test]
    fn bytes_do_not_break_it(bytes in proptest::collection::vec(32u8..=255, 0..80)) {
        let mut map = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            map.insert("authorization", value.clone());
            map.insert("x-emby-token", value);
        }
        Credentials::read(&map, &Params::default());
    }
}
