//! Who calls: `Authorization` and its kin. A line a header, in the order of `NAMES`; then the query.

use http::{HeaderMap, HeaderValue};
use manyfin::rest::caller::Credentials;
use manyfin::rest::params::Params;
use manyfin::wire::authorization;

const NAMES: [&str; 4] = [
    "authorization",
    "x-emby-authorization",
    "x-emby-token",
    "x-mediabrowser-token",
];

pub fn check(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in NAMES {
        let value = lines.next().map(HeaderValue::from_bytes);
        if let Some(Ok(value)) = value {
            headers.insert(name, value);
        }
    }
    let query = lines.next().map(String::from_utf8_lossy);
    let found = Credentials::read(&headers, &Params::parse(query.as_deref()));
    nothing_is_empty(&found);
    if let Some(header) = headers.get("authorization") {
        let text = String::from_utf8_lossy(header.as_bytes());
        if let Some(said) = authorization(&text) {
            nothing_is_empty(&said);
            written_again_it_reads_the_same(&said);
            assert!(
                said.token.is_none() || said.token == found.token,
                "the header goes before all else"
            );
        }
    }
}

fn nothing_is_empty(found: &Credentials) {
    let token = found.token.as_ref().map(|token| token.expose());
    assert_ne!(token, Some(""), "an empty token is none");
    let parts = [
        &found.client,
        &found.device,
        &found.device_id,
        &found.version,
    ];
    for part in parts.into_iter().flatten() {
        assert!(!part.is_empty(), "an empty part is none");
    }
}

fn written_again_it_reads_the_same(said: &Credentials) {
    let token = said.token.as_ref().map(|token| token.expose().to_owned());
    let parts = [
        ("Token", &token),
        ("Client", &said.client),
        ("Device", &said.device),
        ("DeviceId", &said.device_id),
        ("Version", &said.version),
    ];
    let mut header = "MediaBrowser ".to_owned();
    for (name, value) in parts {
        if let Some(value) = value {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            header.push_str(&format!("{name}=\"{value}\", "));
        }
    }
    assert_eq!(authorization(&header).as_ref(), Some(said), "{header}");
}
