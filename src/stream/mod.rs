//! Bytes through Manyfin: video, audio, HLS, images, subtitles, attachments, downloads.
//!
//! A request is resolved to one copy on one server that its caller may play ([`resolve`]), sent there
//! with that caller's link, and what comes back is passed on as it comes ([`proxy`]). Nothing of the
//! source shows: its ids, its tokens and its addresses stay behind; playlists are rewritten ([`hls`]).

mod answer;
mod by_catalog;
mod call;
mod caller;
mod capability;
mod downloads;
mod encodings;
mod error;
pub mod hls;
mod image_cache;
mod images;
mod media;
mod people;
mod proxy;
/// Open to the fuzz targets.
#[doc(hidden)]
pub mod query;
mod resolve;
mod right;
mod subtitles;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::routing::{MethodFilter, MethodRouter, delete, on};
use tower_http::cors::{AllowHeaders, AllowMethods, Any, CorsLayer};

pub use by_catalog::ByCatalog;
pub use caller::{Caller, Identify};
pub use capability::{Capabilities, Grant};
pub use error::StreamError;
pub use image_cache::{ImageCache, ImageSettings};
pub use people::{KnownPeople, People};
pub use resolve::{Asked, ImageAsked, ImageTarget, Resolve, StreamTarget};

use encodings::Sessions;

use crate::model::NameKind;

/// What the handlers need. Cheap to clone.
#[derive(Clone)]
pub struct StreamState {
    identify: Identify,
    resolve: Arc<dyn Resolve>,
    capabilities: Capabilities,
    images: ImageCache,
    sessions: Sessions,
}

impl StreamState {
    pub fn new(
        identify: Identify,
        resolve: Arc<dyn Resolve>,
        capabilities: Capabilities,
        images: ImageCache,
    ) -> Self {
        Self {
            identify,
            resolve,
            capabilities,
            images,
            sessions: Sessions::default(),
        }
    }
}

/// Every route that answers with bytes, in lower case: paths are lowered before they are routed.
pub fn router(state: StreamState) -> Router {
    let router = Router::new()
        .route("/videos/{id}/{file}", read(media::video))
        .route("/videos/{id}/hls1/{playlist}/{file}", read(media::video_segment))
        .route("/videos/{id}/hls/{playlist}/{file}", read(media::video_legacy))
        .route("/videos/{id}/trickplay/{width}/{file}", read(media::trickplay))
        .route(
            "/videos/{id}/{source}/subtitles/{index}/{file}",
            read(subtitles::subtitle),
        )
        .route(
            "/videos/{id}/{source}/subtitles/{index}/{start}/{file}",
            read(subtitles::subtitle_from),
        )
        .route(
            "/videos/{id}/{source}/attachments/{index}",
            read(subtitles::attachment),
        )
        .route("/audio/{id}/{file}", read(media::audio))
        .route("/audio/{id}/hls1/{playlist}/{file}", read(media::audio_segment))
        .route("/audio/{id}/hls/{playlist}/{file}", read(media::audio_legacy))
        .route("/videos/activeencodings", delete(encodings::stop))
        .route("/items/{id}/download", read(downloads::download))
        .route("/items/{id}/file", read(downloads::file))
        .route("/items/{id}/images/{kind}", read(images::image))
        .route("/items/{id}/images/{kind}/{index}", read(images::image_at))
        .route(
            "/items/{id}/images/{kind}/{index}/{tag}/{format}/{width}/{height}/{percent}/{unplayed}",
            read(images::image_long),
        )
        .route("/userimage", read(images::of_user))
        .route("/users/{id}/images/{kind}", read(images::of_user))
        .route("/users/{id}/images/{kind}/{index}", read(images::of_user));
    NAMES
        .into_iter()
        .fold(router, |router, (family, kind)| names(router, family, kind))
        // As Jellyfin: any origin (players in other pages, Chromecast), no cookies.
        .layer(
            CorsLayer::new()
                .allow_origin(Any)
                .allow_headers(AllowHeaders::mirror_request())
                .allow_methods(AllowMethods::mirror_request())
                .expose_headers(Any),
        )
        .with_state(state)
}

/// Whose pictures are asked for by name.
const NAMES: [(&str, NameKind); 5] = [
    ("artists", NameKind::Artist),
    ("genres", NameKind::Genre),
    ("musicgenres", NameKind::MusicGenre),
    ("persons", NameKind::Person),
    ("studios", NameKind::Studio),
];

fn names(router: Router<StreamState>, family: &str, kind: NameKind) -> Router<StreamState> {
    type Name = Path<(String, String)>;
    type NameAt = Path<(String, String, String)>;
    let plain = move |State(state), Path((name, image)): Name, request: Request| {
        images::of_name(kind, state, name, image, None, request)
    };
    let at = move |State(state), Path((name, image, index)): NameAt, request: Request| {
        images::of_name(kind, state, name, image, Some(index), request)
    };
    router
        .route(&format!("/{family}/{{name}}/images/{{kind}}"), read(plain))
        .route(
            &format!("/{family}/{{name}}/images/{{kind}}/{{index}}"),
            read(at),
        )
}

/// GET and HEAD alike: HEAD goes up as HEAD.
fn read<H, T>(handler: H) -> MethodRouter<StreamState>
where
    H: axum::handler::Handler<T, StreamState>,
    T: 'static,
{
    on(MethodFilter::GET.or(MethodFilter::HEAD), handler)
}
