//! The dear part: whole bodies of what is new or changed, and what box sets and playlists hold.

use std::collections::HashMap;
use std::sync::Arc;

use super::SyncError;
use super::decode;
use super::fields::same;
use super::pages::text;
use super::run::{Run, stops};
use crate::catalog::hydrate::{pack, strip};
use crate::catalog::snapshot::CopySeed;
use crate::db::bodies::{self, BodyRow, BodyWrite};
use crate::db::copies::{self, CopyRow};
use crate::jellyfin::UpstreamError;
use crate::model::{ItemKind, UpstreamId};
use crate::wire::{Body, LightItem, Packed};

/// Marks a copy of a server that tells no etags, or has no body for it, as asked for.
const NO_ETAG: &str = "-";
/// Below this a server that is too slow is given up.
const FEWEST: usize = 10;

impl Run<'_> {
    pub(super) async fn read_bodies(&mut self) -> Result<(), SyncError> {
        let mut after = 0;
        let mut size = self.sync.settings.bodies.clamp(1, 100);
        loop {
            let limit = i64::try_from(size).unwrap_or(100);
            let db = &self.sync.db;
            let rows = copies::without_body(db, self.server.id, after, limit).await?;
            let Some(last) = rows.last().map(|row| row.id) else {
                return Ok(());
            };
            let ids: Vec<UpstreamId> = rows
                .iter()
                .filter_map(|row| row.upstream_id.parse().ok())
                .collect();
            match self.server.bodies(&self.account, &ids).await {
                Ok(found) => {
                    self.take_bodies(&rows, &found).await?;
                    after = last;
                }
                Err(UpstreamError::Timeout) if size > FEWEST => size = (size / 2).max(FEWEST),
                Err(error) if stops(&error) => return Err(error.into()),
                Err(error) => {
                    // They are asked for again by the next crawl.
                    tracing::warn!(server = %self.server.name(), %error, "bodies cannot be read");
                    after = last;
                }
            }
        }
    }

    async fn take_bodies(
        &mut self,
        rows: &[CopyRow],
        found: &HashMap<UpstreamId, Arc<Body>>,
    ) -> Result<(), SyncError> {
        let now = self.sync.clock.millis();
        let mut batch = Vec::with_capacity(rows.len());
        let mut shown = Vec::new();
        let mut held: HashMap<i64, Vec<String>> = HashMap::new();
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        for (row, member) in bodies::members(&self.sync.db, &ids).await? {
            held.entry(row).or_default().push(member);
        }
        for row in rows {
            let id = row.upstream_id.parse::<UpstreamId>().ok();
            let body = id.and_then(|id| found.get(&id));
            let known: Option<LightItem> = serde_json::from_str(&row.light).ok();
            let whole = body.and_then(|body| decode::light(body));
            let kind = row.kind.parse().unwrap_or(ItemKind::Unknown);
            let members = match id {
                Some(id) if kind.has_members() && body.is_some() => self.members(id, kind).await?,
                _ => None,
            };
            let member_ids: Option<Vec<String>> = members
                .as_ref()
                .map(|ids| ids.iter().map(ToString::to_string).collect());
            let others = member_ids
                .as_ref()
                .is_some_and(|ids| *ids != held.remove(&row.id).unwrap_or_default());
            let differs = others
                || match (&whole, &known) {
                    (Some(whole), Some(known)) => !same(whole, known),
                    (whole, _) => whole.is_some(),
                };
            let changed_at = if differs { now } else { row.changed_at };
            let etag = whole
                .as_ref()
                .or(known.as_ref())
                .and_then(|light| light.etag.clone());
            batch.push(BodyWrite {
                copy_id: row.id,
                body: body.map(|body| BodyRow {
                    copy_id: row.id,
                    body: pack(&strip(body)),
                    fetched_at: now,
                }),
                etag: etag.map_or_else(|| NO_ETAG.to_owned(), String::from),
                light: whole.as_ref().map(|whole| (text(whole), changed_at)),
                members: member_ids.filter(|_| others),
            });
            if let Some(light) = whole.filter(|_| differs) {
                shown.push(CopySeed {
                    row: row.id,
                    server_id: self.server.id,
                    library_row: row.source_library_id,
                    light: Packed::from(&light),
                    first_seen_at: row.first_seen_at,
                    changed_at,
                    members: members.unwrap_or_default().into(),
                });
            }
        }
        bodies::write_batch(&self.sync.db, &batch).await?;
        self.sync.hydrate.forget(&ids).await;
        self.report.bodies += found.len();
        self.crawl.done += i64::try_from(rows.len()).unwrap_or(0);
        self.tell();
        for seed in shown {
            self.show(seed);
        }
        self.publish(false).await
    }

    /// What a box set or playlist holds, in its order; none when it cannot be read.
    async fn members(
        &self,
        id: UpstreamId,
        kind: ItemKind,
    ) -> Result<Option<Vec<UpstreamId>>, SyncError> {
        let user = ("userId", self.account.user_id.to_string());
        let lean = |name| (name, "false".to_owned());
        let lean = [lean("enableImages"), lean("enableUserData")];
        let deadline = self.sync.settings.deadline;
        let answer = if kind == ItemKind::Playlist {
            let path = format!("/Playlists/{id}/Items");
            let query = [[user].as_slice(), &lean].concat();
            self.server
                .get_within(&self.account, &path, &query, deadline)
                .await
        } else {
            let query = [[user, ("parentId", id.to_string())].as_slice(), &lean].concat();
            self.server
                .get_within(&self.account, "/Items", &query, deadline)
                .await
        };
        match answer.and_then(decode::page) {
            Ok(page) => Ok(Some(page.items.iter().filter_map(decode::id).collect())),
            Err(error) if stops(&error) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}
