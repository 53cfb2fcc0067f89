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
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            images_bytes: 1 << 30,
            images: Duration::from_secs(24 * 3600),
        }
    }
}

const MONTH_SECONDS: u64 = 30 * 24 * 3600;

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
    let images = number(
        "images_seconds",
        file.images_seconds,
        60,
        MONTH_SECONDS,
        "seconds",
    );
    CacheConfig {
        images_bytes: images_bytes.map_or(default.images_bytes, |mib| mib << 20),
        images: images.map_or(default.images, Duration::from_secs),
    }
}
