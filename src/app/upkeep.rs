//! Work in the background that joins the services: each hears of what another changed.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::accounts::{Accounts, Change, Link, LinkState};
use crate::catalog::Catalog;
use crate::catalog::playback::TOLD_MS;
use crate::catalog::sync::{Sync, UserDataSeen};
use crate::catalog::watch::{Seen, Told};
use crate::clock::Clock;
use crate::db::{self, Db, audit};
use crate::hear;
use crate::model::PublicId;

/// How long it is remembered what a device was told to play, in milliseconds: paused films wait long.
const KEPT_MS: i64 = 60 * 24 * 3600 * 1000;
/// How soon a change by another process is noticed.
const NOTICE: Duration = Duration::from_secs(1);

/// How often it is looked whether a refused link is to be asked again.
const ASK_REFUSED: Duration = Duration::from_secs(15);
/// How often what is old is forgotten.
const TIDY: Duration = Duration::from_secs(3600);
/// Changes of the configuration that are kept at most, however young.
const MOST_CHANGES: i64 = 100_000;
/// What users change of their own is kept apart: nobody may push out what an administrator did by it.
const OWN: [&str; 2] = ["user.update_settings", "user.set_source_policy"];
const MOST_OWN: i64 = 10_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Forgets changes of the configuration that are older than `audit_days`.
pub async fn tidy(db: Db, clock: Clock, audit_days: u32) {
    loop {
        if let Err(error) = forget_changes(&db, clock.millis(), audit_days).await {
            tracing::warn!(%error, "old changes were not forgotten: {error}");
        }
        tokio::time::sleep(TIDY).await;
    }
}

async fn forget_changes(db: &Db, now: i64, audit_days: u32) -> Result<(), db::DbError> {
    for action in OWN {
        audit::forget_of(db, action, MOST_OWN).await?;
    }
    let before = now - i64::from(audit_days) * DAY_MS;
    audit::forget(db, before, MOST_CHANGES).await.map(drop)
}

/// Merges what crawls saw of users' items.
pub async fn take_in(
    catalog: Catalog,
    accounts: Accounts,
    mut seen: mpsc::Receiver<(Vec<UserDataSeen>, bool)>,
) {
    while let Some((seen, _whole)) = seen.recv().await {
        let links = match accounts.all_links().await {
            Ok(links) => links,
            Err(error) => {
                tracing::warn!(%error, "what servers told of users' items was not taken in: {error}");
                continue;
            }
        };
        let mut by_link: HashMap<i64, Vec<Seen>> = HashMap::new();
        for item in seen {
            by_link.entry(item.link).or_default().push(Seen {
                upstream_id: item.upstream_id,
                asked_at: item.asked_at,
                told: Told {
                    played: item.played,
                    play_count: item.play_count,
                    position_ticks: item.position,
                    last_played_at: item.last_played,
                    favorite: item.favorite,
                    likes: item.likes,
                },
            });
        }
        for (id, seen) in by_link {
            let Some((user, link)) = links.iter().find(|(_, link)| link.id == id) else {
                continue;
            };
            let own = links_of(&links, *user);
            if let Err(error) = catalog.take_in(*user, &own, link, &seen).await {
                tracing::warn!(%error, link = id, "what a server told was not taken in: {error}");
            }
        }
    }
}

fn links_of(links: &[(PublicId, Link)], user: PublicId) -> Vec<Link> {
    let own = links
        .iter()
        .filter(|(owner, link)| *owner == user && link.state == LinkState::Active);
    own.map(|(_, link)| link.clone()).collect()
}

/// Keeps catalog and crawler at what the accounts say.
pub async fn follow(catalog: Catalog, accounts: Accounts, sync: Sync) {
    let mut changes = accounts.changes();
    loop {
        let change = hear::next_or_missed(&mut changes).await;
        // Some were missed: look at everything.
        match change.unwrap_or(Change::Everything) {
            Change::Server(id) => {
                match catalog.registry().get(id) {
                    Some(_) => sync.start(id),
                    None => sync.stop(id),
                }
                reload(&catalog).await;
            }
            Change::Libraries => reload(&catalog).await,
            Change::Link { id, .. } => follow_link(&accounts, &sync, id).await,
            Change::User(_) => {}
            Change::Everything => {
                reload(&catalog).await;
                sync.start_all();
                for (_, link) in accounts.all_links().await.unwrap_or_default() {
                    follow_link(&accounts, &sync, link.id).await;
                }
            }
        }
    }
}

async fn reload(catalog: &Catalog) {
    if let Err(error) = catalog.store().reload_configuration().await {
        tracing::error!(%error, "the libraries could not be read: {error}");
    }
}

async fn follow_link(accounts: &Accounts, sync: &Sync, id: i64) {
    let links = match accounts.all_links().await {
        Ok(links) => links,
        // Not knowing is no reason to close it.
        Err(error) => {
            tracing::warn!(link = id, %error, "a link could not be read: {error}");
            return;
        }
    };
    let active = links
        .iter()
        .any(|(_, link)| link.id == id && link.state == LinkState::Active);
    let sync = sync.clone();
    // A slow server does not keep the other changes waiting.
    tokio::spawn(async move {
        let done = if active {
            sync.link_added(id).await
        } else {
            sync.link_closed(id).await
        };
        if let Err(error) = done {
            tracing::info!(link = id, %error, "what a link may see is asked again later: {error}");
        }
    });
}

/// Notices what other processes changed.
pub async fn notice(accounts: Accounts) {
    loop {
        tokio::time::sleep(NOTICE).await;
        if let Err(error) = accounts.notice().await {
            tracing::warn!(%error, "changes by others could not be read: {error}");
        }
    }
}

/// Forgets what devices were told long ago, and which addresses were shown what.
pub async fn forget(catalog: Catalog) {
    let mut hours = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hours.tick().await;
        let now = catalog.clock().millis();
        let told = db::play_choices::forget_before(catalog.db(), now - KEPT_MS).await;
        let shown = db::shown_items::forget_before(catalog.db(), now - TOLD_MS).await;
        if let Err(error) = told.and(shown) {
            tracing::warn!(%error, "what was told long ago could not be forgotten: {error}");
        }
    }
}

/// Asks again for links that were refused, ever more seldom.
pub async fn ask_refused(accounts: Accounts) {
    loop {
        tokio::time::sleep(ASK_REFUSED).await;
        if let Err(error) = accounts.ask_refused_links().await {
            tracing::warn!(%error, "refused links were not asked again: {error}");
        }
    }
}

/// Does what waited for a server as soon as it answers.
pub async fn settle(accounts: Accounts) {
    let mut changes = accounts.registry().watch_status();
    // Some have answered before anybody listened.
    for server in accounts.registry().all() {
        if server.status().is_online() {
            settle_one(&accounts, server.id).await;
        }
    }
    loop {
        let change = hear::next(&mut changes).await;
        if change.status.is_online() {
            settle_one(&accounts, change.server_id).await;
        }
    }
}

async fn settle_one(accounts: &Accounts, server_id: i64) {
    if let Err(error) = accounts.ask_refused_links_of(server_id).await {
        tracing::warn!(server = server_id, %error, "its refused links were not asked again: {error}");
    }
    if let Err(error) = super::apply::settle(accounts, server_id).await {
        tracing::warn!(server = server_id, %error, "what waited for a server could not be done: {error}");
    }
}
