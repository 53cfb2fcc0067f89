//! The query of a request: as lists read it, and as streams do.

use manyfin::rest::params::{Params, time};
use manyfin::rest::{error::RestError, filter};
use manyfin::stream::query::{Query, path_id, plain};

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let params = Params::parse(Some(&text));
    lists(&params);
    let stream = Query::parse(Some(&text));
    assert_eq!(
        stream.key(),
        params.text("ApiKey").or_else(|| params.text("api_key"))
    );
    assert_eq!(stream.get("tag"), params.text("TAG"), "names have no case");
    assert!(stream.id("mediaSourceId").is_none_or(|id| !id.is_nil()));
    for part in text.split(['&', '=', '/']) {
        let _ = path_id(part);
        let _ = time(part);
        if let Ok(name) = plain(part) {
            assert!(!name.starts_with('.') && !name.contains(['/', '\\', '?', '#', '%']));
        }
    }
}

fn lists(params: &Params) {
    known(filter::items(params).map(|_| ()));
    known(filter::body(params).map(|_| ()));
    known(filter::wants_total(params).map(|_| ()));
    if let Ok(paging) = filter::paging(params) {
        assert!(paging.offset >= 0 && paging.first.is_none_or(|first| first >= 0));
    }
    let words = params.list("sortBy").len();
    assert!(
        filter::sort(params)
            .as_array()
            .is_some_and(|keys| keys.len() <= words)
    );
    for name in ["genres", "tags", "ids"] {
        let parts = params.pipes(name).into_iter().chain(params.list(name));
        assert!(parts.into_iter().all(|part| !part.trim().is_empty()));
    }
    for kind in filter::kinds(params, "includeItemTypes") {
        assert!(!kind.is_empty() && kind.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    }
}

/// A refusal says what it refuses in few words, whatever was sent.
fn known(read: Result<(), RestError>) {
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}
