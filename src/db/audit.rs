//! Who changed what, when.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::audit;
use super::{Db, DbError};

/// One change as it happened. `before` and `after` are JSON and hold no secrets.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub struct AuditRow {
    pub id: i64,
    pub at: i64,
    /// A user's id, or what acted: `config`, `cli`, `system`.
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit)]
pub struct NewAudit {
    pub at: i64,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// # Errors
/// When the database fails.
pub async fn insert(db: &Db, entry: &NewAudit) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(audit::table)
        .values(entry)
        .execute(conn)
        .await)
    .map(drop)
}

/// The latest first; `before` an entry's id goes on after it.
///
/// # Errors
/// When the database fails.
pub async fn latest(db: &Db, before: Option<i64>, limit: i64) -> Result<Vec<AuditRow>, DbError> {
    let before = before.unwrap_or(i64::MAX);
    with_conn!(db, |conn| audit::table
        .filter(audit::id.lt(before))
        .order(audit::id.desc())
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)
        .await)
}
