//! A small source: serves a film by range, playlists, a picture; notes what it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};

use crate::accounts::PublicIds;
use crate::clock::Clock;
use crate::jellyfin::{Account, Registry, Renewal, Server, ServerSpec, TlsTrust};
use crate::model::{NameKind, PublicId, Secret, ServerKey, UpstreamId};
use crate::stream::{
    Asked, Caller, Capabilities, Grant, ImageAsked, ImageCache, ImageSettings, ImageTarget,
    Resolve, StreamError, StreamState, StreamTarget, router,
};
use crate::telemetry::Metrics;

pub const TOKEN: &str = "5ec12e75ec12e75ec12e75ec12e75ec1";
/// The token that the account has after it was signed in again.
pub const RENEWED: &str = "0e30e30e30e30e30e30e30e30e30e30e";
pub const FILM: usize = 3_000_000;

#[derive(Default)]
pub struct Seen {
    /// Method, path with query, headers.
    pub requests: Mutex<Vec<(Method, String, HeaderMap)>>,
    /// Bytes of the endless file that were made.
    pub made: AtomicUsize,
    pub picture: Mutex<Shown>,
}

/// The picture that the source has.
pub struct Shown {
    pub status: StatusCode,
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    pub etag: Option<&'static str>,
    pub last_modified: &'static str,
    /// Its length is not told.
    pub is_streamed: bool,
    /// How long the answer takes.
    pub takes: Duration,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            status: StatusCode::OK,
            bytes: b"a picture".to_vec(),
            content_type: "image/png",
            etag: None,
            last_modified: "Sun, 22 Nov 2026 19:01:50 GMT",
            is_streamed: false,
            takes: Duration::ZERO,
        }
    }
}

impl Shown {
    fn answer(&self, asked: &HeaderMap) -> Response {
        if self.status != StatusCode::OK {
            return self.status.into_response();
        }
        let says = |name, value| asked.get(name).is_some_and(|told| told == value);
        let known = match self.etag {
            Some(etag) => says(header::IF_NONE_MATCH, etag),
            None => says(header::IF_MODIFIED_SINCE, self.last_modified),
        };
        if known {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::LAST_MODIFIED, self.last_modified),
            (header::SET_COOKIE, "secret=1"),
        ];
        let bytes = match self.is_streamed {
            true => Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(
                self.bytes.clone(),
            )])),
            false => Body::from(self.bytes.clone()),
        };
        let etag = self.etag.map(|etag| [(header::ETAG, etag)]);
        let mut answer = (headers, bytes).into_response();
        answer.headers_mut().extend(
            etag.into_iter()
                .flatten()
                .map(|(name, value)| (name, value.parse().unwrap())),
        );
        answer
    }
}

impl Seen {
    pub fn last(&self) -> (Method, String, HeaderMap) {
        self.requests.lock().unwrap().last().unwrap().clone()
    }
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn source(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path.ends_with("/System/Info/Public") {
        let info = serde_json::json!({ "Id": "0123456789abcdef0123456789abcdef", "ServerName": "attic",
            "Version": "10.11.11", "ProductName": "Jellyfin Server", "StartupWizardCompleted": true });
        return axum::Json(info).into_response();
    }
    let told = request.uri().to_string();
    let headers = request.headers().clone();
    seen.requests
        .lock()
        .unwrap()
        .push((request.method().clone(), told, headers.clone()));
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        "stream.mp4" => film(&headers),
        "stream.evil" => ([(header::CONTENT_TYPE, "text/html")], "<script>").into_response(),
        "stream.moved" => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://attic.example.org/")],
        )
            .into_response(),
        "stream.endless" | "told.m3u8" => endless(seen, None, Some(1 << 40)),
        "endless.m3u8" => endless(seen, None, None),
        "stream.broken" => endless(seen, Some(4), Some(1 << 40)),
        "stream.wrong" | "wrong.m3u8" => StatusCode::BAD_REQUEST.into_response(),
        "stream.forbidden" => StatusCode::FORBIDDEN.into_response(),
        "stream.failing" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "stream.away" => StatusCode::BAD_GATEWAY.into_response(),
        "master.m3u8" => format!("#EXTM3U\nmain.m3u8?ApiKey={TOKEN}\n").into_response(),
        "live.m3u8" => {
            let by = headers.get(header::AUTHORIZATION);
            let by = by.and_then(|by| by.to_str().ok()).unwrap_or_default();
            match by.contains(RENEWED) {
                true => format!("#EXTM3U\n#EXT-X-KIN:{RENEWED}\nmain.m3u8\n").into_response(),
                false => StatusCode::UNAUTHORIZED.into_response(),
            }
        }
        "stream.vtt" => ([(header::CONTENT_TYPE, "text/vtt")], "WEBVTT").into_response(),
        "stream.ass" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "ActiveEncodings" => StatusCode::NO_CONTENT.into_response(),
        "Primary" => {
            let takes = seen.picture.lock().unwrap().takes;
            tokio::time::sleep(takes).await;
            seen.picture.lock().unwrap().answer(&headers)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn film(headers: &HeaderMap) -> Response {
    let range = headers.get(header::RANGE).and_then(|range| {
        let (from, to) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
    });
    let plain = [
        (header::CONTENT_TYPE, "video/mp4"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::SERVER, "Kestrel"),
    ];
    match range {
        Some((from, _)) if from >= FILM => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            plain,
            [(header::CONTENT_RANGE, format!("bytes */{FILM}"))],
        )
            .into_response(),
        Some((from, to)) => (
            StatusCode::PARTIAL_CONTENT,
            plain,
            [(header::CONTENT_RANGE, format!("bytes {from}-{to}/{FILM}"))],
            vec![7u8; to - from + 1],
        )
            .into_response(),
        None => (plain, vec![7u8; FILM]).into_response(),
    }
}

/// Megabytes without end; or an error after so many. `told`: how many bytes it says that there are.
fn endless(seen: Arc<Seen>, broken_after: Option<usize>, told: Option<u64>) -> Response {
    let body = futures::stream::unfold(0usize, move |at| {
        let seen = seen.clone();
        async move {
            if broken_after == Some(at) {
                return Some((Err(std::io::Error::other("gone")), at + 1));
            }
            tokio::task::yield_now().await;
            seen.made.fetch_add(1 << 20, Ordering::SeqCst);
            Some((Ok(vec![0u8; 1 << 20]), at + 1))
        }
    });
    let mut answer = Body::from_stream(body).into_response();
    let told = told.map(|length| (header::CONTENT_LENGTH, length.into()));
    answer.headers_mut().extend(told);
    answer
}

/// Everything that a test needs: a source, Manyfin's routes before it.
pub struct Stage {
    pub seen: Arc<Seen>,
    pub app: Router,
    pub copy: PublicId,
    pub user: PublicId,
    pub capabilities: Capabilities,
    pub clock: Clock,
    pub upstream_item: UpstreamId,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    pub metrics: Metrics,
    /// Where pictures are kept.
    pub folder: tempfile::TempDir,
    resolve: Arc<One>,
    image_bytes: u64,
}

struct One {
    server: Arc<Server>,
    target: StreamTarget,
    ids: PublicIds,
    clock: Clock,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Signs everybody in again.
struct Again;

impl Renewal for Again {
    fn renew<'a>(&'a self, _: i64, _: &'a Secret) -> BoxFuture<'a, Option<Secret>> {
        Box::pin(std::future::ready(Some(Secret::new(RENEWED))))
    }
}

impl Resolve for One {
    fn stream(&self, asked: Asked) -> BoxFuture<'_, Result<StreamTarget, StreamError>> {
        self.asked.lock().unwrap().push(asked.clone());
        let answer = match asked.grant {
            Some(grant) if grant.copy == self.target.copy => Ok(self.target.clone()),
            Some(_) => Err(StreamError::NotFound),
            // Here a tag stands for a right.
            None if asked.tag.is_none() => Err(StreamError::Unauthenticated),
            None if asked.id != self.target.copy => Err(StreamError::NotFound),
            None => Ok(self.target.clone()),
        };
        Box::pin(async move { answer })
    }

    fn image(&self, asked: ImageAsked) -> BoxFuture<'_, Result<ImageTarget, StreamError>> {
        let known = asked.id == self.target.copy && asked.image_type == "Primary";
        let answer = known
            .then(|| ImageTarget {
                server: self.server.clone(),
                account: None,
                upstream_item: self.target.upstream_item,
                upstream_tag: "thetag".to_owned(),
                image_type: asked.image_type,
                index: asked.index,
            })
            .ok_or(StreamError::NotFound);
        Box::pin(async move { answer })
    }

    fn may_still(&self, _: PublicId, _: PublicId) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(true))
    }

    fn stalled(&self, _: PublicId) {}

    fn failed(&self, _: PublicId) {}

    fn look_around(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { drop(self.server.doubt().await) })
    }

    fn name_id(&self, kind: NameKind, name: &str) -> PublicId {
        self.ids.name(kind, name)
    }

    fn server(&self, _: i64) -> Option<Arc<Server>> {
        Some(self.server.clone())
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }
}

impl Stage {
    /// The source was asked, and is there.
    pub async fn is_online(&self) {
        assert!(self.resolve.server.check().await.is_online());
    }

    pub async fn set() -> Self {
        Self::with_images(1 << 20).await
    }

    /// With so many bytes for pictures, which count as fresh for an hour.
    pub async fn with_images(image_bytes: u64) -> Self {
        let seen = Arc::new(Seen::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Router::new().fallback(source).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, served).await });
        let clock = Clock::fixed(chrono::Utc::now());
        let registry = Registry::new(clock.clone());
        registry.renew_by(Arc::new(Again));
        let server = registry.upsert(ServerSpec {
            id: 1,
            key: ServerKey::random(),
            name: "attic".to_owned(),
            base_url: format!("http://{address}/base").parse().unwrap(),
            tls: TlsTrust::default(),
        });
        let ids = PublicIds::new([3; 32]);
        let upstream_item = UpstreamId::random();
        let target = StreamTarget {
            server: server.clone(),
            account: Account {
                user_id: UpstreamId::random(),
                token: Secret::new(TOKEN),
                device_id: "manyfin-device".to_owned(),
                link: Some(1),
            },
            upstream_item,
            upstream_source: upstream_item.to_string(),
            copy: ids.copy(server.key, upstream_item),
            user: PublicId::random(),
            stands_in: false,
        };
        let (copy, user) = (target.copy, target.user);
        let capabilities = Capabilities::new(&ids);
        let asked = Arc::new(Mutex::default());
        let resolve = Arc::new(One {
            server,
            target,
            ids,
            clock: clock.clone(),
            asked: Arc::clone(&asked),
        });
        let stage = Self {
            seen,
            app: Router::new(),
            copy,
            user,
            capabilities,
            clock,
            upstream_item,
            asked,
            metrics: Metrics::default(),
            folder: tempfile::tempdir().unwrap(),
            resolve,
            image_bytes,
        };
        stage.restart()
    }

    /// For the next start.
    pub fn set_image_bytes(&mut self, bytes: u64) {
        self.image_bytes = bytes;
    }

    /// Starts anew over what is on the disk.
    pub fn restart(self) -> Self {
        let metrics = Metrics::default();
        let images = ImageSettings {
            folder: self.folder.path().join("images"),
            max_bytes: self.image_bytes,
            fresh: Duration::from_secs(3600),
        };
        let images = ImageCache::open(images, self.clock.clone(), metrics.clone());
        let identify: crate::stream::Identify =
            Arc::new(|_| Box::pin(async { Ok(Caller::default()) }));
        let resolve = self.resolve.clone();
        let state = StreamState::new(identify, resolve, self.capabilities.clone(), images);
        Self {
            app: router(state),
            metrics,
            ..self
        }
    }

    /// A right to the copy, as a query value.
    pub fn key(&self) -> String {
        let grant = Grant {
            user: self.user,
            copy: self.copy,
        };
        self.capabilities
            .sign(grant, self.clock.now())
            .expose()
            .to_owned()
    }
}
