//! How many connections may be open at once: from one address, and in all. Below the number of files that
//! the process may open, so that the database, the servers and whoever asks for its health find one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use super::client_addr::{TrustedProxies, network};

/// What a system without a limit is taken to bear.
const MANY: u64 = 1 << 15;
/// A household behind one address, or a small country behind its provider's, stays below.
const BY_ADDRESS: usize = 512;
/// How often a full house is told in the log.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Crowd(Arc<Inner>);

struct Inner {
    by_address: usize,
    in_all: usize,
    /// Many people come from a proxy's address, and who asks for our health from this machine.
    uncounted: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_address: HashMap<IpAddr, usize>,
    in_all: usize,
    told: Option<Instant>,
}

/// One connection; it counts until this is dropped.
pub(super) struct Place(Option<(Crowd, IpAddr)>);

impl Crowd {
    /// As many as the process can bear. This machine and the proxies are not counted.
    pub fn new(proxies: &TrustedProxies) -> Self {
        let proxies = proxies.clone();
        let files = getrlimit(Resource::Nofile).current.unwrap_or(MANY);
        let files = usize::try_from(files.min(MANY)).unwrap_or(usize::MAX);
        // A stream takes one to its client and one to its server.
        let in_all = (files / 2).max(1);
        let by_address = (in_all / 4).clamp(1, BY_ADDRESS);
        Self::of(by_address, in_all, move |address| {
            address.is_loopback() || proxies.trusts(address)
        })
    }

    pub(super) fn of(
        by_address: usize,
        in_all: usize,
        uncounted: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            by_address,
            in_all,
            uncounted: Box::new(uncounted),
            open: Mutex::default(),
        }))
    }

    /// A place for a connection from there; none where there are too many.
    pub(super) fn admit(&self, from: IpAddr) -> Option<Place> {
        let from = from.to_canonical();
        if (self.0.uncounted)(from) {
            return Some(Place(None));
        }
        let from = network(from);
        let mut open = self.0.open.lock().unwrap_or_else(|e| e.into_inner());
        let here = open.by_address.get(&from).copied().unwrap_or(0);
        if here >= self.0.by_address {
            tracing::debug!(address = %from, "too many connections from {from}");
            return None;
        }
        if open.in_all >= self.0.in_all {
            if open.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                open.told = Some(Instant::now());
                tracing::warn!("{} connections are open: others are refused", open.in_all);
            }
            return None;
        }
        open.in_all += 1;
        *open.by_address.entry(from).or_default() += 1;
        Some(Place(Some((self.clone(), from))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((crowd, from)) = self.0.take() else {
            return;
        };
        let mut open = crowd.0.open.lock().unwrap_or_else(|e| e.into_inner());
        open.in_all -= 1;
        if let Some(here) = open.by_address.get_mut(&from) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_part_and_leaves_the_rest_to_others() {
        let crowd = Crowd::of(2, 3, |address| address.is_loopback());
        let one = crowd.admit(address("192.0.2.1"));
        let two = crowd.admit(address("::ffff:192.0.2.1"));
        assert!(one.is_some() && two.is_some());
        assert!(crowd.admit(address("192.0.2.1")).is_none());
        let other = crowd.admit(address("2001:db8::1"));
        assert!(other.is_some());
        assert!(crowd.admit(address("192.0.2.3")).is_none(), "it is full");
        assert!(crowd.admit(address("127.0.0.1")).is_some(), "for health");
        drop(two);
        assert!(crowd.admit(address("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let crowd = Crowd::of(1, 9, |_| false);
        let _one = crowd.admit(address("2001:db8::1"));
        assert!(crowd.admit(address("2001:db8::2")).is_none());
        assert!(crowd.admit(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn nothing_is_remembered_of_who_left() {
        let crowd = Crowd::of(2, 3, |_| false);
        drop(crowd.admit(address("192.0.2.1")));
        let open = crowd.0.open.lock().unwrap();
        assert_eq!((open.in_all, open.by_address.len()), (0, 0));
    }

    #[test]
    fn proxies_and_this_machine_are_not_counted() {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let crowd = Crowd::new(&proxies);
        for uncounted in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            assert!((crowd.0.uncounted)(address(uncounted).to_canonical()));
        }
        assert!(!(crowd.0.uncounted)(address("192.0.2.1")));
        assert!(crowd.0.by_address <= crowd.0.in_all);
    }
}
