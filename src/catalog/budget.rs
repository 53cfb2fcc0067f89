//! Memory that all projections share: each may take an equal part of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all may take together, in bytes.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: AtomicUsize,
    sharers: AtomicUsize,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        let (bytes, sharers) = (AtomicUsize::new(bytes), AtomicUsize::new(0));
        Self(Arc::new(Inner { bytes, sharers }))
    }

    /// So much it is from now on.
    pub fn set(&self, bytes: usize) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
    }

    /// One part more; the others become smaller.
    pub fn share(&self) -> Share {
        self.0.sharers.fetch_add(1, Ordering::Relaxed);
        Share(self.clone())
    }
}

/// A part of a [`Budget`], given back when it is dropped.
#[derive(Debug)]
pub struct Share(Budget);

impl Share {
    /// One more of the same whole.
    pub fn another(&self) -> Self {
        self.0.share()
    }

    /// How much it is now.
    pub fn bytes(&self) -> usize {
        let inner = &*self.0.0;
        let bytes = inner.bytes.load(Ordering::Relaxed);
        bytes / inner.sharers.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.0.sharers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_an_equal_part_of_what_there_is() {
        let budget = Budget::new(100);
        let one = budget.share();
        assert_eq!(one.bytes(), 100);
        let other = budget.share();
        assert_eq!((one.bytes(), other.bytes()), (50, 50));
        drop(one);
        assert_eq!(other.bytes(), 100);
        budget.set(300);
        assert_eq!(other.bytes(), 300);
    }
}
