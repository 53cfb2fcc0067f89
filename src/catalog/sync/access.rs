//! What each link may see: ids only, asked for with that link's account.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use serde_json::Value;

use super::decode;
use super::paging::Paging;
use super::service::Inner;
use super::{SyncError, SyncLink, UserDataSeen};
use crate::catalog::scope::LinkAccess;
use crate::db::access::{self, LinkAccessRow};
use crate::db::copies;
use crate::jellyfin::{Server, UpstreamError};
use crate::model::UpstreamId;

/// More changes than this: the whole set is asked for instead.
const FEW: u64 = 500;
const IDS: usize = 100;

/// What was learnt by asking as a link.
#[derive(Default)]
struct Asked {
    items: Vec<UpstreamId>,
    user_data: Vec<UserDataSeen>,
}

impl Inner {
    /// After a crawl: links in use are asked about what it found; the others before they are used.
    /// Links that were never asked are asked for everything.
    pub(super) async fn access_after(&self, server_id: i64, touched: &Touched) {
        let links = self.directory.links(server_id).await;
        for link in links.unwrap_or_default() {
            let _turn = self.turn(link.id).await;
            if let Err(error) = self.ask_about(link.id, touched).await {
                // It is asked again when its time comes.
                tracing::debug!(link = link.id, %error, "what a link may see cannot be asked");
                self.set_refreshed(link.id, 0);
            }
        }
    }

    async fn ask_about(&self, link: i64, touched: &Touched) -> Result<(), SyncError> {
        if self.refreshed_at(link).await.is_none() {
            return self.ask_anew(link).await;
        }
        if touched.is_nothing() {
            return Ok(());
        }
        if !self.is_in_use(link) {
            self.set_refreshed(link, 0);
            return Ok(());
        }
        match (self.directory.link(link).await?, touched.few()) {
            (Some(link), Some(few)) => self.refresh_some(&link, few).await,
            _ => self.ask_anew(link).await,
        }
    }

    /// Asks for all that a link may see, when nobody else is asking for it.
    pub(super) async fn refresh(&self, link: i64) -> Result<(), SyncError> {
        let _turn = self.turn(link).await;
        self.ask_anew(link).await
    }

    /// The same, unless somebody else has done so while this waited.
    pub(super) async fn renew(&self, link: i64) -> Result<(), SyncError> {
        let before = self.refreshed_at(link).await;
        let _turn = self.turn(link).await;
        if self.refreshed_at(link).await != before && !self.is_old(link).await {
            return Ok(());
        }
        self.ask_anew(link).await
    }

    /// Within the link's turn, so that the account is the latest one.
    async fn ask_anew(&self, link: i64) -> Result<(), SyncError> {
        match self.directory.link(link).await? {
            Some(link) => self.refresh_link(&link).await,
            None => self.close_link(link).await,
        }
    }

    async fn refresh_link(&self, link: &SyncLink) -> Result<(), SyncError> {
        let Some((link, answer)) = self.as_link(link, Ask::Everything).await? else {
            return Ok(());
        };
        let (asked, libraries) = answer;
        let rows: HashMap<UpstreamId, u32> = self.rows(link.server_id).await?;
        let seen: RoaringBitmap = asked
            .items
            .iter()
            .filter_map(|id| rows.get(id))
            .copied()
            .collect();
        let set = LinkAccess {
            server_id: link.server_id,
            copies: seen,
            libraries,
        };
        self.keep(&link, set, self.clock.millis()).await?;
        self.tell_user_data(asked.user_data, true).await;
        Ok(())
    }

    /// Asks about some copies alone.
    async fn refresh_some(
        &self,
        link: &SyncLink,
        touched: &RoaringBitmap,
    ) -> Result<(), SyncError> {
        let Some(row) = access::get(&self.db, link.id).await? else {
            return self.refresh_link(link).await;
        };
        let rows = self.rows(link.server_id).await?;
        let ids: Vec<UpstreamId> = rows
            .iter()
            .filter(|(_, row)| touched.contains(**row))
            .map(|(id, _)| *id)
            .collect();
        let Some((link, (asked, _))) = self.as_link(link, Ask::These(&ids)).await? else {
            return Ok(());
        };
        let mut set = read(&link, &row);
        set.copies -= touched;
        set.copies |= asked
            .items
            .iter()
            .filter_map(|id| rows.get(id))
            .copied()
            .collect::<RoaringBitmap>();
        self.keep(&link, set, row.refreshed_at).await?;
        self.tell_user_data(asked.user_data, false).await;
        Ok(())
    }

    /// A link that sees nothing from now on.
    pub(super) async fn close_link(&self, link: i64) -> Result<(), SyncError> {
        self.sink.set_access(link, None).await;
        access::remove(&self.db, link).await?;
        self.forget_link(link);
        Ok(())
    }

    async fn keep(
        &self,
        link: &SyncLink,
        set: LinkAccess,
        refreshed_at: i64,
    ) -> Result<(), SyncError> {
        let mut copies = Vec::with_capacity(set.copies.serialized_size());
        set.copies
            .serialize_into(&mut copies)
            .expect("memory takes what is written");
        let libraries = serde_json::to_string(&set.libraries).expect("ids are plain data");
        let row = LinkAccessRow {
            link_id: link.id,
            copies,
            libraries,
            refreshed_at,
        };
        // It may have been refused while it was asked.
        let kept = access::put(&self.db, &row).await?;
        self.sink.set_access(link.id, kept.then_some(set)).await;
        self.set_refreshed(link.id, refreshed_at);
        Ok(())
    }

    /// Asks as the link; once more with what a fresh sign-in gave. None: the link is refused, and
    /// sees nothing any more.
    async fn as_link(
        &self,
        link: &SyncLink,
        ask: Ask<'_>,
    ) -> Result<Option<(SyncLink, (Asked, Vec<UpstreamId>))>, SyncError> {
        let server = self
            .registry
            .get(link.server_id)
            .ok_or(SyncError::UnknownServer)?;
        let first = self.ask(&server, link, &ask).await;
        let Err(error) = first else {
            return Ok(Some((link.clone(), first?)));
        };
        if !is_refusal(&error) {
            return Err(error.into());
        }
        let Some(renewed) = self.directory.link_refused(link.id).await? else {
            self.close_link(link.id).await?;
            return Ok(None);
        };
        let answer = self.ask(&server, &renewed, &ask).await?;
        Ok(Some((renewed, answer)))
    }

    async fn ask(
        &self,
        server: &Arc<Server>,
        link: &SyncLink,
        ask: &Ask<'_>,
    ) -> Result<(Asked, Vec<UpstreamId>), UpstreamError> {
        let mut asked = Asked::default();
        let mut libraries = Vec::new();
        match ask {
            Ask::These(ids) => {
                for part in ids.chunks(IDS) {
                    let list: Vec<String> = part.iter().map(ToString::to_string).collect();
                    let query = [("ids", list.join(","))];
                    let asked_at = self.clock.millis();
                    let page = self.ask_items(server, link, &query).await?;
                    asked.take(link.id, asked_at, &page.items);
                }
            }
            Ask::Everything => {
                libraries = self.ask_libraries(server, link).await?;
                // By library, because over all of them a server shows what is in two once only; and
                // the folders above them.
                let mut places: Vec<(&str, String)> = libraries
                    .iter()
                    .map(|id| ("parentId", id.to_string()))
                    .collect();
                places.push(("includeItemTypes", "Folder".to_owned()));
                for place in places {
                    self.ask_place(server, link, place, &mut asked).await?;
                }
            }
        }
        Ok((asked, libraries))
    }

    async fn ask_place(
        &self,
        server: &Arc<Server>,
        link: &SyncLink,
        place: (&str, String),
        asked: &mut Asked,
    ) -> Result<(), UpstreamError> {
        let mut start = 0;
        let mut paging = Paging::new(self.settings.access_page);
        loop {
            let query = [
                place.clone(),
                ("recursive", "true".to_owned()),
                ("sortBy", "DateCreated,SortName".to_owned()),
                ("startIndex", start.to_string()),
                ("limit", self.settings.access_page.to_string()),
            ];
            let asked_at = self.clock.millis();
            let page = self.ask_items(server, link, &query).await?;
            asked.take(link.id, asked_at, &page.items);
            if paging.is_last(start, &page) {
                return Ok(());
            }
            start += page.entries;
        }
    }

    async fn ask_libraries(
        &self,
        server: &Arc<Server>,
        link: &SyncLink,
    ) -> Result<Vec<UpstreamId>, UpstreamError> {
        let query = [
            ("userId", link.account.user_id.to_string()),
            ("includeHidden", "true".to_owned()),
        ];
        let deadline = self.settings.deadline;
        let answer = server
            .get_within(&link.account, "/UserViews", &query, deadline)
            .await?;
        let views = decode::page(answer)?.items;
        let is_library = |view: &&crate::wire::Body| {
            view.get("CollectionType").and_then(Value::as_str) != Some("livetv")
        };
        Ok(views
            .iter()
            .filter(is_library)
            .filter_map(decode::id)
            .collect())
    }

    async fn ask_items(
        &self,
        server: &Arc<Server>,
        link: &SyncLink,
        query: &[(&str, String)],
    ) -> Result<decode::ItemsPage, UpstreamError> {
        let lean = [
            ("userId", link.account.user_id.to_string()),
            ("fields", String::new()),
            ("enableImages", "false".to_owned()),
            ("collapseBoxSetItems", "false".to_owned()),
        ];
        let query = [query, &lean].concat();
        let deadline = self.settings.deadline;
        let answer = server
            .get_within(&link.account, "/Items", &query, deadline)
            .await?;
        decode::page(answer)
    }

    async fn rows(&self, server_id: i64) -> Result<HashMap<UpstreamId, u32>, SyncError> {
        let rows = copies::ids_of_server(&self.db, server_id).await?;
        Ok(rows
            .into_iter()
            .filter_map(|(row, id)| Some((id.parse().ok()?, u32::try_from(row).ok()?)))
            .collect())
    }
}

/// The copies that a crawl found or changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// `copies.id`.
    pub(super) rows: RoaringBitmap,
    /// And others: it goes on with a crawl that was interrupted.
    pub(super) more: bool,
}

impl Touched {
    fn is_nothing(&self) -> bool {
        self.rows.is_empty() && !self.more
    }

    /// So few that they are asked for one by one.
    fn few(&self) -> Option<&RoaringBitmap> {
        (!self.more && self.rows.len() <= FEW).then_some(&self.rows)
    }
}

enum Ask<'a> {
    Everything,
    These(&'a [UpstreamId]),
}

impl Asked {
    fn take(&mut self, link: i64, asked_at: i64, items: &[crate::wire::Body]) {
        self.items.extend(items.iter().filter_map(decode::id));
        let seen = items
            .iter()
            .filter_map(|item| decode::user_data(link, asked_at, item));
        self.user_data.extend(seen);
    }
}

/// The set as it is kept; a damaged one is empty until the next full one.
fn read(link: &SyncLink, row: &LinkAccessRow) -> LinkAccess {
    LinkAccess {
        server_id: link.server_id,
        copies: RoaringBitmap::deserialize_from(row.copies.as_slice()).unwrap_or_default(),
        libraries: serde_json::from_str(&row.libraries).unwrap_or_default(),
    }
}

/// Whether the server refuses the account, rather than one question.
fn is_refusal(error: &UpstreamError) -> bool {
    matches!(
        error,
        UpstreamError::Unauthorized | UpstreamError::Forbidden | UpstreamError::NotFound
    )
}
