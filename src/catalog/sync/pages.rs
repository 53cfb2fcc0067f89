//! What becomes of a page: new copies, changed copies, the rest is stamped.

use std::collections::HashMap;

use super::SyncError;
use super::decode;
use super::fields::{keep_dear, same};
use super::libraries::counted;
use super::run::Run;
use crate::catalog::snapshot::CopySeed;
use crate::db::copies::{self, CopyRow, CopyUpdate, NewCopy, PageWrite};
use crate::model::ItemKind;
use crate::wire::{Body, LightItem, Packed};

/// No items of their own: libraries, channels, and what is listed by name.
fn is_item(kind: ItemKind) -> bool {
    use ItemKind::*;
    !matches!(
        kind,
        AggregateFolder
            | BasePluginFolder
            | Channel
            | ChannelFolderItem
            | CollectionFolder
            | Genre
            | LiveTvChannel
            | LiveTvProgram
            | ManualPlaylistsFolder
            | MusicGenre
            | Person
            | PlaylistsFolder
            | Program
            | Studio
            | TvChannel
            | TvProgram
            | Unknown
            | UserRootFolder
            | UserView
            | Year
    )
}

/// What becomes a copy; none for all else.
pub(super) fn item(body: &Body) -> Option<LightItem> {
    decode::light(body).filter(|light| is_item(light.kind))
}

impl Run<'_> {
    /// Writes a page together with the present place, all or nothing. `gone`: rows that are removed.
    pub(super) async fn take(
        &mut self,
        items: Vec<Body>,
        library: Option<i64>,
        gone: &[(i64, String)],
    ) -> Result<(), SyncError> {
        let mut page: HashMap<String, LightItem> = items
            .iter()
            .filter_map(item)
            .map(|light| (light.id.to_string(), light))
            .collect();
        let ids: Vec<String> = page.keys().cloned().collect();
        let known = copies::known(&self.sync.db, self.server.id, &ids).await?;
        let now = self.sync.clock.millis();
        let mut write = PageWrite::default();
        let mut shown = Vec::new();
        for row in known {
            let Some(light) = page.remove(&row.upstream_id) else {
                continue;
            };
            write.seen.push(row.id);
            if let Some((update, light)) = self.compare(&row, light, library, now) {
                if update.changed_at == now || update.source_library_id != row.source_library_id {
                    shown.push(self.seed(&update, &row, &light));
                }
                write.updated.push(update);
            }
        }
        for (id, light) in &page {
            write.new.push(NewCopy {
                server_id: self.server.id,
                server_key: self.server.key.to_string(),
                upstream_id: id.clone(),
                source_library_id: library,
                kind: light.kind.to_string(),
                light: text(light),
                etag: None,
                generation: self.crawl.generation,
                first_seen_at: now,
                changed_at: now,
            });
            self.count(light.kind.as_str(), 1);
        }
        for (row, kind) in gone {
            write.removed.push(*row);
            self.count(kind, -1);
        }
        self.mark();
        write.crawl = self.crawl.clone();
        let added = copies::write_page(&self.sync.db, &write).await?;

        self.report.added += added.len();
        self.report.changed += shown.len();
        self.report.removed += write.removed.len();
        for (id, row) in added {
            if let Some(light) = page.remove(&id) {
                shown.push(CopySeed {
                    row,
                    server_id: self.server.id,
                    library_row: library,
                    light: Packed::from(&light),
                    first_seen_at: now,
                    changed_at: now,
                    members: Box::default(),
                });
            }
        }
        for seed in shown {
            self.touch(seed.row);
            self.show(seed);
        }
        self.sync.hydrate.forget(&write.removed).await;
        self.hide(&write.removed);
        Ok(())
    }

    fn touch(&mut self, row: i64) {
        if let Ok(row) = u32::try_from(row) {
            self.touched.rows.insert(row);
        }
    }

    fn count(&mut self, kind: &str, by: i64) {
        let kind: ItemKind = kind.parse().unwrap_or(ItemKind::Unknown);
        if let Some(name) = counted(kind) {
            *self.cursor.added.entry(name.to_owned()).or_default() += by;
        }
    }

    /// What must be written of a known copy; nothing when it is what it was.
    fn compare(
        &self,
        row: &CopyRow,
        mut light: LightItem,
        library: Option<i64>,
        now: i64,
    ) -> Option<(CopyUpdate, LightItem)> {
        // Seen in two libraries: the first one of this crawl has it.
        let seen_before = row.generation == self.crawl.generation;
        let library = match (row.source_library_id, library) {
            (Some(before), _) if seen_before => Some(before),
            (before, None) => before,
            (_, some) => some,
        };
        let known: Option<LightItem> = serde_json::from_str(&row.light).ok();
        let same_etag = known
            .as_ref()
            .is_some_and(|known| known.etag.is_some() && known.etag == light.etag);
        let is_same = match &known {
            Some(_) if same_etag => true,
            Some(known) => {
                keep_dear(&mut light, known);
                same(&light, known)
            }
            None => false,
        };
        let same_library = library == row.source_library_id;
        let saved = !same_etag && known.as_ref().is_none_or(|known| known.etag != light.etag);
        if is_same && same_library && !saved {
            return None;
        }
        // An equal etag: what is stored is whole, the page is only the light part of it.
        let light = match known {
            Some(known) if same_etag => known,
            _ => light,
        };
        let update = CopyUpdate {
            id: row.id,
            source_library_id: library,
            kind: light.kind.to_string(),
            light: text(&light),
            etag: row.etag.clone().filter(|_| is_same && !saved),
            changed_at: if is_same { row.changed_at } else { now },
        };
        Some((update, light))
    }

    fn seed(&self, update: &CopyUpdate, row: &CopyRow, light: &LightItem) -> CopySeed {
        CopySeed {
            row: row.id,
            server_id: self.server.id,
            library_row: update.source_library_id,
            light: Packed::from(light),
            first_seen_at: row.first_seen_at,
            changed_at: update.changed_at,
            members: Box::default(),
        }
    }
}

/// The form in the database.
pub(super) fn text(light: &LightItem) -> String {
    serde_json::to_string(light).expect("a light item is plain data")
}
