//! How many requests an address and an account may make: token buckets, in memory. What comes from this
//! machine itself is not counted.

use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use lru::LruCache;

use super::client_addr::network;
use crate::model::PublicId;

/// The oldest beyond these are forgotten: memory stays bounded.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// A bucket holds what flows into it in so many seconds: a page of posters comes all at once.
const BURST_SECONDS: f64 = 20.0;

/// Whose token a request carries; none for one without, or with one that opens nothing.
pub type AccountOf =
    Arc<dyn for<'a> Fn(&'a Parts) -> BoxFuture<'a, Option<PublicId>> + Send + Sync>;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct RateLimit(Option<Arc<Inner>>);

struct Inner {
    by_address: Buckets<IpAddr>,
    by_account: Buckets<PublicId>,
    account_of: AccountOf,
}

impl RateLimit {
    /// `per_minute`: for an address, and for an account from all addresses together; zero: no limit.
    pub fn new(per_minute: u32, account_of: AccountOf) -> Self {
        let inner = (per_minute > 0).then(|| {
            Arc::new(Inner {
                by_address: Buckets::new(per_minute),
                by_account: Buckets::new(per_minute),
                account_of,
            })
        });
        Self(inner)
    }
}

struct Buckets<K> {
    a_second: f64,
    /// Tokens left, and when that was counted.
    left: Mutex<LruCache<K, (f64, Instant)>>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        Self {
            a_second: f64::from(per_minute) / 60.0,
            left: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// After how many seconds there is one again.
    fn take(&self, key: K, now: Instant) -> Result<(), u64> {
        let most = (self.a_second * BURST_SECONDS).max(1.0);
        let mut left = self.left.lock().unwrap_or_else(|e| e.into_inner());
        let (tokens, at) = left.get_or_insert_mut(key, || (most, now));
        let passed = now.saturating_duration_since(*at).as_secs_f64();
        *tokens = (*tokens + passed * self.a_second).min(most);
        *at = now;
        if *tokens < 1.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and at most a minute"
            )]
            let wait = ((1.0 - *tokens) / self.a_second).ceil() as u64;
            return Err(wait.max(1));
        }
        *tokens -= 1.0;
        Ok(())
    }
}

/// Answers 429 to who asks too often.
pub async fn limit(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let Some(limit) = limit.0 else {
        return next.run(request).await;
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|ConnectInfo(address)| address.ip().to_canonical());
    let Some(address) = address.filter(|address| !address.is_loopback()) else {
        return next.run(request).await;
    };
    let now = Instant::now();
    if let Err(wait) = limit.by_address.take(network(address), now) {
        return refused(wait);
    }
    let (parts, body) = request.into_parts();
    if let Some(account) = (limit.account_of)(&parts).await
        && let Err(wait) = limit.by_account.take(account, now)
    {
        return refused(wait);
    }
    next.run(Request::from_parts(parts, body)).await
}

fn refused(wait: u64) -> Response {
    let headers = [
        (header::RETRY_AFTER, HeaderValue::from(wait)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::TOO_MANY_REQUESTS, headers, "too many requests").into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_spent_comes_back_with_time() {
        let buckets = Buckets::new(60);
        let start = Instant::now();
        for _ in 0..20 {
            buckets.take("one", start).unwrap();
        }
        assert_eq!(buckets.take("one", start), Err(1));
        buckets.take("other", start).unwrap();
        let later = start + Duration::from_secs(3);
        for _ in 0..3 {
            buckets.take("one", later).unwrap();
        }
        assert!(buckets.take("one", later).is_err());
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let one = |text: &str| network(text.parse().unwrap());
        assert_eq!(one("2001:db8::1"), one("2001:db8::ffff:2"));
        assert_ne!(one("2001:db8::1"), one("2001:db8:0:1::1"));
        assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
    }
}
