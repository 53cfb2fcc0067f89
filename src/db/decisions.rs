//! What people decided by hand about copies. Rows are only undone, never changed, save that a copy under
//! another id takes the place of the one that it was (`departed`).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::decisions;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = decisions)]
pub struct DecisionRow {
    pub id: i64,
    /// `join`, `never`, `canonical` or `poster`.
    pub action: String,
    /// Public ids of copies; the same one twice where a decision is about one.
    pub left_copy: String,
    pub right_copy: String,
    /// Who decided, as the audit names them.
    pub actor: String,
    pub created_at: i64,
    pub undone_at: Option<i64>,
    /// What was decided by one call.
    pub change_id: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = decisions)]
pub struct NewDecision {
    pub action: String,
    pub left_copy: String,
    pub right_copy: String,
    pub actor: String,
    pub created_at: i64,
    pub change_id: String,
}

/// Those that stand, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn standing(db: &Db) -> Result<Vec<DecisionRow>, DbError> {
    with_conn!(db, |conn| decisions::table
        .filter(decisions::undone_at.is_null())
        .order(decisions::id)
        .select(DecisionRow::as_select())
        .load(conn)
        .await)
}

/// Writes down what one call decided, all or nothing.
///
/// # Errors
/// When the database fails.
pub async fn insert(db: &Db, rows: &[NewDecision]) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for row in rows {
            diesel::insert_into(decisions::table)
                .values(row)
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}

/// Undoes what one call decided; tells how many rows that were. None: no such call, or undone before.
///
/// # Errors
/// When the database fails.
pub async fn undo(db: &Db, change_id: &str, at: i64) -> Result<usize, DbError> {
    with_conn!(db, |conn| diesel::update(
        decisions::table
            .filter(decisions::change_id.eq(change_id))
            .filter(decisions::undone_at.is_null())
    )
    .set(decisions::undone_at.eq(at))
    .execute(conn)
    .await)
}
