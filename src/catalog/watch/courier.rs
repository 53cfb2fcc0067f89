//! Delivers the outbox: absolute states, sent at least once, retried until the server takes them. Each
//! link has a delivery of its own, so that a slow server keeps no other waiting.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::task::JoinSet;

use super::three_way::Told;
use crate::accounts::{Accounts, Link, LinkState};
use crate::catalog::sync::decode;
use crate::catalog::{Catalog, CatalogError};
use crate::db::outbox::{self, LinkItemRow, OutboxRow};
use crate::hear;
use crate::jellyfin::{Server, UpstreamError};
use crate::model::PublicId;
use crate::wire::Body;

/// Rows a delivery.
const BATCH: i64 = 500;
/// How often the outbox is looked at when nothing calls.
const ROUND: Duration = Duration::from_secs(1);
/// Requests at once to one server.
const AT_ONCE: usize = 4;
/// The longest wait between two attempts, in milliseconds.
const LONGEST_WAIT: i64 = 60_000;

/// See the module.
#[derive(Clone)]
pub struct Courier {
    pub catalog: Catalog,
    pub accounts: Accounts,
}

impl Courier {
    /// Runs until dropped.
    pub async fn run(self) {
        let mut called = self.catalog.outbox_calls();
        let mut status = self.catalog.registry().watch_status();
        let busy = Busy::default();
        let mut deliveries = JoinSet::new();
        loop {
            if let Err(error) = self.begin(&busy, &mut deliveries).await {
                tracing::warn!(%error, "the outbox could not be read");
            }
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                _ = called.changed() => {}
                _ = deliveries.join_next(), if !deliveries.is_empty() => {}
                change = hear::next(&mut status) => if change.status.is_online() {
                    self.hurry(change.server_id).await;
                },
            }
        }
    }

    /// Begins a delivery for each link that has something due and none under way.
    async fn begin(&self, busy: &Busy, deliveries: &mut JoinSet<()>) -> Result<(), CatalogError> {
        let mut due = outbox::due_links(self.catalog.db(), self.catalog.clock().millis()).await?;
        due.retain(|link| !busy.has(*link));
        if due.is_empty() {
            return Ok(());
        }
        let links = self
            .accounts
            .all_links()
            .await
            .map_err(CatalogError::accounts)?;
        let mut links: HashMap<i64, (PublicId, Link)> = links
            .into_iter()
            .map(|(user, link)| (link.id, (user, link)))
            .collect();
        for id in due {
            let (courier, link, under_way) = (self.clone(), links.remove(&id), busy.with(id));
            deliveries.spawn(async move {
                let _under_way = under_way;
                if let Err(error) = courier.deliver(id, link).await {
                    tracing::warn!(link = id, %error, "a link's marks could not be delivered");
                    // Not at once again: the database may be what fails.
                    tokio::time::sleep(ROUND).await;
                }
            });
        }
        Ok(())
    }

    /// A server is back: what waits for it is due now.
    async fn hurry(&self, server_id: i64) {
        let links = self.accounts.all_links().await.unwrap_or_default();
        for (_, link) in links.iter().filter(|(_, link)| link.server_id == server_id) {
            let now = self.catalog.clock().millis();
            if let Err(error) = outbox::hurry(self.catalog.db(), link.id, now).await {
                tracing::warn!(link = link.id, %error, "what waits for a link stays postponed");
            }
        }
    }

    /// Tells one link what is due for it.
    async fn deliver(&self, id: i64, link: Option<(PublicId, Link)>) -> Result<(), CatalogError> {
        let db = self.catalog.db();
        let rows = outbox::due(db, id, self.catalog.clock().millis(), BATCH).await?;
        let Some((user, link)) = link.filter(|(_, link)| link.state == LinkState::Active) else {
            return self.postpone(&rows, "the link is not in use").await;
        };
        if link.shared {
            // What was watched before it was shared stays here too.
            return Ok(outbox::drop_rows(db, &ids(&rows)).await?);
        }
        let Some(server) = self.catalog.registry().get(link.server_id) else {
            return self.postpone(&rows, "the server is not there").await;
        };
        let mut items: HashMap<String, Vec<OutboxRow>> = HashMap::new();
        for row in rows {
            items.entry(row.upstream_id.clone()).or_default().push(row);
        }
        let silent = Mutex::new(None::<String>);
        let (server, link, silent) = (&server, &link, &silent);
        let mut told = futures::stream::iter(items)
            .map(|(item, rows)| async move {
                let reason = silent.lock().expect("no panic while locked").clone();
                if let Some(reason) = reason {
                    return self.postpone(&rows, &reason).await;
                }
                let told = match tell(server, link, &item, &rows).await {
                    Err(UpstreamError::NotFound) => match lists(server, link, &item).await {
                        Ok(false) => {
                            let db = self.catalog.db();
                            return Ok(outbox::drop_rows(db, &ids(&rows)).await?);
                        }
                        Ok(true) => Err(UpstreamError::NotFound),
                        Err(error) => Err(error),
                    },
                    told => told,
                };
                match told {
                    Ok(body) => self.told(user, link.id, &item, &rows, &body).await,
                    Err(error) => {
                        if error.is_outage() || is_refusal(&error) {
                            *silent.lock().expect("no panic while locked") =
                                Some(error.to_string());
                        }
                        if is_refusal(&error) {
                            // Perhaps a fresh sign-in helps; else the link says so.
                            let ok = self.accounts.check_link(link.id).await.is_ok();
                            tracing::info!(link = link.id, ok, "a link was refused");
                        }
                        self.postpone(&rows, &error.to_string()).await
                    }
                }
            })
            .buffer_unordered(AT_ONCE);
        while let Some(result) = told.next().await {
            result?;
        }
        Ok(())
    }

    /// A server took it: now it is agreed.
    async fn told(
        &self,
        user: PublicId,
        link: i64,
        item: &str,
        rows: &[OutboxRow],
        body: &Body,
    ) -> Result<(), CatalogError> {
        // What the server tells may be merged at the same moment.
        let _editing = self.catalog.edit_user_items(user).await;
        let db = self.catalog.db();
        let known = outbox::agreed_on(db, link, item).await?;
        let agreed = after(known, link, item, body, self.catalog.clock().millis());
        Ok(outbox::delivered(db, rows, &agreed).await?)
    }

    async fn postpone(&self, rows: &[OutboxRow], reason: &str) -> Result<(), CatalogError> {
        let attempts = rows
            .iter()
            .map(|row| row.attempts)
            .max()
            .unwrap_or(0)
            .clamp(0, 16);
        let wait = (1_000_i64 << attempts).min(LONGEST_WAIT);
        let jitter = rand::random_range(0..=wait / 4);
        let until = self.catalog.clock().millis() + wait + jitter;
        Ok(outbox::postpone(self.catalog.db(), &ids(rows), until, reason).await?)
    }
}

/// The links that a delivery is under way for.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashSet<i64>>>);

/// Held by a delivery, and let go with it, also where it panics.
struct UnderWay(Busy, i64);

impl Busy {
    fn has(&self, link: i64) -> bool {
        self.0
            .lock()
            .expect("no panic while locked")
            .contains(&link)
    }

    fn with(&self, link: i64) -> UnderWay {
        self.0.lock().expect("no panic while locked").insert(link);
        UnderWay(self.clone(), link)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(Busy(links), link) = self;
        links.lock().expect("no panic while locked").remove(link);
    }
}

fn ids(rows: &[OutboxRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

fn is_refusal(error: &UpstreamError) -> bool {
    matches!(
        error,
        UpstreamError::Unauthorized | UpstreamError::Forbidden
    )
}

/// Whether an item is among what the account may see. A proxy whose server is away knows no item, and nothing
/// else either: then nothing is known of the item.
async fn lists(server: &Server, link: &Link, item: &str) -> Result<bool, UpstreamError> {
    let query = [
        ("userId", link.account.user_id.to_string()),
        ("ids", item.to_owned()),
        ("fields", String::new()),
        ("enableImages", "false".to_owned()),
    ];
    let page = match server.get(&link.account, "/Items", &query).await {
        Err(UpstreamError::NotFound) => Err(UpstreamError::NotJellyfin),
        answer => decode::page(answer?),
    };
    let is_it = |body: &Body| decode::id(body).is_some_and(|id| id.to_string() == item);
    Ok(page?.items.iter().any(is_it))
}

/// Tells a server the registers of one item; gives what it was told.
async fn tell(
    server: &Server,
    link: &Link,
    item: &str,
    rows: &[OutboxRow],
) -> Result<Body, UpstreamError> {
    let mut body = Body::new();
    for row in rows {
        if let Ok(Value::Object(state)) = serde_json::from_str(&row.state) {
            body.extend(state);
        }
    }
    let query = [("userId", link.account.user_id.to_string())];
    // Nothing in a body means "as it is": a rating is taken away by a call of its own.
    if body.get("Likes").is_some_and(Value::is_null) {
        let path = format!("/UserItems/{item}/Rating");
        server.delete(&link.account, &path, &query).await?;
    }
    let said: Body = body
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    if !said.is_empty() {
        let path = format!("/UserItems/{item}/UserData");
        let said = Value::Object(said);
        server
            .post(&link.account, &path, &query, Some(&said))
            .await?;
    }
    Ok(body)
}

/// What is agreed once `body` was told.
fn after(
    known: Option<LinkItemRow>,
    link_id: i64,
    upstream_id: &str,
    body: &Body,
    now: i64,
) -> LinkItemRow {
    let mut row = known.unwrap_or_else(|| row_of(link_id, upstream_id, &Told::default(), now));
    let flag = |field: &str, old: bool| body.get(field).and_then(Value::as_bool).unwrap_or(old);
    let number = |field: &str| body.get(field).and_then(Value::as_i64);
    row.played = flag("Played", row.played);
    row.is_favorite = flag("IsFavorite", row.is_favorite);
    row.play_count = number("PlayCount").map_or(row.play_count, |count| {
        i32::try_from(count).unwrap_or(i32::MAX)
    });
    row.position_ticks = number("PlaybackPositionTicks").unwrap_or(row.position_ticks);
    if let Some(likes) = body.get("Likes") {
        row.likes = likes.as_bool();
    }
    row.agreed_at = now;
    row
}

/// What was agreed, as a row.
pub(super) fn row_of(link_id: i64, upstream_id: &str, told: &Told, now: i64) -> LinkItemRow {
    LinkItemRow {
        link_id,
        upstream_id: upstream_id.to_owned(),
        played: told.played,
        play_count: told.play_count,
        position_ticks: told.position_ticks,
        last_played_at: told.last_played_at,
        is_favorite: told.favorite,
        likes: told.likes,
        agreed_at: now,
    }
}

impl From<LinkItemRow> for Told {
    fn from(row: LinkItemRow) -> Self {
        Self {
            played: row.played,
            play_count: row.play_count,
            position_ticks: row.position_ticks,
            last_played_at: row.last_played_at,
            favorite: row.is_favorite,
            likes: row.likes,
        }
    }
}
