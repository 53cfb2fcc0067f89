//! Copies that kept a player waiting in vain: they count as down for a while, though their server answers.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

use crate::model::PublicId;

/// How long such a copy is left alone.
pub const LEFT_ALONE: Duration = Duration::from_secs(30);
/// The oldest beyond these are forgotten.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// See the module.
pub struct Stalled(Mutex<LruCache<PublicId, Instant>>);

impl Default for Stalled {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Stalled {
    pub(super) fn holds(&self, copy: PublicId) -> bool {
        let mut since = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let held = since
            .peek(&copy)
            .is_some_and(|since| since.elapsed() < LEFT_ALONE);
        if !held {
            since.pop(&copy);
        }
        held
    }

    /// No byte of it came in time.
    pub fn add(&self, copy: PublicId) {
        let mut since = self.0.lock().unwrap_or_else(|e| e.into_inner());
        since.put(copy, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_copy_is_left_alone_for_less_than_a_minute() {
        let (stalled, copy) = (Stalled::default(), PublicId::random());
        assert!(!stalled.holds(copy));
        stalled.add(copy);
        assert!(stalled.holds(copy) && !stalled.holds(PublicId::random()));
        tokio::time::advance(LEFT_ALONE).await;
        assert!(!stalled.holds(copy));
        assert!(LEFT_ALONE < Duration::from_secs(60));
    }
}
