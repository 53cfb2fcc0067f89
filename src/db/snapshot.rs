//! What start-up reads: the whole light catalog in a few passes.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{copies, copy_members, link_access};
use super::{Db, DbError};

/// A copy as lists need it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = copies)]
pub struct LightCopyRow {
    pub id: i64,
    pub server_id: i64,
    pub source_library_id: Option<i64>,
    /// `wire::LightItem` as JSON.
    pub light: String,
    pub first_seen_at: i64,
    pub changed_at: i64,
}

/// Copies after `after` in the order of their ids, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn copies_after(db: &Db, after: i64, limit: i64) -> Result<Vec<LightCopyRow>, DbError> {
    with_conn!(db, |conn| copies::table
        .filter(copies::id.gt(after))
        .order(copies::id)
        .limit(limit)
        .select(LightCopyRow::as_select())
        .load(conn)
        .await)
}

/// Every (box set or playlist copy, member's upstream id), in order.
///
/// # Errors
/// When the database fails.
pub async fn members(db: &Db) -> Result<Vec<(i64, String)>, DbError> {
    with_conn!(db, |conn| copy_members::table
        .order((copy_members::copy_id, copy_members::position))
        .select((copy_members::copy_id, copy_members::member_upstream_id))
        .load(conn)
        .await)
}

/// What a link may see.
#[derive(Debug, Clone, Queryable)]
pub struct AccessRow {
    pub link_id: i64,
    pub server_id: i64,
    /// Roaring bitmap of `copies.id`.
    pub copies: Vec<u8>,
    /// Upstream ids of the libraries that it may open, as a JSON array.
    pub libraries: String,
}

/// # Errors
/// When the database fails.
pub async fn access(db: &Db) -> Result<Vec<AccessRow>, DbError> {
    use super::schema::account_links;
    with_conn!(db, |conn| link_access::table
        .inner_join(account_links::table)
        .filter(account_links::state.ne("refused"))
        .select((
            link_access::link_id,
            account_links::server_id,
            link_access::copies,
            link_access::libraries
        ))
        .load(conn)
        .await)
}
