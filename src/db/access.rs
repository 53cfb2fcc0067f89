//! What each link may see on its server.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{account_links, link_access};
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = link_access)]
pub struct LinkAccessRow {
    pub link_id: i64,
    /// A roaring bitmap of `copies.id`, in its portable form.
    pub copies: Vec<u8>,
    /// The upstream ids of the libraries that it may open: a JSON array.
    pub libraries: String,
    /// When the whole set was last asked for.
    pub refreshed_at: i64,
}

/// # Errors
/// When the database fails.
pub async fn get(db: &Db, link_id: i64) -> Result<Option<LinkAccessRow>, DbError> {
    with_conn!(db, |conn| link_access::table
        .find(link_id)
        .select(LinkAccessRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// Writes a set, unless the link was refused meanwhile. True when it was written.
///
/// # Errors
/// [`DbError::Missing`] when the link is gone.
pub async fn put(db: &Db, row: &LinkAccessRow) -> Result<bool, DbError> {
    with_tx!(db, |conn| {
        let state: Option<String> = account_links::table
            .find(row.link_id)
            .select(account_links::state)
            .first(conn)
            .await
            .optional()?;
        if state.as_deref() == Some("refused") {
            return Ok(false);
        }
        diesel::insert_into(link_access::table)
            .values(row)
            .on_conflict(link_access::link_id)
            .do_update()
            .set(row)
            .execute(conn)
            .await?;
        Ok(true)
    })
}

/// The link sees nothing any more.
///
/// # Errors
/// When the database fails.
pub async fn remove(db: &Db, link_id: i64) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::delete(link_access::table.find(link_id))
        .execute(conn)
        .await)
    .map(drop)
}
