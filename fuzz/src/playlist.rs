//! Playlists of a source: whatever they hold, no answer tells where the source is or by which key.

use manyfin::stream::hls::{Mapping, rewrite};
use url::Url;

const TOKEN: &str = "5e3dd6c1b2d94cb1a8d3b06b2b2b7d11";
const ITEM: &str = "aeececf56199007eaa4009c41e3aa7aa";
/// Where the client found the playlist.
const BASE: &str = "https://manyfin.test/videos/11112222333344445555666677778888/master.m3u8";

pub fn check(data: &[u8]) {
    // A token that overlaps itself: what is left when it is cut out may be one again.
    for token in [TOKEN, "aa", ""] {
        let mapping = Mapping {
            upstream_item: ITEM.parse().expect("an id"),
            upstream_source: ITEM,
            upstream_token: token,
            copy: "11112222333344445555666677778888".parse().expect("an id"),
            user: "99990000999900009999000099990000".parse().expect("an id"),
            device_id: Some("phone of ann"),
            tag: Some("ourtag"),
            key: "mf1.key",
        };
        let out = rewrite(data, &mapping);
        assert!(token.is_empty() || !out.contains(token), "the token shows");
        if token == TOKEN {
            let ends = |text: &str| text.matches('\n').count();
            let came = String::from_utf8_lossy(data);
            assert_eq!(ends(&out), ends(&came), "a line a line");
            out.lines().for_each(stays_here);
        }
    }
}

/// Every address that a player would open lies on this gateway.
fn stays_here(line: &str) {
    let bare = line.trim_start_matches('\u{feff}').trim();
    if bare.is_empty() {
        return;
    }
    if !bare.starts_with('#') {
        return leads_here(bare);
    }
    let mut rest = bare;
    while let Some(at) = rest.to_ascii_lowercase().find("uri=\"") {
        rest = &rest[at + 5..];
        let (value, after) = rest.split_once('"').unwrap_or((rest, ""));
        leads_here(value);
        rest = after;
    }
}

fn leads_here(uri: &str) {
    let base = Url::parse(BASE).expect("a URL");
    // What no player can read leads nowhere.
    let Ok(found) = base.join(uri) else { return };
    if found.scheme() != "data" {
        assert_eq!(found.origin(), base.origin(), "`{uri}` leads away");
    }
}
