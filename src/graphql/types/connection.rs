//! Lists of items, by Relay's rules and with Jellyfin's offsets.

use async_graphql::{Context, Object, SimpleObject};

use super::Item;
use crate::catalog::query::Entries;
use crate::catalog::scope::{Entry, Scope};
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{BodyOptionsInput, Cursor, Paging};
use crate::graphql::scalars::Json;
use crate::model::PublicId;

/// What lies around a page.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether entries come before the first of this page.
    pub has_previous_page: bool,
    /// Whether entries come after the last of this page.
    pub has_next_page: bool,
    /// The cursor of the first edge.
    pub start_cursor: Option<String>,
    /// The cursor of the last edge.
    pub end_cursor: Option<String>,
}

/// A page of a list of items.
pub struct ItemConnection {
    scope: Scope,
    entries: Vec<Entry>,
    start: usize,
    total: usize,
}

/// An item in a list.
#[derive(SimpleObject)]
pub struct ItemEdge {
    /// Where it stands, for `after` and `before`; holds when the list changes.
    pub cursor: String,
    /// The item.
    pub node: Item,
}

impl ItemConnection {
    /// The page of a whole list.
    ///
    /// # Errors
    /// `BAD_INPUT` for paging arguments that are none.
    pub fn of(
        scope: Scope,
        all: &(impl Entries + ?Sized),
        paging: &Paging,
        trusted: bool,
    ) -> GraphResult<Self> {
        let cut = paging.cut(all.len(), trusted, |at| id_of(&scope, &all.entry(at)))?;
        Ok(Self {
            entries: all.cut(cut.start..cut.end),
            start: cut.start,
            total: all.len(),
            scope,
        })
    }

    fn cursor(&self, at: usize) -> Option<String> {
        let entry = self.entries.get(at)?;
        let cursor = Cursor {
            at: self.start + at,
            id: id_of(&self.scope, entry),
        };
        Some(cursor.encode())
    }
}

/// The id that an entry is shown under.
pub fn id_of(scope: &Scope, entry: &Entry) -> PublicId {
    match entry {
        Entry::Item(item) => item.id,
        Entry::Library(library) => scope.view(*library).map(|view| view.id).unwrap_or_default(),
        Entry::Name(name) => scope.projection.names().entry(*name).id,
        Entry::Root => scope.projection.root_id,
    }
}

/// A page of a list of items.
#[Object]
impl ItemConnection {
    /// Entries on all pages together.
    async fn total_count(&self) -> i32 {
        i32::try_from(self.total).unwrap_or(i32::MAX)
    }

    /// The items of this page.
    async fn nodes(&self) -> Vec<Item> {
        self.entries
            .iter()
            .map(|entry| Item::new(self.scope.clone(), entry.clone()))
            .collect()
    }

    /// Jellyfin's bodies (`BaseItemDto`) of the items of this page, in their order, as one list: the
    /// same as each one's `body`, for less.
    async fn bodies(
        &self,
        ctx: &Context<'_>,
        options: Option<BodyOptionsInput>,
    ) -> GraphResult<Json> {
        let options = options.unwrap_or_default().into_options()?;
        let catalog = &ctx.services()?.catalog;
        let bodies = catalog.bodies(&self.scope, &self.entries, &options).await?;
        Ok(Json::list(&bodies))
    }

    /// The items of this page with their cursors.
    async fn edges(&self) -> Vec<ItemEdge> {
        self.entries
            .iter()
            .enumerate()
            .map(|(at, entry)| ItemEdge {
                cursor: self.cursor(at).unwrap_or_default(),
                node: Item::new(self.scope.clone(), entry.clone()),
            })
            .collect()
    }

    /// What lies around this page.
    async fn page_info(&self) -> PageInfo {
        let end = self.start + self.entries.len();
        PageInfo {
            has_previous_page: self.start > 0,
            has_next_page: end < self.total,
            start_cursor: self.cursor(0),
            end_cursor: self
                .entries
                .len()
                .checked_sub(1)
                .and_then(|at| self.cursor(at)),
        }
    }
}
