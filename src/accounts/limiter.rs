//! How often somebody may try to sign in: token buckets by address and by name, in memory.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;

use super::AccountsError;
use crate::clock::Clock;

/// Wrong attempts at once.
const BURST_ADDRESS: f64 = 30.0;
const BURST_NAME: f64 = 12.0;
/// One more after so many milliseconds.
const REFILL_ADDRESS: f64 = 2_000.0;
const REFILL_NAME: f64 = 10_000.0;
/// The oldest beyond these are forgotten: memory stays bounded.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Name(String),
}

struct Bucket {
    tokens: f64,
    at: i64,
}

/// Only wrong attempts cost: a right one gives back what it took.
pub(super) struct Limiter {
    clock: Clock,
    buckets: Mutex<LruCache<Who, Bucket>>,
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            buckets: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// Takes one attempt.
    ///
    /// # Errors
    /// `TooManyAttempts`, taking none.
    pub(super) fn admit(
        &self,
        address: Option<IpAddr>,
        name_key: &str,
    ) -> Result<(), AccountsError> {
        let now = self.clock.millis();
        let mut buckets = self.buckets.lock().unwrap_or_else(|e| e.into_inner());
        let whos = whos(address, name_key);
        let mut wait = 0.0_f64;
        for who in &whos {
            let (burst, refill) = who.limits();
            let bucket = buckets.get_or_insert_mut(who.clone(), || Bucket {
                tokens: burst,
                at: now,
            });
            #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double")]
            let passed = (now - bucket.at).max(0) as f64;
            bucket.tokens = (bucket.tokens + passed / refill).min(burst);
            bucket.at = now;
            if bucket.tokens < 1.0 {
                wait = wait.max((1.0 - bucket.tokens) * refill);
            }
        }
        if wait > 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a wait is positive and short"
            )]
            let retry_after_s = (wait / 1000.0).ceil() as u64;
            return Err(AccountsError::TooManyAttempts { retry_after_s });
        }
        for who in &whos {
            if let Some(bucket) = buckets.get_mut(who) {
                bucket.tokens -= 1.0;
            }
        }
        Ok(())
    }

    /// Gives an attempt back: it was right, or said nothing.
    pub(super) fn give_back(&self, address: Option<IpAddr>, name_key: &str) {
        let mut buckets = self.buckets.lock().unwrap_or_else(|e| e.into_inner());
        for who in whos(address, name_key) {
            if let Some(bucket) = buckets.get_mut(&who) {
                bucket.tokens = (bucket.tokens + 1.0).min(who.limits().0);
            }
        }
    }
}

impl Who {
    fn limits(&self) -> (f64, f64) {
        match self {
            Self::Address(_) => (BURST_ADDRESS, REFILL_ADDRESS),
            Self::Name(_) => (BURST_NAME, REFILL_NAME),
        }
    }
}

fn whos(address: Option<IpAddr>, name_key: &str) -> Vec<Who> {
    let mut whos = vec![Who::Name(name_key.chars().take(128).collect())];
    whos.extend(address.map(|address| Who::Address(network(address))));
    whos
}

/// Who has one address of IPv6 has 2^64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        four => four,
    }
}
