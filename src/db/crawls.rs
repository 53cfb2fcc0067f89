//! How far the crawl of each server is.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::crawls;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Default, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crawls, treat_none_as_null = true)]
pub struct CrawlRow {
    pub server_id: i64,
    /// What goes on; the crawler's word.
    pub phase: String,
    /// Stamped on every copy that the present full crawl has seen.
    pub generation: i64,
    /// Where to go on after an interruption (JSON); the crawler's own.
    pub cursor: Option<String>,
    /// Items in this phase, as far as known.
    pub total: i64,
    pub done: i64,
    pub started_at: Option<i64>,
    /// When a crawl last came to its end.
    pub finished_at: Option<i64>,
    /// When a full one did.
    pub full_finished_at: Option<i64>,
    pub error: Option<String>,
}

/// # Errors
/// When the database fails.
pub async fn get(db: &Db, server_id: i64) -> Result<Option<CrawlRow>, DbError> {
    with_conn!(db, |conn| crawls::table
        .find(server_id)
        .select(CrawlRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<CrawlRow>, DbError> {
    with_conn!(db, |conn| crawls::table
        .order(crawls::server_id)
        .select(CrawlRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// [`DbError::Missing`] when the server is gone.
pub async fn put(db: &Db, row: &CrawlRow) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(crawls::table)
        .values(row)
        .on_conflict(crawls::server_id)
        .do_update()
        .set(row)
        .execute(conn)
        .await)?;
    Ok(())
}
