//! Files that exist only as they are read, whole or by range.

use axum::body::Body as HttpBody;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{Clip, Quality, SOUND, clip, sound_size};

/// A file that exists only as it is read.
#[derive(Clone)]
pub(in crate::demo) struct File {
    kind: FileKind,
    pub size: usize,
    pub content_type: &'static str,
}

#[derive(Clone)]
enum FileKind {
    Film { head: Bytes, clip: &'static Clip },
    Sound,
}

impl File {
    /// A film of so many ticks; `size`: cut or continued to that many bytes.
    pub fn film(quality: Quality, ticks: i64, size: Option<usize>) -> Self {
        let clip = clip(quality);
        let count = Clip::count(ticks);
        let head = Bytes::from(clip.head(count));
        Self {
            size: size.unwrap_or(head.len() + clip.size(count)),
            kind: FileKind::Film { head, clip },
            content_type: "video/mp4",
        }
    }

    /// Sound of so many ticks.
    pub fn sound(ticks: i64, size: Option<usize>) -> Self {
        Self {
            size: size.unwrap_or_else(|| sound_size(ticks)),
            kind: FileKind::Sound,
            content_type: "audio/mpeg",
        }
    }

    /// The bytes from `at` on, at least one, up to `limit`.
    fn chunk(&self, at: usize, limit: usize) -> Bytes {
        let found = match &self.kind {
            FileKind::Film { head, .. } if at < head.len() => head.slice(at..),
            FileKind::Film { head, clip } => {
                let (number, start) = clip.locate(at - head.len());
                Bytes::from(clip.fragment(number)).slice(at - head.len() - start..)
            }
            FileKind::Sound => Bytes::from_static(&SOUND[at % SOUND.len()..]),
        };
        let length = found.len().min(limit);
        found.slice(..length)
    }

    /// Answers with the file or the range asked for.
    pub fn serve(&self, method: &Method, headers: &HeaderMap) -> Response {
        let asked = headers
            .get(header::RANGE)
            .and_then(|range| range.to_str().ok());
        let range = asked.and_then(|range| parse_range(range, self.size));
        let mut response = Response::new(HttpBody::empty());
        let out = response.headers_mut();
        out.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        out.insert(
            header::LAST_MODIFIED,
            HeaderValue::from_static(LAST_MODIFIED),
        );
        let (start, end) = match range {
            Some(Err(Unsatisfiable)) => {
                set(
                    out,
                    header::CONTENT_RANGE,
                    &format!("bytes */{}", self.size),
                );
                set(out, header::CONTENT_LENGTH, "0");
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                return response;
            }
            Some(Ok((start, end))) => {
                let range = format!("bytes {start}-{}/{}", end - 1, self.size);
                set(out, header::CONTENT_RANGE, &range);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                (start, end)
            }
            None => (0, self.size),
        };
        let out = response.headers_mut();
        set(out, header::CONTENT_LENGTH, &(end - start).to_string());
        if method != Method::HEAD {
            let file = self.clone();
            let chunks = stream::unfold(start, move |at| {
                let chunk = (at < end).then(|| file.chunk(at, end - at));
                std::future::ready(chunk.map(|chunk| {
                    let next = at + chunk.len();
                    (Ok::<_, std::io::Error>(chunk), next)
                }))
            });
            *response.body_mut() = HttpBody::from_stream(chunks);
        }
        response
    }
}

/// When every file here was last changed.
pub(in crate::demo) const LAST_MODIFIED: &str = "Mon, 01 Jan 2024 00:00:00 GMT";

pub(in crate::demo) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::demo) struct Unsatisfiable;

/// The one range of a header as (start, end); several ranges count as none.
pub(in crate::demo) fn parse_range(
    header: &str,
    size: usize,
) -> Option<Result<(usize, usize), Unsatisfiable>> {
    let range = header.trim().strip_prefix("bytes=")?;
    if range.contains(',') {
        return None;
    }
    let (first, last) = range.split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => {
            let length: usize = suffix.parse().ok()?;
            if length == 0 {
                return Some(Err(Unsatisfiable));
            }
            (size.saturating_sub(length), size)
        }
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some(if start < end {
        Ok((start, end))
    } else {
        Err(Unsatisfiable)
    })
}
