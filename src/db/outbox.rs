//! What still has to be told to servers: one row a register of an item on a server, holding the state
//! to be reached.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{link_items, outbox, user_items};
use super::user_items::UserItemRow;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct OutboxRow {
    pub id: i64,
    pub link_id: i64,
    pub upstream_id: String,
    pub item_id: String,
    /// `play`, `favorite` or `likes`.
    pub register: String,
    /// The register's state as JSON.
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
}

#[derive(Debug, Clone, PartialEq, Insertable, AsChangeset)]
#[diesel(table_name = outbox, treat_none_as_null = true)]
pub struct NewOutboxRow {
    pub link_id: i64,
    pub upstream_id: String,
    pub item_id: String,
    pub register: String,
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
}

/// What was last agreed with a link about an item.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = link_items, treat_none_as_null = true)]
pub struct LinkItemRow {
    pub link_id: i64,
    pub upstream_id: String,
    pub played: bool,
    pub play_count: i32,
    pub position_ticks: i64,
    pub last_played_at: Option<i64>,
    pub is_favorite: bool,
    pub likes: Option<bool>,
    pub agreed_at: i64,
}

/// Saves what a user watched together with what servers must be told, all or nothing.
///
/// # Errors
/// When the database fails; nothing is saved then.
pub async fn save(
    db: &Db,
    items: &[UserItemRow],
    outgoing: &[NewOutboxRow],
    agreed: &[LinkItemRow],
) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for row in items {
            diesel::insert_into(user_items::table)
                .values(row)
                .on_conflict((user_items::user_id, user_items::item_id))
                .do_update()
                .set(row)
                .execute(conn)
                .await?;
        }
        for row in outgoing {
            diesel::insert_into(outbox::table)
                .values(row)
                .on_conflict((outbox::link_id, outbox::upstream_id, outbox::register))
                .do_update()
                .set(row)
                .execute(conn)
                .await?;
        }
        for row in agreed {
            diesel::insert_into(link_items::table)
                .values(row)
                .on_conflict((link_items::link_id, link_items::upstream_id))
                .do_update()
                .set(row)
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}

/// The links for which something is due.
///
/// # Errors
/// When the database fails.
pub async fn due_links(db: &Db, now: i64) -> Result<Vec<i64>, DbError> {
    with_conn!(db, |conn| outbox::table
        .filter(outbox::next_attempt_at.le(now))
        .select(outbox::link_id)
        .distinct()
        .load(conn)
        .await)
}

/// What is due for a link, oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn due(db: &Db, link_id: i64, now: i64, limit: i64) -> Result<Vec<OutboxRow>, DbError> {
    with_conn!(db, |conn| outbox::table
        .filter(outbox::link_id.eq(link_id))
        .filter(outbox::next_attempt_at.le(now))
        .order((outbox::next_attempt_at, outbox::id))
        .limit(limit)
        .select(OutboxRow::as_select())
        .load(conn)
        .await)
}

/// What waits for these links, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn waiting(db: &Db, links: &[i64], limit: i64) -> Result<Vec<OutboxRow>, DbError> {
    with_conn!(db, |conn| outbox::table
        .filter(outbox::link_id.eq_any(links))
        .order((outbox::created_at, outbox::id))
        .limit(limit)
        .select(OutboxRow::as_select())
        .load(conn)
        .await)
}

/// How much waits.
///
/// # Errors
/// When the database fails.
pub async fn length(db: &Db) -> Result<i64, DbError> {
    with_conn!(db, |conn| outbox::table.count().get_result(conn).await)
}

/// A row was told: it goes, unless it was replaced meanwhile, and what was told is agreed.
///
/// # Errors
/// When the database fails.
pub async fn delivered(db: &Db, rows: &[OutboxRow], agreed: &LinkItemRow) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for row in rows {
            let told = outbox::table
                .filter(outbox::id.eq(row.id))
                .filter(outbox::state.eq(&row.state));
            diesel::delete(told).execute(conn).await?;
        }
        diesel::insert_into(link_items::table)
            .values(agreed)
            .on_conflict((link_items::link_id, link_items::upstream_id))
            .do_update()
            .set(agreed)
            .execute(conn)
            .await?;
        Ok(())
    })
}

/// These could not be told now.
///
/// # Errors
/// When the database fails.
pub async fn postpone(db: &Db, ids: &[i64], until: i64, reason: &str) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::update(
        outbox::table.filter(outbox::id.eq_any(ids))
    )
    .set((
        outbox::attempts.eq(outbox::attempts + 1),
        outbox::next_attempt_at.eq(until),
        outbox::last_error.eq(reason),
    ))
    .execute(conn)
    .await)
    .map(drop)
}

/// These can never be told: the item is gone there.
///
/// # Errors
/// When the database fails.
pub async fn drop_rows(db: &Db, ids: &[i64]) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::delete(
        outbox::table.filter(outbox::id.eq_any(ids))
    )
    .execute(conn)
    .await)
    .map(drop)
}

/// What waits for a link becomes due now: its server is back.
///
/// # Errors
/// When the database fails.
pub async fn hurry(db: &Db, link_id: i64, now: i64) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::update(
        outbox::table.filter(outbox::link_id.eq(link_id))
    )
    .set(outbox::next_attempt_at.eq(now))
    .execute(conn)
    .await)
    .map(drop)
}

/// Everything that was agreed with a link.
///
/// # Errors
/// When the database fails.
pub async fn agreed(db: &Db, link_id: i64) -> Result<Vec<LinkItemRow>, DbError> {
    with_conn!(db, |conn| link_items::table
        .filter(link_items::link_id.eq(link_id))
        .select(LinkItemRow::as_select())
        .load(conn)
        .await)
}

/// What was agreed with a link about one item.
///
/// # Errors
/// When the database fails.
pub async fn agreed_on(
    db: &Db,
    link_id: i64,
    upstream_id: &str,
) -> Result<Option<LinkItemRow>, DbError> {
    with_conn!(db, |conn| link_items::table
        .find((link_id, upstream_id))
        .select(LinkItemRow::as_select())
        .first(conn)
        .await
        .optional())
}
