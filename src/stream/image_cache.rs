//! Pictures kept in memory, by bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::HeaderValue;
use moka::future::Cache;

use super::StreamError;
use crate::model::{ServerKey, UpstreamId};
use crate::telemetry::Metrics;
use crate::telemetry::metrics::CacheName;

/// Larger ones are passed on without being kept.
pub(super) const LARGEST: usize = 8 << 20;

/// Names a picture for good: its tag changes when it does.
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

#[derive(Debug)]
pub(super) struct Image {
    pub(super) content_type: HeaderValue,
    pub(super) last_modified: Option<HeaderValue>,
    pub(super) bytes: Bytes,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct ImageCache {
    kept: Cache<ImageKey, Arc<Image>>,
    metrics: Metrics,
}

impl ImageCache {
    pub(super) fn new(bytes: u64) -> Self {
        let cache = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &ImageKey, image: &Arc<Image>| {
                // The key and the bookkeeping count too.
                u32::try_from(image.bytes.len() + 512).unwrap_or(u32::MAX)
            })
            .build();
        Self {
            kept: cache,
            metrics: Metrics::default(),
        }
    }

    pub(super) fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The picture, fetched once however many ask for it at a time.
    pub(super) async fn get(
        &self,
        key: ImageKey,
        fetch: impl Future<Output = Result<Arc<Image>, StreamError>>,
    ) -> Result<Arc<Image>, StreamError> {
        let fetched = AtomicBool::new(false);
        let fetch = async {
            fetched.store(true, Ordering::Relaxed);
            fetch.await
        };
        let image = self.kept.try_get_with(key, fetch).await;
        let missed = fetched.load(Ordering::Relaxed);
        self.metrics
            .cache(CacheName::Images, (!missed).into(), missed.into());
        image.map_err(|error: Arc<StreamError>| (*error).clone())
    }
}
