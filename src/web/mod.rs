//! The pages for people: the start page, GraphiQL, the documents, and jellyfin-web where configured.

mod assets;
mod docs;
mod pages;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use url::Url;

/// What the pages depend on.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// The address that clients are told; without one the page shows the one that it was asked by.
    pub public_url: Option<Url>,
    /// A folder of jellyfin-web to serve at `/web/`; `/` leads there then.
    pub jellyfin_web_dir: Option<PathBuf>,
}

/// `/`, `/graphiql`, `/docs/…`, `/ui/assets/…` and, where configured, `/web/…`.
///
/// Every address in the pages is relative, so they work below a path of a reverse proxy as well.
pub fn router<S: Clone + Send + Sync + 'static>(settings: &WebSettings) -> Router<S> {
    let pages = Arc::new(pages::Pages::new(settings));
    let router = Router::new()
        .route("/graphiql", get(graphiql))
        .route(
            "/graphiql/",
            get(|| async { pages::redirect("../graphiql") }),
        )
        .route("/docs", get(|uri: Uri| async move { to_folder(&uri) }))
        .route("/docs/", get(docs_index))
        .route("/docs/{*path}", get(docs_page))
        .route("/ui/assets/{name}", get(asset));
    let router = match &settings.jellyfin_web_dir {
        // jellyfin-web brings its own scripts and styles: our policy is not for it.
        Some(folder) => router
            .route("/", get(|| async { pages::redirect("web/") }))
            .nest_service("/web", ServeDir::new(folder)),
        None => router.route("/", get(start)),
    };
    router.layer(CompressionLayer::new()).with_state(pages)
}

async fn start(State(pages): State<Arc<pages::Pages>>, headers: HeaderMap) -> Response {
    pages.start(&headers)
}

async fn graphiql(State(pages): State<Arc<pages::Pages>>, headers: HeaderMap) -> Response {
    pages.graphiql(&headers)
}

async fn docs_index(State(pages): State<Arc<pages::Pages>>, headers: HeaderMap) -> Response {
    pages.document("", &headers)
}

async fn docs_page(
    State(pages): State<Arc<pages::Pages>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    pages.document(&path, &headers)
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    assets::asset(&name, &headers)
        .unwrap_or_else(|| (StatusCode::NOT_FOUND, "no such file").into_response())
}

/// The same address with a slash at its end, told relative to it.
fn to_folder(uri: &Uri) -> Response {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    pages::redirect(&format!("{last}/"))
}
