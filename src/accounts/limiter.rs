//! How often somebody may try to sign in, here or with an account of a server: token buckets by address and
//! by name, in memory.
//!
//! Who signed in from a device or a network before has a bucket of their own for it, so that nobody who
//! tries a name from elsewhere keeps its owner out.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;

use super::AccountsError;
use crate::clock::Clock;
use crate::model::PublicId;

/// Wrong attempts at once.
const BURST_ADDRESS: f64 = 30.0;
const BURST_NAME: f64 = 12.0;
/// One more after so many milliseconds.
const REFILL_ADDRESS: f64 = 2_000.0;
const REFILL_NAME: f64 = 10_000.0;
/// The oldest beyond these are forgotten: memory stays bounded.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// From where somebody tries, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// Nobody of that name was here before.
    Elsewhere,
    /// The network that the name signed in from.
    Network,
    /// The device that the name signed in with, by its id.
    Device(&'a str),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Name(String),
    NameIn(String, IpAddr),
    NameOn(String, String),
    /// A user who links accounts, and one account that they try.
    Linking(PublicId),
    Account(PublicId, i64, String),
}

/// A user who says that an account of a server is theirs.
pub(super) struct LinkAttempt<'a> {
    pub user: PublicId,
    pub server: i64,
    /// Nothing where they have a token.
    pub username: &'a str,
}

impl LinkAttempt<'_> {
    fn whos(&self) -> [Who; 2] {
        let name = shortened(&self.username.to_lowercase());
        [
            Who::Account(self.user, self.server, name),
            Who::Linking(self.user),
        ]
    }
}

/// What a name signed in by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Place {
    Network(IpAddr),
    Device(String),
}

struct Bucket {
    tokens: f64,
    at: i64,
}

/// Only wrong attempts cost: a right one gives back what it took.
pub(super) struct Limiter {
    clock: Clock,
    buckets: Mutex<LruCache<Who, Bucket>>,
    places: Mutex<LruCache<(String, Place), ()>>,
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            buckets: Mutex::new(LruCache::new(REMEMBERED)),
            places: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// A name signed in from there.
    pub(super) fn remember(&self, name_key: &str, device_id: &str, address: Option<IpAddr>) {
        let mut places = self.places.lock().unwrap_or_else(|e| e.into_inner());
        let network = address.map(|address| Place::Network(network(address)));
        let device = (!device_id.is_empty()).then(|| Place::Device(device_id.to_owned()));
        for place in network.into_iter().chain(device) {
            places.put((shortened(name_key), place), ());
        }
    }

    /// Whether a name signed in from there lately.
    pub(super) fn knows<'a>(
        &self,
        name_key: &str,
        device_id: &'a str,
        address: Option<IpAddr>,
    ) -> Origin<'a> {
        let mut places = self.places.lock().unwrap_or_else(|e| e.into_inner());
        let name = shortened(name_key);
        let device = (name.clone(), Place::Device(device_id.to_owned()));
        if places.get(&device).is_some() {
            return Origin::Device(device_id);
        }
        let known = address.map(|address| (name, Place::Network(network(address))));
        match known.is_some_and(|known| places.get(&known).is_some()) {
            true => Origin::Network,
            false => Origin::Elsewhere,
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
        from: Origin<'_>,
    ) -> Result<(), AccountsError> {
        self.take(&whos(address, name_key, from))
    }

    /// Gives an attempt back: it was right, or said nothing.
    pub(super) fn give_back(&self, address: Option<IpAddr>, name_key: &str, from: Origin<'_>) {
        self.put_back(&whos(address, name_key, from));
    }

    /// Takes one attempt of a user at an account of a server.
    ///
    /// # Errors
    /// `TooManyAttempts`, taking none.
    pub(super) fn admit_link(&self, attempt: &LinkAttempt<'_>) -> Result<(), AccountsError> {
        self.take(&attempt.whos())
    }

    /// As [`Self::give_back`].
    pub(super) fn give_back_link(&self, attempt: &LinkAttempt<'_>) {
        self.put_back(&attempt.whos());
    }

    fn take(&self, whos: &[Who]) -> Result<(), AccountsError> {
        let now = self.clock.millis();
        let mut buckets = self.buckets.lock().unwrap_or_else(|e| e.into_inner());
        let mut wait = 0.0_f64;
        for who in whos {
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
        for who in whos {
            if let Some(bucket) = buckets.get_mut(who) {
                bucket.tokens -= 1.0;
            }
        }
        Ok(())
    }

    fn put_back(&self, whos: &[Who]) {
        let mut buckets = self.buckets.lock().unwrap_or_else(|e| e.into_inner());
        for who in whos {
            if let Some(bucket) = buckets.get_mut(who) {
                bucket.tokens = (bucket.tokens + 1.0).min(who.limits().0);
            }
        }
    }
}

impl Who {
    fn limits(&self) -> (f64, f64) {
        match self {
            Self::Address(_) | Self::Linking(_) => (BURST_ADDRESS, REFILL_ADDRESS),
            _ => (BURST_NAME, REFILL_NAME),
        }
    }
}

fn whos(address: Option<IpAddr>, name_key: &str, from: Origin<'_>) -> Vec<Who> {
    let name = shortened(name_key);
    let network = address.map(network);
    let by_name = match (from, network) {
        // Nobody else knows the device's id: those who share its network do not count.
        (Origin::Device(device), _) => return vec![Who::NameOn(name, shortened(device))],
        (Origin::Network, Some(network)) => Who::NameIn(name, network),
        _ => Who::Name(name),
    };
    let mut whos = vec![by_name];
    whos.extend(network.map(Who::Address));
    whos
}

fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}

/// Who has one address of IPv6 has 2^64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        four => four,
    }
}
