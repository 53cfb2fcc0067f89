//! Paths in any case: one form for the router.
//!
//! Jellyfin's paths are case-insensitive, may end in a slash, and may begin with `/emby` or
//! `/mediabrowser`. This runs before routing, so that every route is written once, in lower case.
//! Names in paths (`/Genres/Sci-Fi`) keep their case.

use std::task::{Context, Poll};

use http::{Request, Uri};
use tower::{Layer, Service};

/// The first segments of Jellyfin's paths; all others (`/ui`, `/graphql`) stay as they are.
const FAMILIES: &[&str] = &[
    "activitylog",
    "albums",
    "artists",
    "audio",
    "auth",
    "backup",
    "branding",
    "channels",
    "clientlog",
    "collections",
    "devices",
    "displaypreferences",
    "environment",
    "episode",
    "fallbackfont",
    "genres",
    "getutctime",
    "items",
    "jellyfin.plugin.kodisyncqueue",
    "libraries",
    "library",
    "livestreams",
    "livetv",
    "localization",
    "mediasegments",
    "movies",
    "musicgenres",
    "notifications",
    "packages",
    "persons",
    "playback",
    "playingitems",
    "playlists",
    "plugins",
    "providers",
    "quickconnect",
    "repositories",
    "scheduledtasks",
    "search",
    "sessions",
    "shows",
    "socket",
    "songs",
    "startup",
    "studios",
    "syncplay",
    "system",
    "tmdb",
    "trailers",
    "useritems",
    "userfavoriteitems",
    "userimage",
    "userplayeditems",
    "users",
    "userviews",
    "videos",
    "years",
];

/// Of Jellyfin too, and not in lower case: found below its prefixes as well. Nothing of ours is.
const BESIDE: &[&str] = &["web", "health", "favicon.ico"];

/// What follows these is a name, whose case counts.
const BEFORE_NAME: &[&str] = &[
    "genres",
    "musicgenres",
    "persons",
    "studios",
    "artists",
    "displaypreferences",
    "fonts",
    "keys",
    "packages",
];

/// What follows them but is no name.
const NO_NAME: &[&str] = &["albumartists", "instantmix", "installed", "installing"];

/// The form that routes are written in; `None` when the path has it already.
pub fn normalize(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if segments.first().is_some_and(|first| {
        first.eq_ignore_ascii_case("emby") || first.eq_ignore_ascii_case("mediabrowser")
    }) {
        segments.remove(0);
    }
    let first = segments.first().map(|first| first.to_ascii_lowercase());
    let page = segments.len() == 2
        && first.as_deref() == Some("web")
        && segments[1]
            .to_ascii_lowercase()
            .starts_with("configurationpage");
    let ours = first.is_some_and(|first| FAMILIES.contains(&first.as_str())) || page;
    let normal = if ours {
        let mut normal = String::with_capacity(path.len());
        let mut before = String::new();
        // `/Items/{id}/Images/{type}/{index}/{tag}/…`: a tag has case.
        let tags = segments
            .get(2)
            .is_some_and(|third| third.eq_ignore_ascii_case("images"));
        for (at, segment) in segments.into_iter().enumerate() {
            normal.push('/');
            let lower = segment.to_ascii_lowercase();
            let name = BEFORE_NAME.contains(&before.as_str()) && !NO_NAME.contains(&lower.as_str());
            if name || (tags && at == 5) {
                normal.push_str(segment);
            } else {
                normal.push_str(&lower);
            }
            before = lower;
        }
        normal
    } else if has_prefix(path) && segments.first().is_none_or(is_beside) {
        // Static files below the prefix: their case counts.
        format!("/{}", segments.join("/"))
    } else {
        return None;
    };
    (normal != path).then_some(normal)
}

fn is_beside(first: &&str) -> bool {
    BESIDE.iter().any(|known| known.eq_ignore_ascii_case(first))
}

fn has_prefix(path: &str) -> bool {
    path.split('/')
        .find(|part| !part.is_empty())
        .is_some_and(|first| {
            first.eq_ignore_ascii_case("emby") || first.eq_ignore_ascii_case("mediabrowser")
        })
}

/// A layer around the *whole* router (a layer of axum's runs after routing, too late).
#[derive(Debug, Clone, Copy, Default)]
pub struct NormalizePaths;

impl<S> Layer<S> for NormalizePaths {
    type Service = Normalized<S>;
    fn layer(&self, inner: S) -> Self::Service {
        Normalized { inner }
    }
}

/// See [`NormalizePaths`].
#[derive(Debug, Clone)]
pub struct Normalized<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Normalized<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(uri) = normalize_uri(request.uri()) {
            *request.uri_mut() = uri;
        }
        self.inner.call(request)
    }
}

fn normalize_uri(uri: &Uri) -> Option<Uri> {
    let path = normalize(uri.path())?;
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}
