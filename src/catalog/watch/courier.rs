//! Delivers the outbox: absolute states, sent at least once, retried until the server takes them.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;

use super::three_way::Told;
use crate::accounts::{Accounts, Link};
use crate::catalog::{Catalog, CatalogError};
use crate::db::outbox::{self, LinkItemRow, OutboxRow};
use crate::jellyfin::UpstreamError;
use crate::wire::Body;

/// Rows a round.
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
        loop {
            match self.round().await {
                Ok(told) if told as i64 >= BATCH => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the outbox could not be delivered"),
            }
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                _ = called.changed() => {}
            }
        }
    }

    /// Tells what is due; how many rows that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn round(&self) -> Result<usize, CatalogError> {
        let db = self.catalog.db();
        let due = outbox::due(db, self.catalog.clock().millis(), BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let count = due.len();
        let links = self
            .accounts
            .all_links()
            .await
            .map_err(CatalogError::accounts)?;
        let links: HashMap<i64, Link> =
            links.into_iter().map(|(_, link)| (link.id, link)).collect();
        let mut by_link: HashMap<i64, HashMap<String, Vec<OutboxRow>>> = HashMap::new();
        for row in due {
            by_link
                .entry(row.link_id)
                .or_default()
                .entry(row.upstream_id.clone())
                .or_default()
                .push(row);
        }
        let told = by_link
            .into_iter()
            .map(|(id, items)| self.tell_link(links.get(&id), items));
        for result in futures::future::join_all(told).await {
            result?;
        }
        Ok(count)
    }

    async fn tell_link(
        &self,
        link: Option<&Link>,
        items: HashMap<String, Vec<OutboxRow>>,
    ) -> Result<(), CatalogError> {
        let Some(link) = link.filter(|link| !link.shared) else {
            let all: Vec<OutboxRow> = items.into_values().flatten().collect();
            return self.postpone(&all, "the link is not in use").await;
        };
        let mut told = futures::stream::iter(items)
            .map(|(id, rows)| async move { self.tell_item(link, &id, rows).await })
            .buffer_unordered(AT_ONCE);
        while let Some(result) = told.next().await {
            result?;
        }
        Ok(())
    }

    async fn tell_item(
        &self,
        link: &Link,
        id: &str,
        rows: Vec<OutboxRow>,
    ) -> Result<(), CatalogError> {
        let Some(server) = self.catalog.registry().get(link.server_id) else {
            return self.postpone(&rows, "the server is not there").await;
        };
        let mut body = Body::new();
        for row in &rows {
            if let Ok(Value::Object(state)) = serde_json::from_str(&row.state) {
                body.extend(state.into_iter().filter(|(_, value)| !value.is_null()));
            }
        }
        let path = format!("/UserItems/{id}/UserData");
        let query = [("userId", link.account.user_id.to_string())];
        match server
            .post(
                &link.account,
                &path,
                &query,
                Some(&Value::Object(body.clone())),
            )
            .await
        {
            Ok(_) => {
                let known = outbox::agreed_on(self.catalog.db(), link.id, id).await?;
                let agreed = after(known, link.id, id, &body, self.catalog.clock().millis());
                Ok(outbox::delivered(self.catalog.db(), &rows, &agreed).await?)
            }
            Err(UpstreamError::NotFound) => {
                let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
                Ok(outbox::drop_rows(self.catalog.db(), &ids).await?)
            }
            Err(error) => {
                if matches!(
                    error,
                    UpstreamError::Unauthorized | UpstreamError::Forbidden
                ) {
                    // Perhaps a fresh sign-in helps; else the link says so.
                    let checked = self.accounts.check_link(link.id).await;
                    tracing::info!(link = link.id, ok = checked.is_ok(), "a link was refused");
                }
                self.postpone(&rows, &error.to_string()).await
            }
        }
    }

    async fn postpone(&self, rows: &[OutboxRow], reason: &str) -> Result<(), CatalogError> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let attempts = rows
            .iter()
            .map(|row| row.attempts)
            .max()
            .unwrap_or(0)
            .clamp(0, 16);
        let wait = (1_000_i64 << attempts).min(LONGEST_WAIT);
        let jitter = rand::random_range(0..=wait / 4);
        let until = self.catalog.clock().millis() + wait + jitter;
        Ok(outbox::postpone(self.catalog.db(), &ids, until, reason).await?)
    }
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
