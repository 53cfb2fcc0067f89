//! What is one per installation: the id secret, the server id that clients are told, marks.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::schema::installation::dsl;
use super::{Db, DbError};

/// # Errors
/// When the database fails.
pub async fn get(db: &Db, key: &str) -> Result<Option<String>, DbError> {
    with_conn!(db, |conn| dsl::installation
        .find(key)
        .select(dsl::value)
        .first::<String>(conn)
        .await
        .optional())
}

/// Sets a value only if there is none; gives the one that stands, also when another replica was
/// faster.
///
/// # Errors
/// When the database fails.
pub async fn get_or_set(db: &Db, key: &str, value: &str) -> Result<String, DbError> {
    with_tx!(db, |conn| {
        diesel::insert_into(dsl::installation)
            .values((dsl::key.eq(key), dsl::value.eq(value)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        Ok(dsl::installation
            .find(key)
            .select(dsl::value)
            .first::<String>(conn)
            .await?)
    })
}

/// # Errors
/// When the database fails.
pub async fn set(db: &Db, key: &str, value: &str) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(dsl::installation)
        .values((dsl::key.eq(key), dsl::value.eq(value)))
        .on_conflict(dsl::key)
        .do_update()
        .set(dsl::value.eq(value))
        .execute(conn)
        .await)
    .map(drop)
}

/// Counts a number up (from 0 where there is none) and gives it; no two callers get the same.
///
/// # Errors
/// [`DbError::Damaged`] when it is no number.
pub async fn count_up(db: &Db, key: &str) -> Result<i64, DbError> {
    let next = || diesel::dsl::sql::<Text>("CAST(CAST(value AS BIGINT) + 1 AS TEXT)");
    let value: String = with_tx!(db, |conn| {
        diesel::insert_into(dsl::installation)
            .values((dsl::key.eq(key), dsl::value.eq("0")))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        Ok(diesel::update(dsl::installation.find(key))
            .set(dsl::value.eq(next()))
            .returning(dsl::value)
            .get_result(conn)
            .await?)
    })?;
    value
        .parse()
        .map_err(|_| DbError::Damaged(format!("the count {key}")))
}

/// Removes a value; true if it was there, so that a value can be spent exactly once.
///
/// # Errors
/// When the database fails.
pub async fn take(db: &Db, key: &str, value: &str) -> Result<bool, DbError> {
    let gone = with_conn!(db, |conn| diesel::delete(
        dsl::installation
            .filter(dsl::key.eq(key))
            .filter(dsl::value.eq(value))
    )
    .execute(conn)
    .await)?;
    Ok(gone > 0)
}

/// # Errors
/// When the database fails.
pub async fn remove(db: &Db, key: &str) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::delete(dsl::installation.find(key))
        .execute(conn)
        .await)
    .map(drop)
}
