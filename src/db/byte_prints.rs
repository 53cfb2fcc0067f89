//! What sampled parts of a version's file look like.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::byte_prints;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = byte_prints, treat_none_as_null = true)]
pub struct BytePrint {
    /// The version's public id.
    pub version_id: String,
    /// Bytes.
    pub size: i64,
    /// As its server told it when the print was taken.
    pub etag: Option<String>,
    /// A digest of the sampled parts, in hex.
    pub print: String,
    /// Milliseconds since 1970.
    pub taken_at: i64,
}

/// # Errors
/// When the database fails.
pub async fn of(db: &Db, version_ids: &[String]) -> Result<Vec<BytePrint>, DbError> {
    with_conn!(db, |conn| byte_prints::table
        .filter(byte_prints::version_id.eq_any(version_ids))
        .select(BytePrint::as_select())
        .load(conn)
        .await)
}

/// Takes the place of an older one.
///
/// # Errors
/// When the database fails.
pub async fn put(db: &Db, print: &BytePrint) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(byte_prints::table)
        .values(print)
        .on_conflict(byte_prints::version_id)
        .do_update()
        .set(print)
        .execute(conn)
        .await)
    .map(drop)
}
