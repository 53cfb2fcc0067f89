//! How fast a source is for us: what the policy `FASTEST` orders by.
//!
//! Two exponentially weighted means are kept. The *throughput* is that of files that are passed on as
//! they lie there; what a transcode gives is the pace of its encoder. The *latency* is that of health
//! questions and of what is asked while somebody waits; the large pages of a crawl stay out of it.
//!
//! The **estimate** puts both into one number: the time until the first [`SAMPLE`] bytes of a film are
//! here, `latency + SAMPLE / throughput`. What was not measured counts as an ordinary line ([`ORDINARY`],
//! [`ORDINARY_LATENCY`]): a source that nobody has played from is tried before a slow one and after a
//! fast one. A throughput that is [`FORGOTTEN`] old counts as not measured, so that who was slow once is
//! tried again.
//!
//! Measurements waver, and an order must not. So sources are compared by their **class**: each class is
//! half again as slow as the one before it, and a source leaves its class only when its estimate is a
//! quarter of a class beyond the border.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes of the film that the estimate waits for.
pub const SAMPLE: u64 = 8 << 20;
/// Bits a second of a line that was not measured.
pub const ORDINARY: f64 = 50e6;
/// Latency of a source that was not asked yet.
pub const ORDINARY_LATENCY: Duration = Duration::from_millis(50);
/// How long a throughput says something of the line.
const FORGOTTEN: Duration = Duration::from_secs(6 * 3600);

/// Bytes after which half of the mean is new.
const HALF_LIFE: f64 = 16.0 * 1024.0 * 1024.0;
/// How much a new latency counts.
const LATENCY_WEIGHT: f64 = 0.2;
/// A class is so many times as slow as the one before.
const STEP: f64 = 1.5;
/// How far from the middle of its class an estimate may be, in classes.
const REACH: f64 = 0.75;

/// What is known of a source's speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Bits a second of files passed on; none where nothing was measured lately.
    pub bits_per_second: Option<u64>,
    /// None until it answered for the first time.
    pub latency: Option<Duration>,
    /// See the module.
    pub estimate: Duration,
    /// The lower the faster; see the module.
    pub class: i32,
}

#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<Means>);

#[derive(Debug, Default)]
struct Means {
    /// Bits a second, and when it was last measured.
    throughput: Option<(f64, Instant)>,
    /// Seconds.
    latency: Option<f64>,
    class: Option<i32>,
}

impl Means {
    fn throughput(&self) -> Option<f64> {
        let (mean, at) = self.throughput?;
        (at.elapsed() < FORGOTTEN).then_some(mean)
    }

    /// Seconds.
    fn estimate(&self) -> f64 {
        let latency = self.latency.unwrap_or(ORDINARY_LATENCY.as_secs_f64());
        latency + SAMPLE as f64 * 8.0 / self.throughput().unwrap_or(ORDINARY).max(1.0)
    }

    /// The class now; it stays what it was unless the estimate is well beyond it.
    fn class(&mut self) -> i32 {
        let place = self.estimate().log(STEP);
        let class = match self.class {
            Some(class) if (place - f64::from(class)).abs() <= REACH => class,
            _ => place.round() as i32,
        };
        self.class = Some(class);
        class
    }
}

impl Meter {
    /// So many bytes of a file came through in this time, during so much of which they were waited
    /// for. Where it was rather the client that made us wait, the source is at least so fast.
    pub(super) fn passed(&self, bytes: u64, took: Duration, waited: Duration) {
        let rate = bytes as f64 * 8.0 / took.as_secs_f64().max(1e-6);
        let mut means = self.means();
        let known = means.throughput();
        let at_least = waited * 2 < took;
        if at_least && rate <= known.unwrap_or(ORDINARY) {
            return;
        }
        let mean = match known {
            Some(mean) => {
                let old = 0.5_f64.powf(bytes as f64 / HALF_LIFE);
                mean * old + rate * (1.0 - old)
            }
            None => rate,
        };
        means.throughput = Some((mean, Instant::now()));
        means.class();
    }

    pub(super) fn answered(&self, took: Duration) {
        let mut means = self.means();
        let took = took.as_secs_f64();
        means.latency = Some(match means.latency {
            Some(mean) => mean + (took - mean) * LATENCY_WEIGHT,
            None => took,
        });
        means.class();
    }

    pub(super) fn speed(&self) -> Speed {
        let mut means = self.means();
        Speed {
            bits_per_second: means.throughput().map(|bits| bits as u64),
            latency: means.latency.map(Duration::from_secs_f64),
            estimate: Duration::from_secs_f64(means.estimate()),
            class: means.class(),
        }
    }

    fn means(&self) -> std::sync::MutexGuard<'_, Means> {
        self.0.lock().expect("no panic while locked")
    }
}
