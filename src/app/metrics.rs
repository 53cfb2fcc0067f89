//! How catalog, servers and outbox are at the moment, for `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::db::{crawls, outbox};
use crate::server;
use crate::telemetry::metrics::{Now, ServerNow};

/// Asked anew whenever the numbers are read.
pub fn now(catalog: Catalog, clock: Clock) -> server::Now {
    Arc::new(move || {
        let (catalog, clock) = (catalog.clone(), clock.clone());
        async move { read(&catalog, &clock).await }.boxed()
    })
}

async fn read(catalog: &Catalog, clock: &Clock) -> Now {
    let snapshot = catalog.snapshot();
    let mut copies = vec![0_i64; snapshot.servers.len()];
    for copy in snapshot.copies.iter() {
        copies[copy.server as usize] += 1;
    }
    let now = clock.millis();
    let age = |at: Option<i64>| {
        let age = u64::try_from(now - at?).unwrap_or(0);
        Some(Duration::from_millis(age))
    };
    let mut servers = Vec::new();
    for server in catalog.registry().all() {
        // While the database is away the ages are not known; all else is.
        let crawl = crawls::get(catalog.db(), server.id).await.ok().flatten();
        let position = snapshot.server_position(server.id);
        servers.push(ServerNow {
            name: server.name(),
            online: server.status().is_online(),
            breaker: server.breaker_state(),
            copies: position.map_or(0, |at| copies[at as usize]),
            crawl_age: age(crawl.as_ref().and_then(|crawl| crawl.finished_at)),
            full_crawl_age: age(crawl.as_ref().and_then(|crawl| crawl.full_finished_at)),
        });
    }
    Now {
        servers,
        items: i64::try_from(snapshot.items.len()).unwrap_or(i64::MAX),
        outbox: outbox::length(catalog.db()).await.ok(),
    }
}
