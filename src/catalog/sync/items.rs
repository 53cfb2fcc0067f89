//! Which pages are asked for.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat};

use super::decode::{self, ItemsPage};
use super::fields::LIGHT;
use super::pages;
use super::paging::Paging;
use super::run::{Run, stops};
use super::{CrawlKind, SyncError};
use crate::db::copies;
use crate::db::source_libraries::SourceLibraryRow;
use crate::jellyfin::UpstreamError;
use crate::model::UpstreamId;

/// In `done_libraries`, for what lies in no library.
const REST: &str = "rest";
/// The folders that libraries are made of lie above them.
const REST_KINDS: &str = "Folder";
/// Ids a request.
const IDS: usize = 100;

/// A stable order: what comes while the crawl goes on comes last.
const ORDER: [(&str, &str); 2] = [
    ("sortBy", "DateCreated,SortName"),
    ("sortOrder", "Ascending"),
];

impl Run<'_> {
    /// All libraries, page by page, from where the cursor is.
    pub(super) async fn read_items(&mut self) -> Result<(), SyncError> {
        for library in self.libraries.clone() {
            if self.cursor.done_libraries.contains(&library.library_id) {
                continue;
            }
            self.read_library(Some(&library)).await?;
        }
        let full = self.cursor.kind == Some(CrawlKind::Full);
        if full && !self.cursor.done_libraries.iter().any(|done| done == REST) {
            self.read_library(None).await?;
        }
        Ok(())
    }

    async fn read_library(&mut self, library: Option<&SourceLibraryRow>) -> Result<(), SyncError> {
        let mut known_total = false;
        let mut paging = Paging::new(self.sync.settings.page);
        loop {
            let page = match self.ask_page(library).await {
                Ok(page) => page,
                Err(error) if stops(&error) => return Err(error.into()),
                Err(error) => {
                    // One library that fails does not hold the others, but nothing is removed.
                    let name = library.map_or("what is in no library", |row| &row.name);
                    tracing::warn!(server = %self.server.name(), library = name, %error, "a library cannot be read");
                    self.cursor.unread.push(format!("{name}: {error}"));
                    self.report.incomplete = true;
                    break;
                }
            };
            if let (false, Some(total)) = (known_total, page.total) {
                known_total = true;
                let left = total.saturating_sub(self.cursor.start);
                self.crawl.total = self.crawl.done + i64::try_from(left).unwrap_or(0);
            }
            let last = paging.is_last(self.cursor.start, &page);
            self.cursor.start += page.entries;
            self.crawl.done += i64::try_from(page.entries).unwrap_or(0);
            if last {
                self.end_library(library);
            }
            self.take(page.items, library.map(|row| row.id), &[])
                .await?;
            self.tell();
            self.publish(false).await?;
            if last {
                return Ok(());
            }
        }
        self.end_library(library);
        self.save().await
    }

    fn end_library(&mut self, library: Option<&SourceLibraryRow>) {
        self.cursor.start = 0;
        let name = library.map_or(REST, |row| &row.library_id);
        self.cursor.done_libraries.push(name.to_owned());
    }

    async fn ask_page(
        &self,
        library: Option<&SourceLibraryRow>,
    ) -> Result<ItemsPage, UpstreamError> {
        let mut query = self.light_query();
        query.extend(ORDER.map(|(name, value)| (name, value.to_owned())));
        query.push(("recursive", "true".to_owned()));
        query.push(("startIndex", self.cursor.start.to_string()));
        query.push(("limit", self.sync.settings.page.to_string()));
        match library {
            Some(library) => {
                query.push(("parentId", library.library_id.clone()));
                // Their members lie elsewhere, and some versions list them too.
                match library.collection_type.as_deref() {
                    Some("boxsets") => query.push(("includeItemTypes", "BoxSet".to_owned())),
                    Some("playlists") => query.push(("includeItemTypes", "Playlist".to_owned())),
                    _ => {}
                }
            }
            None => query.push(("includeItemTypes", REST_KINDS.to_owned())),
        }
        if self.cursor.kind == Some(CrawlKind::Changes) {
            let since = DateTime::from_timestamp_millis(self.cursor.since).unwrap_or_default();
            let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
            query.push(("minDateLastSaved", since));
        }
        self.ask(&query).await
    }

    fn light_query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("userId", self.account.user_id.to_string()),
            ("fields", LIGHT.to_owned()),
            ("enableUserData", "false".to_owned()),
            ("collapseBoxSetItems", "false".to_owned()),
        ]
    }

    async fn ask(&self, query: &[(&str, String)]) -> Result<ItemsPage, UpstreamError> {
        let deadline = self.sync.settings.deadline;
        let answer = self
            .server
            .get_within(&self.account, "/Items", query, deadline)
            .await?;
        decode::page(answer)
    }

    /// Asks once more for what this crawl did not see: pages shift when something is removed while
    /// they are read. What the server does not know by its id either is gone.
    pub(super) async fn reconcile(&mut self) -> Result<(), SyncError> {
        // Each is asked for once, whatever becomes of it.
        let mut after = 0;
        loop {
            let unseen = copies::unseen(
                &self.sync.db,
                self.server.id,
                self.crawl.generation,
                after,
                IDS as i64,
            )
            .await?;
            let Some(last) = unseen.last() else {
                return Ok(());
            };
            after = last.id;
            let known: Vec<(i64, String, String)> = unseen
                .into_iter()
                .map(|row| (row.id, row.upstream_id, row.kind))
                .collect();
            self.settle(&known).await?;
        }
    }

    /// Asks for known copies (row, upstream id, kind) by their ids; those that are gone are removed. So
    /// are those whose kind is told no more or is none that is known: nothing could be shown of them. Their
    /// ids and what was watched outlive the copy, as with any that comes back.
    pub(super) async fn settle(
        &mut self,
        known: &[(i64, String, String)],
    ) -> Result<(), SyncError> {
        for part in known.chunks(IDS) {
            let ids: Vec<&str> = part.iter().map(|(_, id, _)| id.as_str()).collect();
            let mut query = self.light_query();
            query.push(("ids", ids.join(",")));
            let items = self.ask(&query).await?.items;
            let there: HashSet<UpstreamId> = items
                .iter()
                .filter_map(pages::item)
                .map(|light| light.id)
                .collect();
            let gone: Vec<(i64, String)> = part
                .iter()
                .filter(|(_, id, _)| !id.parse().is_ok_and(|id| there.contains(&id)))
                .map(|(row, _, kind)| (*row, kind.clone()))
                .collect();
            self.crawl.done += i64::try_from(part.len()).unwrap_or(0);
            self.take(items, None, &gone).await?;
        }
        Ok(())
    }

    /// Removes what a server says it removed, unless it still has it.
    pub(super) async fn settle_removed(&mut self, ids: &[UpstreamId]) -> Result<(), SyncError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let known = copies::known(&self.sync.db, self.server.id, &ids).await?;
        let known: Vec<(i64, String, String)> = known
            .into_iter()
            .map(|row| (row.id, row.upstream_id, row.kind))
            .collect();
        self.settle(&known).await?;
        self.publish(true).await
    }
}
