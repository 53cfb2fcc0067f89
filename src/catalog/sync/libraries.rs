//! Which libraries a server has, and how much it counts in them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::SyncError;
use super::decode;
use super::run::{Run, stops};
use crate::catalog::hydrate::strip;
use crate::db::source_libraries::{self, SeenLibrary};
use crate::model::ItemKind;
use crate::wire::Body;

/// What `/Items/Counts` counts by kinds that are crawled.
const COUNTED: &[(&str, ItemKind)] = &[
    ("MovieCount", ItemKind::Movie),
    ("SeriesCount", ItemKind::Series),
    ("EpisodeCount", ItemKind::Episode),
    ("SongCount", ItemKind::Audio),
    ("AlbumCount", ItemKind::MusicAlbum),
    ("MusicVideoCount", ItemKind::MusicVideo),
    ("BoxSetCount", ItemKind::BoxSet),
    ("BookCount", ItemKind::Book),
];

/// The count that an item of a kind goes into.
pub(super) fn counted(kind: ItemKind) -> Option<&'static str> {
    let found = COUNTED.iter().find(|(_, counted)| *counted == kind);
    found.map(|(name, _)| *name)
}

impl Run<'_> {
    /// Reads the server's libraries. True when there is one that was not known.
    pub(super) async fn read_libraries(&mut self) -> Result<bool, SyncError> {
        let query = [
            ("userId", self.account.user_id.to_string()),
            ("includeHidden", "true".to_owned()),
        ];
        let answer = self
            .server
            .get_within(
                &self.account,
                "/UserViews",
                &query,
                self.sync.settings.deadline,
            )
            .await?;
        let views = decode::page(answer)?.items;
        let seen: Vec<SeenLibrary> = views.iter().filter_map(|view| self.library(view)).collect();
        let db = &self.sync.db;
        let before = source_libraries::of_server(db, self.server.id).await?;
        let is_new = seen.iter().any(|library| {
            !before
                .iter()
                .any(|known| known.is_present && known.library_id == library.library_id)
        });
        let now = self.sync.clock.millis();
        let (rows, changed) = source_libraries::replace(db, self.server.id, &seen, now).await?;
        self.libraries = rows.into_iter().filter(|row| row.is_present).collect();
        if changed {
            self.sync.sink.libraries_changed().await?;
        }
        self.sync.directory.libraries_read(self.server.id).await?;
        Ok(is_new)
    }

    /// Live TV and channels are no libraries of items.
    fn library(&self, view: &Body) -> Option<SeenLibrary> {
        let id = decode::id(view)?;
        let text = |key: &str| view.get(key).and_then(Value::as_str);
        let collection_type = text("CollectionType").map(str::to_ascii_lowercase);
        if collection_type.as_deref() == Some("livetv") || text("Type") == Some("Channel") {
            return None;
        }
        let mut body = strip(view);
        // It changes with every scan of the folder.
        body.remove("Etag");
        Some(SeenLibrary {
            library_id: id.to_string(),
            virtual_id: self.sync.ids.library(self.server.key, id).to_string(),
            name: text("Name").unwrap_or_default().to_owned(),
            collection_type,
            body: serde_json::to_string(&body).ok(),
        })
    }

    /// How many items of each kind the server counts; empty where it does not tell.
    pub(super) async fn counts(&self) -> Result<BTreeMap<String, i64>, SyncError> {
        let query = [("userId", self.account.user_id.to_string())];
        let answer = self
            .server
            .get(&self.account, "/Items/Counts", &query)
            .await;
        match answer {
            Ok(answer) => Ok(COUNTED
                .iter()
                .filter_map(|(name, _)| Some(((*name).to_owned(), answer[name].as_i64()?)))
                .collect()),
            Err(error) if stops(&error) => Err(error.into()),
            Err(_) => Ok(BTreeMap::new()),
        }
    }
}
