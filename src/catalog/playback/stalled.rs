//! Copies that could not be read just now though their server answers: they count as down for a while.

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

/// What a copy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// No byte of it came in time.
    Waiting,
    /// It was not given, or late: others go before it.
    Failed,
}

/// See the module.
pub struct Stalled(Mutex<LruCache<PublicId, (Instant, Trouble)>>);

impl Default for Stalled {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Stalled {
    pub(super) fn holds(&self, copy: PublicId) -> bool {
        self.trouble(copy).is_some()
    }

    /// Whether it kept a player waiting: then it is not asked at all for a while.
    pub(super) fn keeps_waiting(&self, copy: PublicId) -> bool {
        self.trouble(copy) == Some(Trouble::Waiting)
    }

    fn trouble(&self, copy: PublicId) -> Option<Trouble> {
        let mut held = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let (since, trouble) = *held.peek(&copy)?;
        if since.elapsed() < LEFT_ALONE {
            return Some(trouble);
        }
        held.pop(&copy);
        None
    }

    /// No byte of it came in time.
    pub fn add(&self, copy: PublicId) {
        let mut held = self.0.lock().unwrap_or_else(|e| e.into_inner());
        held.put(copy, (Instant::now(), Trouble::Waiting));
    }

    /// Its server answers, and gives something else in its place, or keeps it back for long.
    pub fn add_failed(&self, copy: PublicId) {
        if !self.keeps_waiting(copy) {
            let mut held = self.0.lock().unwrap_or_else(|e| e.into_inner());
            held.put(copy, (Instant::now(), Trouble::Failed));
        }
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

    #[tokio::test(start_paused = true)]
    async fn one_that_failed_may_be_asked_unless_it_kept_somebody_waiting() {
        let (stalled, copy) = (Stalled::default(), PublicId::random());
        stalled.add_failed(copy);
        assert!(stalled.holds(copy) && !stalled.keeps_waiting(copy));
        stalled.add(copy);
        stalled.add_failed(copy);
        assert!(stalled.keeps_waiting(copy));
        tokio::time::advance(LEFT_ALONE).await;
        assert!(!stalled.holds(copy));
    }
}
