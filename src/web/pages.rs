//! The three pages and how they are sent.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{WebSettings, assets, docs};

/// Monaco, GraphiQL's editor, writes style elements and starts workers.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages with the settings filled in.
pub(super) struct Pages {
    start: Page,
    graphiql: Page,
    frame: String,
}

struct Page {
    html: String,
    etag: HeaderValue,
}

impl Page {
    fn new(html: String) -> Self {
        let etag = assets::etag(&Sha256::digest(&html).into());
        Self { html, etag }
    }

    fn send(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(POLICY),
            ),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("same-origin"),
            ),
            (header::ETAG, self.etag.clone()),
        ];
        if assets::matches(request, &self.etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, Html(self.html.clone())).into_response()
    }
}

impl Pages {
    pub(super) fn new(settings: &WebSettings) -> Self {
        let told = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "publicUrl": settings.public_url,
        });
        // In a script element nothing but `<` could end the text early.
        let told = told.to_string().replace('<', "\\u003c");
        let read = |name| assets::page(name).unwrap_or_else(|| MISSING.to_owned());
        Self {
            start: Page::new(read("index.html").replace("__MANYFIN_START__", &told)),
            graphiql: Page::new(read("graphiql.html")),
            frame: assets::page("docs.html").unwrap_or_else(|| PLAIN_FRAME.to_owned()),
        }
    }

    pub(super) fn start(&self, request: &HeaderMap) -> Response {
        self.start.send(request)
    }

    pub(super) fn graphiql(&self, request: &HeaderMap) -> Response {
        self.graphiql.send(request)
    }

    /// A document, or a picture in one, by its address below `/docs/`.
    pub(super) fn document(&self, path: &str, request: &HeaderMap) -> Response {
        match docs::find(path) {
            Some(docs::Found::Page(document)) => {
                Page::new(docs::render(&self.frame, path, document)).send(request)
            }
            Some(docs::Found::Picture(kind, bytes)) => (
                [
                    (header::CONTENT_TYPE, kind),
                    (header::CACHE_CONTROL, "no-cache"),
                    (header::CONTENT_SECURITY_POLICY, POLICY),
                    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                ],
                bytes,
            )
                .into_response(),
            None => (StatusCode::NOT_FOUND, "no such document").into_response(),
        }
    }
}

/// A redirect to a relative address: what stands before it only a reverse proxy knows.
pub(super) fn redirect(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

const MISSING: &str = "<!doctype html><title>Manyfin</title>\
    <p>Manyfin is running. This build was made without its web pages (MANYFIN_SKIP_WEB).";

const PLAIN_FRAME: &str = "<!doctype html><title>__MANYFIN_TITLE__</title>\
    __MANYFIN_CONTENTS__<main>__MANYFIN_TEXT__</main>";
