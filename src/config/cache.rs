//! What is kept of the servers' answers, how much of it, and for how long it counts as fresh.

use std::time::Duration;

use super::file::FileCache;
use super::validate::Problems;

/// Bounds of what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Bytes of pictures on disk; zero: none is kept.
    pub images_bytes: u64,
    /// Until a picture's server is asked whether it is still the same.
    pub images: Duration,
    /// Until a server is asked again which libraries it has, how they are set up and what changed in them,
    /// though it did not say that anything did.
    pub libraries: Duration,
    /// Bytes of items' details in memory.
    pub details_bytes: u64,
    /// Until the details of an item that somebody looks at are renewed.
    pub details: Duration,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            images_bytes: 1 << 30,
            images: Duration::from_secs(24 * 3600),
            libraries: Duration::from_secs(300),
            details_bytes: 8 << 20,
            details: Duration::from_secs(60),
        }
    }
}

/// In seconds.
const DAY: u64 = 24 * 3600;
const MONTH: u64 = 30 * DAY;

pub(super) fn validate(file: &FileCache, problems: &mut Problems) -> CacheConfig {
    let default = CacheConfig::default();
    let mut number = |key: &str, value: Option<i64>, least: u64, most: u64, unit: &str| {
        let value = value?;
        let known = u64::try_from(value).ok();
        let known = known.filter(|value| (least..=most).contains(value));
        if known.is_none() {
            problems.add(
                format!("cache.{key}"),
                format!("{value} is out of range"),
                format!("{least} to {most} {unit}"),
            );
        }
        known
    };
    let images_bytes = number("images_mib", file.images_mib, 0, 1 << 20, "MiB");
    let details_bytes = number("details_mib", file.details_mib, 1, 4096, "MiB");
    let mut time = |key, value, least, most| {
        let seconds = number(key, value, least, most, "seconds");
        seconds.map(Duration::from_secs)
    };
    let images = time("images_seconds", file.images_seconds, 60, MONTH);
    let libraries = time("libraries_seconds", file.libraries_seconds, 10, DAY);
    let details = time("details_seconds", file.details_seconds, 1, DAY);
    CacheConfig {
        images_bytes: images_bytes.map_or(default.images_bytes, |mib| mib << 20),
        images: images.unwrap_or(default.images),
        libraries: libraries.unwrap_or(default.libraries),
        details_bytes: details_bytes.map_or(default.details_bytes, |mib| mib << 20),
        details: details.unwrap_or(default.details),
    }
}
