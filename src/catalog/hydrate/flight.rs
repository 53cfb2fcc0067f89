//! Bodies on their way from the servers: whoever wants one that is on its way waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::watch;

use super::{CopyRef, Hydrate, pack, strip};
use crate::db::bodies::{self, BodyRow};
use crate::model::UpstreamId;
use crate::wire::Body;

type Found = HashMap<i64, Arc<Body>>;
type Landed = watch::Receiver<Option<Arc<Found>>>;

/// By `copies.id`.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<i64, Landed>>);

/// What one server is asked for as one account.
struct Group {
    copies: Vec<CopyRef>,
    landed: watch::Sender<Option<Arc<Found>>>,
}

impl Flights {
    /// Parts what must be asked for from what is on its way already.
    fn board(&self, wanted: Vec<CopyRef>) -> (Vec<Group>, Vec<(CopyRef, Landed)>) {
        let mut flights = self.lock();
        let mut groups: HashMap<(i64, UpstreamId), Group> = HashMap::new();
        let mut joined = Vec::new();
        for copy in wanted {
            let Some(user) = copy.account.as_ref().map(|account| account.user_id) else {
                continue;
            };
            // A flight whose sender is gone has crashed.
            let under_way = flights
                .get(&copy.copy_id)
                .filter(|landed| landed.has_changed().is_ok());
            if let Some(landed) = under_way {
                joined.push((copy, landed.clone()));
                continue;
            }
            let group = groups
                .entry((copy.server_id, user))
                .or_insert_with(|| Group {
                    copies: Vec::new(),
                    landed: watch::Sender::new(None),
                });
            flights.insert(copy.copy_id, group.landed.subscribe());
            group.copies.push(copy);
        }
        (groups.into_values().collect(), joined)
    }

    fn land(&self, copies: &[CopyRef]) {
        let mut flights = self.lock();
        for copy in copies {
            flights.remove(&copy.copy_id);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Landed>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// What a flight brought; nothing when it crashed or takes too long.
async fn landing(landed: &mut Landed, until: tokio::time::Instant) -> Option<Arc<Found>> {
    let waiting = landed.wait_for(Option::is_some);
    let found = tokio::time::timeout_at(until, waiting).await.ok()?;
    found.ok().and_then(|found| found.clone())
}

impl Hydrate {
    /// Asks the servers, all at the same time, and keeps what they answer.
    pub(super) async fn ask_servers(&self, wanted: Vec<CopyRef>) -> Found {
        let mut wanted = self.without_absent(wanted).await;
        let mut found = Found::new();
        let until = tokio::time::Instant::now() + self.0.settings.patience;
        // The second round: what another account was not shown may be shown to this one.
        for _ in 0..2 {
            if wanted.is_empty() {
                break;
            }
            let (groups, joined) = self.0.flights.board(std::mem::take(&mut wanted));
            let own = groups.into_iter().map(|group| {
                let mut landed = group.landed.subscribe();
                let hydrate = self.clone();
                // On a task of its own: whoever else waits must not lose it when this caller goes.
                tokio::spawn(async move { hydrate.fly(group).await });
                async move { landing(&mut landed, until).await }
            });
            for bodies in join_all(own).await.into_iter().flatten() {
                found.extend(bodies.iter().map(|(id, body)| (*id, body.clone())));
            }
            for (copy, mut landed) in joined {
                let bodies = landing(&mut landed, until).await;
                match bodies.as_ref().and_then(|bodies| bodies.get(&copy.copy_id)) {
                    Some(body) => drop(found.insert(copy.copy_id, body.clone())),
                    None => wanted.push(copy),
                }
            }
        }
        found
    }

    async fn without_absent(&self, wanted: Vec<CopyRef>) -> Vec<CopyRef> {
        let mut left = Vec::with_capacity(wanted.len());
        for copy in wanted {
            let Some(account) = &copy.account else {
                continue;
            };
            if !self.0.absent.contains_key(&(copy.copy_id, account.user_id)) {
                left.push(copy);
            }
        }
        left
    }

    async fn fly(&self, group: Group) {
        let (found, rows) = self.fetch(&group.copies).await;
        self.0.flights.land(&group.copies);
        group.landed.send_replace(Some(Arc::new(found)));
        if let Err(error) = bodies::put(&self.0.db, &rows).await {
            tracing::warn!(%error, "fetched bodies could not be kept");
        }
    }

    async fn fetch(&self, copies: &[CopyRef]) -> (Found, Vec<BodyRow>) {
        let mut found = Found::new();
        let mut rows = Vec::new();
        let Some(first) = copies.first() else {
            return (found, rows);
        };
        let (Some(server), Some(account)) =
            (self.0.registry.get(first.server_id), first.account.as_ref())
        else {
            return (found, rows);
        };
        let ids: Vec<UpstreamId> = copies.iter().map(|copy| copy.upstream_id).collect();
        let answer = match server.bodies(account, &ids).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(server = %server.name(), %error, "no bodies from this server");
                return (found, rows);
            }
        };
        for copy in copies {
            let Some(body) = answer.get(&copy.upstream_id) else {
                let key = (copy.copy_id, account.user_id);
                self.0.absent.insert(key, ()).await;
                continue;
            };
            let body = Arc::new(strip(body));
            let packed = pack(&body);
            self.keep(copy.copy_id, packed.clone()).await;
            found.insert(copy.copy_id, body);
            rows.push(BodyRow {
                copy_id: copy.copy_id,
                body: packed,
                fetched_at: self.0.clock.millis(),
            });
        }
        (found, rows)
    }
}
