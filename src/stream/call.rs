//! A request for bytes, read, and how it goes up to a server.

use axum::extract::Request;
use http::Method;
use http::header::{self, HeaderMap};

use super::query::Query;
use super::{Asked, Caller, Grant, StreamError, StreamState, StreamTarget, proxy};
use crate::jellyfin::{Made, UpstreamError};
use crate::model::PublicId;
use crate::splice::{Passage, Shortcut};

/// A request, read.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) query: Query,
    pub(super) caller: Caller,
    pub(super) grant: Option<Grant>,
    /// Of the connection that it came by.
    shortcut: Option<Shortcut>,
}

impl Call {
    pub(super) async fn read(state: &StreamState, request: Request) -> Result<Self, StreamError> {
        let (parts, _) = request.into_parts();
        let caller = (state.identify)(&parts).await?;
        let query = Query::parse(parts.uri.query());
        let now = state.resolve.now();
        let grant = query
            .key()
            .and_then(|key| state.capabilities.verify(key, now));
        Ok(Self {
            method: parts.method,
            shortcut: parts.extensions.get().cloned(),
            headers: parts.headers,
            query,
            caller,
            grant,
        })
    }

    /// `tried`: the copies that will not do. `instead_of`: the one that keeps the player waiting.
    pub(super) async fn target(
        &self,
        state: &StreamState,
        wanted: &Wanted<'_>,
        tried: &[PublicId],
        instead_of: Option<PublicId>,
    ) -> Result<StreamTarget, StreamError> {
        let device_id = self.caller.device_id.as_deref();
        let asked = Asked {
            viewer: self.caller.viewer.clone(),
            grant: self.grant,
            address: self.caller.address,
            device_id: device_id
                .or_else(|| self.query.get("deviceId"))
                .map(str::to_owned),
            play_session_id: self.query.get("playSessionId").map(str::to_owned),
            id: wanted.id,
            media_source_id: wanted.source.or_else(|| self.query.id("mediaSourceId")),
            tag: self.query.get("tag").map(str::to_owned),
            from_middle: from_middle(&self.headers),
            whole_file: wanted.is_whole_file(&self.query),
            tried: tried.to_vec(),
            instead_of,
        };
        state.resolve.stream(asked).await
    }

    pub(super) async fn open(
        &self,
        target: &StreamTarget,
        wanted: &Wanted<'_>,
    ) -> Result<crate::jellyfin::Response, UpstreamError> {
        // A playlist has no length before it is rewritten.
        let method = if wanted.is_playlist() {
            Method::GET
        } else {
            self.method.clone()
        };
        let path = (wanted.path)(target);
        let query = self.query.upward(target, wanted.takes_source);
        let mut headers = proxy::headers_up(&self.headers);
        if target.stands_in {
            // They name the date of the other file.
            for condition in [
                header::IF_RANGE,
                header::IF_MODIFIED_SINCE,
                header::IF_UNMODIFIED_SINCE,
            ] {
                headers.remove(condition);
            }
        }
        let made = match wanted.is_whole_file(&self.query) {
            true if self.shortcut.is_some() && method == Method::GET => Made::Apart,
            true => Made::LiesThere,
            false => Made::WhenAsked,
        };
        let account = Some(&target.account);
        target
            .server
            .open(account, made, method, &path, &query, headers)
            .await
    }

    /// A way to the client that spares us the bytes of this answer, where there is one.
    pub(super) fn passage(&self, upstream: &crate::jellyfin::Response) -> Option<Passage> {
        let shortcut = self.shortcut.as_ref();
        shortcut.filter(|_| upstream.is_apart())?.passage()
    }
}

/// Whether a range begins behind the first byte.
pub(super) fn from_middle(headers: &HeaderMap) -> bool {
    headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok())
        .and_then(|range| range.trim().strip_prefix("bytes="))
        .is_some_and(|range| !range.trim_start().starts_with("0-"))
}

/// Whether a range is one that begins behind the first byte, so that the whole file is no answer to it. (Several
/// ranges, and one that cannot be read, may be answered so.)
pub(super) fn is_later_part(headers: &HeaderMap) -> bool {
    let range = headers.get(header::RANGE).and_then(|it| it.to_str().ok());
    let ends = range.and_then(|it| it.trim().strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = ends else {
        return false;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) => 0 < first && first <= last,
        (Some(first), None) => 0 < first && last.trim().is_empty(),
        (None, Some(suffix)) => 0 < suffix && first.trim().is_empty(),
        (None, None) => false,
    }
}

/// What is asked of the source.
pub(super) struct Wanted<'a> {
    pub(super) id: PublicId,
    /// A version in the path.
    pub(super) source: Option<PublicId>,
    /// Whether the route takes a `mediaSourceId`.
    pub(super) takes_source: bool,
    /// The last part of the path.
    pub(super) file: &'a str,
    pub(super) path: Box<dyn Fn(&StreamTarget) -> String + Send + Sync + 'a>,
}

impl Wanted<'_> {
    pub(super) fn is_playlist(&self) -> bool {
        self.file.ends_with(".m3u8")
    }

    pub(super) fn is_whole_file(&self, query: &Query) -> bool {
        let is_static = || {
            query
                .get("static")
                .is_some_and(|it| it.eq_ignore_ascii_case("true"))
        };
        match self.file {
            "Download" | "File" => true,
            // A subtitle's name may be the same.
            _ if self.source.is_some() => false,
            file => (file == "stream" || file.starts_with("stream.")) && is_static(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_range_behind_the_first_byte_is_a_later_part() {
        let of = |range: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            is_later_part(&headers)
        };
        for later in ["bytes=1-", "bytes=500-900", "bytes=-500", " bytes= 7 - "] {
            assert!(of(later), "{later}");
        }
        for other in [
            "bytes=0-",
            "bytes=0-499",
            "bytes=9-5",
            "bytes=-0",
            "bytes=-",
            "bytes=1-2,5-9",
            "bytes=x-y",
            "bytes",
            "items=1-2",
        ] {
            assert!(!of(other), "{other}");
        }
        assert!(!is_later_part(&HeaderMap::new()));
    }
}
