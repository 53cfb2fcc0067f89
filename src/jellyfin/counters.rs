//! How much a source was asked: tests hold batching against it, metrics show it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Requests that were really sent, retries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct RequestCounts {
    /// JSON calls other than the next two.
    pub calls: u64,
    /// Batches of item bodies.
    pub bodies: u64,
    /// Streams and images.
    pub streams: u64,
    /// Health questions in the background.
    pub probes: u64,
}

impl RequestCounts {
    /// All but the health questions.
    pub fn total(&self) -> u64 {
        self.calls + self.bodies + self.streams
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Call,
    /// A call with a large answer, which nobody waits for.
    Crawl,
    Bodies,
    Stream,
    Probe,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    calls: AtomicU64,
    bodies: AtomicU64,
    streams: AtomicU64,
    probes: AtomicU64,
}

impl Purpose {
    /// For the metrics.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Call | Self::Crawl => "call",
            Self::Bodies => "bodies",
            Self::Stream => "stream",
            Self::Probe => "probe",
        }
    }
}

impl Counters {
    pub(super) fn add(&self, purpose: Purpose) {
        match purpose {
            Purpose::Call | Purpose::Crawl => &self.calls,
            Purpose::Bodies => &self.bodies,
            Purpose::Stream => &self.streams,
            Purpose::Probe => &self.probes,
        }
        .fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> RequestCounts {
        RequestCounts {
            calls: self.calls.load(Relaxed),
            bodies: self.bodies.load(Relaxed),
            streams: self.streams.load(Relaxed),
            probes: self.probes.load(Relaxed),
        }
    }
}
