//! Pictures kept on disk, by bytes; what is old is asked about again, and shown meanwhile.
//!
//! Own code, as no kept-up crate fits: `cacache` knows no bound and no order of use, `foyer` writes regions
//! through buffers larger than all that this gateway may take. The operating system keeps in memory what is
//! read often, so that there is no second layer here.

mod file;
mod store;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use http::HeaderValue;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::StreamError;
use crate::clock::Clock;
use crate::model::{ServerKey, UpstreamId};
use crate::telemetry::Metrics;
use crate::telemetry::metrics::CacheName;
use file::Kept;
pub use file::Picture;
use store::{Name, Store};

/// Larger ones are passed on without being kept.
pub(super) const LARGEST: usize = 8 << 20;
/// Files that are read or written at a time.
const HANDS: usize = 16;
/// How long an answer waits for a server to say whether an old picture is current; what comes later is there
/// for the next.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a picture is believed that could not be asked about.
const ASK_LATER: Duration = Duration::from_secs(60);

/// Where pictures are kept, how many, and for how long they count as fresh.
#[derive(Debug, Clone)]
pub struct ImageSettings {
    pub folder: PathBuf,
    /// Zero: none is kept.
    pub max_bytes: u64,
    pub fresh: Duration,
}

/// Names a picture: its tag changes when it does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ImageKey {
    pub(super) server: ServerKey,
    pub(super) item: UpstreamId,
    pub(super) image_type: &'static str,
    pub(super) index: Option<u32>,
    pub(super) tag: String,
    /// Size and form, in one order.
    pub(super) form: String,
    /// Whether the client takes WebP: the source chooses by it.
    pub(super) webp: bool,
}

impl ImageKey {
    /// No two keys have one text: what a server or a client chose stands behind its length.
    fn name(&self) -> Name {
        let Self {
            server,
            item,
            image_type,
            index,
            tag,
            form,
            webp,
        } = self;
        let (tag_length, form_length) = (tag.len(), form.len());
        let text = format!(
            "{server} {item} {image_type} {index:?} {webp} {tag_length} {tag} {form_length} {form}"
        );
        let mut name = Name::default();
        let length = name.len();
        name.copy_from_slice(&Sha256::digest(text)[..length]);
        name
    }
}

/// By what a server tells whether a picture is still the one that is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Validators {
    pub(super) etag: Option<HeaderValue>,
    pub(super) last_modified: Option<HeaderValue>,
}

/// What a server answered.
pub(super) enum Fetched {
    New(Picture),
    /// The one that is kept is current.
    Unchanged,
    /// Too large, or no picture: to be passed on as it comes.
    NotKept,
}

/// None: what is there is not kept, and is to be passed on.
type Answer = Result<Option<Arc<Picture>>, StreamError>;
type Landed = Shared<BoxFuture<'static, Answer>>;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct ImageCache(Arc<Inner>);

struct Inner {
    store: Store,
    fresh: Duration,
    clock: Clock,
    metrics: Metrics,
    hands: Semaphore,
    /// What is being asked for, so that it is asked for once.
    flights: Mutex<HashMap<Name, Landed>>,
}

impl ImageCache {
    /// Reads the folder in the background; what it holds is found from now on. Needs a tokio runtime.
    pub fn open(settings: ImageSettings, clock: Clock, metrics: Metrics) -> Self {
        let store = Store::new(settings.folder, settings.max_bytes, metrics.clone());
        let cache = Self(Arc::new(Inner {
            store,
            fresh: settings.fresh,
            clock,
            metrics,
            hands: Semaphore::new(HANDS),
            flights: Mutex::default(),
        }));
        let scanned = cache.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = scanned.0.store.scan() {
                tracing::warn!(%error, "the folder of kept pictures cannot be read: {error}");
            }
        });
        cache
    }

    /// The picture: what is kept, else what `fetch` brings, which is called once however many ask. What is
    /// kept and old is asked about; where no answer comes soon, or none at all, it is shown as it is.
    ///
    /// # Errors
    /// Those of `fetch`, where nothing is kept that could be shown, or it is gone there.
    pub(super) async fn get<F>(
        &self,
        key: &ImageKey,
        is_online: bool,
        fetch: impl FnOnce(Validators) -> F,
    ) -> Answer
    where
        F: Future<Output = Result<Fetched, StreamError>> + Send + 'static,
    {
        let name = key.name();
        let kept = self
            .with_store(move |store| store.read(&name))
            .await
            .flatten();
        let (hits, misses) = (kept.is_some().into(), kept.is_none().into());
        self.0.metrics.cache(CacheName::Images, hits, misses);
        let Some(Kept {
            picture,
            checked_at,
        }) = kept
        else {
            return self.fly(name, None, fetch).await;
        };
        let age = self.0.clock.millis() - checked_at;
        // A clock that was set back says nothing.
        let fresh = i64::try_from(self.0.fresh.as_millis()).unwrap_or(i64::MAX);
        let picture = Arc::new(picture);
        if (0..fresh).contains(&age) {
            return Ok(Some(picture));
        }
        let asked = self.fly(name, Some(picture.clone()), fetch);
        if !is_online {
            return Ok(Some(picture));
        }
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Ok(Some(picture)),
        }
    }

    /// Asks on a task of its own: whoever else waits must not lose it when this caller goes.
    fn fly<F>(
        &self,
        name: Name,
        kept: Option<Arc<Picture>>,
        fetch: impl FnOnce(Validators) -> F,
    ) -> Landed
    where
        F: Future<Output = Result<Fetched, StreamError>> + Send + 'static,
    {
        let mut flights = self.flights();
        if let Some(landed) = flights.get(&name) {
            return landed.clone();
        }
        let validators = kept.as_ref().map(|kept| Validators {
            etag: kept.etag.clone(),
            last_modified: kept.last_modified.clone(),
        });
        let fetched = fetch(validators.unwrap_or_default());
        let cache = self.clone();
        let task = tokio::spawn(async move {
            let _flight = Flight(&cache, name);
            let fetched = fetched.await;
            cache.take(name, kept, fetched).await
        });
        let landed = async move { task.await.unwrap_or(Err(StreamError::Internal)) };
        let landed = landed.boxed().shared();
        flights.insert(name, landed.clone());
        landed
    }

    /// Keeps what was brought; gives what is to be shown.
    async fn take(
        &self,
        name: Name,
        kept: Option<Arc<Picture>>,
        fetched: Result<Fetched, StreamError>,
    ) -> Answer {
        let now = self.0.clock.millis();
        match (fetched, kept) {
            (Ok(Fetched::New(picture)), _) => {
                let picture = Arc::new(picture);
                let written = picture.clone();
                let written = self.with_store(move |store| store.write(&name, &written, now));
                if let Some(Err(error)) = written.await {
                    tracing::warn!(%error, "a picture cannot be kept: {error}");
                }
                Ok(Some(picture))
            }
            (Ok(Fetched::Unchanged), Some(kept)) => {
                self.checked(name, now).await;
                Ok(Some(kept))
            }
            (Ok(Fetched::Unchanged), None) => Err(StreamError::BadAnswer),
            (Ok(Fetched::NotKept), kept) => {
                if kept.is_some() {
                    self.forget(name).await;
                }
                Ok(None)
            }
            (Err(StreamError::NotFound), Some(_)) => {
                self.forget(name).await;
                Err(StreamError::NotFound)
            }
            (Err(_), Some(kept)) => {
                let believed = self.0.fresh.saturating_sub(ASK_LATER);
                let believed = i64::try_from(believed.as_millis()).unwrap_or(0);
                self.checked(name, now - believed).await;
                Ok(Some(kept))
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn checked(&self, name: Name, at: i64) {
        self.with_store(move |store| store.set_checked_at(&name, at))
            .await;
    }

    async fn forget(&self, name: Name) {
        self.with_store(move |store| store.forget(&name)).await;
    }

    /// Off the runtime's threads; none when the process is about to end.
    async fn with_store<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Option<T> {
        let _hand = self.0.hands.acquire().await.ok()?;
        let cache = self.clone();
        tokio::task::spawn_blocking(move || act(&cache.0.store))
            .await
            .ok()
    }

    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Landed>> {
        self.0.flights.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Lands when it is dropped, also by a panic.
struct Flight<'a>(&'a ImageCache, Name);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.flights().remove(&self.1);
    }
}
