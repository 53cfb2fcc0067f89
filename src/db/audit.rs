//! Who changed what, when.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{audit, users};
use super::{Db, DbError};

/// One change as it happened. `before` and `after` are JSON and hold no secrets.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub struct AuditRow {
    pub id: i64,
    pub at: i64,
    /// A user's id, or what acted: `config`, `shell`, `system`.
    pub actor: String,
    /// The user's name then.
    pub actor_name: String,
    /// What kind of thing was changed: `server`, `user` …
    pub kind: String,
    pub action: String,
    pub subject: String,
    /// What the subject was called then; empty where it has no name.
    pub subject_name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit)]
pub struct NewAudit {
    pub at: i64,
    pub actor: String,
    pub kind: String,
    pub action: String,
    pub subject: String,
    pub subject_name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Which entries are asked for; what is not said fits all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub kind: Option<String>,
    pub action: Option<String>,
    pub subject: Option<String>,
    /// From then on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before then.
    pub until: Option<i64>,
}

/// A part of the log, whose latest entry comes first.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditPart {
    /// Entries behind this one, which are older.
    pub after: Option<i64>,
    /// Entries in front of this one, which are younger.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
    /// Those at the end of the part, in place of those at its beginning.
    pub from_end: bool,
}

macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        if let Some(actor) = &filter.actor {
            query = query.filter(audit::actor.eq(actor));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(audit::kind.eq(kind));
        }
        if let Some(action) = &filter.action {
            query = query.filter(audit::action.eq(action));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(audit::subject.eq(subject));
        }
        if let Some(since) = filter.since {
            query = query.filter(audit::at.ge(since));
        }
        if let Some(until) = filter.until {
            query = query.filter(audit::at.lt(until));
        }
        query
    }};
}

/// Writes an entry; in the transaction of the change where `db` is one.
///
/// # Errors
/// When the database fails.
pub async fn insert(db: &Db, entry: &NewAudit) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        let name: Option<String> = users::table
            .find(&entry.actor)
            .select(users::name)
            .first(conn)
            .await
            .optional()?;
        let name = name.unwrap_or_else(|| entry.actor.clone());
        diesel::insert_into(audit::table)
            .values((entry, audit::actor_name.eq(name)))
            .execute(conn)
            .await?;
        Ok(())
    })
}

/// The entries of a part, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    filter: &AuditFilter,
    part: &AuditPart,
) -> Result<Vec<AuditRow>, DbError> {
    let mut rows: Vec<AuditRow> = with_conn!(db, |conn| {
        let mut query = audit::table.select(AuditRow::as_select()).into_boxed();
        query = filtered!(query, filter);
        if let Some(after) = part.after {
            query = query.filter(audit::id.lt(after));
        }
        if let Some(before) = part.before {
            query = query.filter(audit::id.gt(before));
        }
        query = match part.from_end {
            true => query.order(audit::id.asc()),
            false => query.order(audit::id.desc()),
        };
        query.limit(part.limit).load(conn).await
    })?;
    if part.from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// How many entries fit.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Db, filter: &AuditFilter) -> Result<i64, DbError> {
    with_conn!(db, |conn| {
        let query = audit::table.count().into_boxed();
        filtered!(query, filter).get_result(conn).await
    })
}

/// Forgets what happened before a time, and the oldest beyond `most`; tells how many went.
///
/// # Errors
/// When the database fails.
pub async fn forget(db: &Db, before: i64, most: i64) -> Result<usize, DbError> {
    with_tx!(db, |conn| {
        let last: Option<i64> = audit::table
            .order(audit::id.desc())
            .offset(most)
            .select(audit::id)
            .first(conn)
            .await
            .optional()?;
        let old = audit::at.lt(before).or(audit::id.le(last.unwrap_or(0)));
        Ok(diesel::delete(audit::table.filter(old))
            .execute(conn)
            .await?)
    })
}

/// Forgets the oldest entries of an action beyond `most`; tells how many went.
///
/// # Errors
/// When the database fails.
pub async fn forget_of(db: &Db, action: &str, most: i64) -> Result<usize, DbError> {
    with_tx!(db, |conn| {
        let last: Option<i64> = audit::table
            .filter(audit::action.eq(action))
            .order(audit::id.desc())
            .offset(most)
            .select(audit::id)
            .first(conn)
            .await
            .optional()?;
        let old = audit::action
            .eq(action)
            .and(audit::id.le(last.unwrap_or(0)));
        Ok(diesel::delete(audit::table.filter(old))
            .execute(conn)
            .await?)
    })
}
