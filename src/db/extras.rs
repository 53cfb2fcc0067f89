//! What hangs on copies and is in no list, as it was told to clients: by these rows its public id is found
//! again.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::extras;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = extras)]
pub struct ExtraRow {
    pub public_id: String,
    pub server_key: String,
    pub upstream_id: String,
    /// The copy on that server that it hangs on; an intro may come before many films.
    pub owner_upstream_id: String,
}

/// What is known of one id: a row for each copy that it hangs on.
///
/// # Errors
/// When the database fails.
pub async fn of_id(db: &Db, public_id: &str) -> Result<Vec<ExtraRow>, DbError> {
    with_conn!(db, |conn| extras::table
        .filter(extras::public_id.eq(public_id))
        .order(extras::owner_upstream_id)
        .select(ExtraRow::as_select())
        .load(conn)
        .await)
}

/// Keeps what is not known yet; writes nothing where all is.
///
/// # Errors
/// When the database fails.
pub async fn put(db: &Db, rows: &[ExtraRow]) -> Result<(), DbError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.public_id.as_str()).collect();
    let known: Vec<ExtraRow> = with_conn!(db, |conn| extras::table
        .filter(extras::public_id.eq_any(&ids))
        .select(ExtraRow::as_select())
        .load(conn)
        .await)?;
    let new: Vec<&ExtraRow> = rows.iter().filter(|row| !known.contains(row)).collect();
    if new.is_empty() {
        return Ok(());
    }
    with_tx!(db, |conn| {
        for row in &new {
            diesel::insert_into(extras::table)
                .values(*row)
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}
