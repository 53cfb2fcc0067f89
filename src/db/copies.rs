//! The copies: items as their servers have them. Pages are written as a whole, with the crawl's
//! cursor in the same transaction, so that a kill at any moment loses nothing and repeats little.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::crawls::CrawlRow;
use super::schema::{copies, crawls};
use super::{Db, DbError};

/// Values a statement, well under the bounds of both databases.
const CHUNK: usize = 500;

/// A copy as the crawl compares it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = copies)]
pub struct CopyRow {
    pub id: i64,
    pub upstream_id: String,
    pub source_library_id: Option<i64>,
    pub kind: String,
    /// `wire::LightItem` as JSON.
    pub light: String,
    /// The server's etag that the stored body belongs to; absent: the body must be fetched.
    pub etag: Option<String>,
    pub generation: i64,
    pub first_seen_at: i64,
    pub changed_at: i64,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = copies)]
pub struct NewCopy {
    pub server_id: i64,
    pub server_key: String,
    pub upstream_id: String,
    pub source_library_id: Option<i64>,
    pub kind: String,
    pub light: String,
    pub etag: Option<String>,
    pub generation: i64,
    pub first_seen_at: i64,
    pub changed_at: i64,
}

/// A known copy that came back different.
#[derive(Debug, Clone, AsChangeset, Identifiable)]
#[diesel(table_name = copies, treat_none_as_null = true)]
pub struct CopyUpdate {
    pub id: i64,
    pub source_library_id: Option<i64>,
    pub kind: String,
    pub light: String,
    pub etag: Option<String>,
    pub changed_at: i64,
}

/// One page of a crawl.
#[derive(Debug, Clone, Default)]
pub struct PageWrite {
    pub new: Vec<NewCopy>,
    pub updated: Vec<CopyUpdate>,
    /// `copies.id` of all known ones on the page: they get the crawl's generation.
    pub seen: Vec<i64>,
    pub removed: Vec<i64>,
    /// Where the crawl is after this page.
    pub crawl: CrawlRow,
}

/// The known ones among these items of a server.
///
/// # Errors
/// When the database fails.
pub async fn known(
    db: &Db,
    server_id: i64,
    upstream_ids: &[String],
) -> Result<Vec<CopyRow>, DbError> {
    with_conn!(db, |conn| {
        let mut rows = Vec::with_capacity(upstream_ids.len());
        for chunk in upstream_ids.chunks(CHUNK) {
            let found: Vec<CopyRow> = copies::table
                .filter(copies::server_id.eq(server_id))
                .filter(copies::upstream_id.eq_any(chunk))
                .select(CopyRow::as_select())
                .load(conn)
                .await?;
            rows.extend(found);
        }
        Ok::<_, DbError>(rows)
    })
}

/// Writes a page, all or nothing. Gives (upstream id, `copies.id`) of the new ones.
///
/// # Errors
/// [`DbError::Missing`] when the server is gone.
pub async fn write_page(db: &Db, page: &PageWrite) -> Result<Vec<(String, i64)>, DbError> {
    with_tx!(db, |conn| {
        let mut added = Vec::with_capacity(page.new.len());
        // Row by row: several at once need DEFAULT, which SQLite does not have. It is one cached
        // statement in one transaction.
        for new in &page.new {
            let row: (String, i64) = diesel::insert_into(copies::table)
                .values(new)
                .returning((copies::upstream_id, copies::id))
                .get_result(conn)
                .await?;
            added.push(row);
        }
        for update in &page.updated {
            diesel::update(update).set(update).execute(conn).await?;
        }
        for chunk in page.seen.chunks(CHUNK) {
            diesel::update(copies::table.filter(copies::id.eq_any(chunk)))
                .set(copies::generation.eq(page.crawl.generation))
                .execute(conn)
                .await?;
        }
        for chunk in page.removed.chunks(CHUNK) {
            diesel::delete(copies::table.filter(copies::id.eq_any(chunk)))
                .execute(conn)
                .await?;
        }
        diesel::insert_into(crawls::table)
            .values(&page.crawl)
            .on_conflict(crawls::server_id)
            .do_update()
            .set(&page.crawl)
            .execute(conn)
            .await?;
        Ok(added)
    })
}

/// Copies of a server that the present generation has not seen, in the order of their ids, behind `after`.
///
/// # Errors
/// When the database fails.
pub async fn unseen(
    db: &Db,
    server_id: i64,
    generation: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<CopyRow>, DbError> {
    with_conn!(db, |conn| copies::table
        .filter(copies::server_id.eq(server_id))
        .filter(copies::generation.lt(generation))
        .filter(copies::id.gt(after))
        .order(copies::id)
        .limit(limit)
        .select(CopyRow::as_select())
        .load(conn)
        .await)
}

/// Copies of a server whose body must be fetched, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub async fn without_body(
    db: &Db,
    server_id: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<CopyRow>, DbError> {
    with_conn!(db, |conn| copies::table
        .filter(copies::server_id.eq(server_id))
        .filter(copies::etag.is_null())
        .filter(copies::id.gt(after))
        .order(copies::id)
        .limit(limit)
        .select(CopyRow::as_select())
        .load(conn)
        .await)
}

/// How many of a server's copies want their body.
///
/// # Errors
/// When the database fails.
pub async fn count_without_body(db: &Db, server_id: i64) -> Result<i64, DbError> {
    with_conn!(db, |conn| copies::table
        .filter(copies::server_id.eq(server_id))
        .filter(copies::etag.is_null())
        .count()
        .get_result(conn)
        .await)
}

/// (`copies.id`, upstream id) of all of a server's copies.
///
/// # Errors
/// When the database fails.
pub async fn ids_of_server(db: &Db, server_id: i64) -> Result<Vec<(i64, String)>, DbError> {
    with_conn!(db, |conn| copies::table
        .filter(copies::server_id.eq(server_id))
        .select((copies::id, copies::upstream_id))
        .load(conn)
        .await)
}
