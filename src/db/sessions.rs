//! Signed-in devices.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::sessions;
use super::{Db, DbError};

/// No `Debug`: it holds the token's hash.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    pub id: String,
    /// SHA-256 of the token, in hex.
    pub token_hash: String,
    pub user_id: String,
    /// The link whose account opened it; the session ends with the link.
    pub made_by_link: Option<i64>,
    pub device_id: String,
    pub device_name: String,
    pub client: String,
    pub version: String,
    pub remote_address: Option<String>,
    /// Jellyfin's `ClientCapabilities` (JSON).
    pub capabilities: Option<String>,
    pub created_at: i64,
    pub last_seen_at: i64,
}

/// Opens a session in the place of what that user had on that device; gives the ids replaced.
///
/// # Errors
/// [`DbError::Missing`] when the user is gone.
pub async fn open(db: &Db, session: &SessionRow) -> Result<Vec<String>, DbError> {
    with_tx!(db, |conn| {
        let replaced: Vec<String> = diesel::delete(
            sessions::table
                .filter(sessions::user_id.eq(&session.user_id))
                .filter(sessions::device_id.eq(&session.device_id)),
        )
        .returning(sessions::id)
        .get_results(conn)
        .await?;
        diesel::insert_into(sessions::table)
            .values(session)
            .execute(conn)
            .await?;
        Ok(replaced)
    })
}

/// # Errors
/// When the database fails.
pub async fn by_token_hash(db: &Db, hash: &str) -> Result<Option<SessionRow>, DbError> {
    with_conn!(db, |conn| sessions::table
        .filter(sessions::token_hash.eq(hash))
        .select(SessionRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<SessionRow>, DbError> {
    with_conn!(db, |conn| sessions::table
        .find(id)
        .select(SessionRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// One user's, or everybody's; the latest seen first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, user_id: Option<&str>) -> Result<Vec<SessionRow>, DbError> {
    with_conn!(db, |conn| {
        let order = (sessions::last_seen_at.desc(), sessions::id);
        match user_id {
            Some(user_id) => {
                sessions::table
                    .filter(sessions::user_id.eq(user_id))
                    .order(order)
                    .select(SessionRow::as_select())
                    .load(conn)
                    .await
            }
            None => {
                sessions::table
                    .order(order)
                    .select(SessionRow::as_select())
                    .load(conn)
                    .await
            }
        }
    })
}

/// Ends a session; gives the row that was.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &Db, id: &str) -> Result<Option<SessionRow>, DbError> {
    with_conn!(db, |conn| diesel::delete(sessions::table.find(id))
        .returning(SessionRow::as_select())
        .get_result(conn)
        .await
        .optional())
}

/// Ends a user's sessions, save one; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_of_user(db: &Db, user_id: &str, keep: Option<&str>) -> Result<usize, DbError> {
    let keep = keep.unwrap_or_default();
    with_conn!(db, |conn| diesel::delete(
        sessions::table
            .filter(sessions::user_id.eq(user_id))
            .filter(sessions::id.ne(keep))
    )
    .execute(conn)
    .await)
}

/// Ends the sessions that a link's account opened; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_of_link(db: &Db, link_id: i64) -> Result<usize, DbError> {
    with_conn!(db, |conn| diesel::delete(
        sessions::table.filter(sessions::made_by_link.eq(link_id))
    )
    .execute(conn)
    .await)
}

/// # Errors
/// When the database fails.
pub async fn touch(
    db: &Db,
    id: &str,
    at: i64,
    remote_address: Option<&str>,
) -> Result<(), DbError> {
    with_conn!(db, |conn| {
        let session = diesel::update(sessions::table.find(id));
        match remote_address {
            Some(address) => {
                session
                    .set((
                        sessions::last_seen_at.eq(at),
                        sessions::remote_address.eq(Some(address)),
                    ))
                    .execute(conn)
                    .await
            }
            None => {
                session
                    .set(sessions::last_seen_at.eq(at))
                    .execute(conn)
                    .await
            }
        }
    })
    .map(drop)
}

/// What the client says that it can do (JSON).
///
/// # Errors
/// When the database fails.
pub async fn set_capabilities(db: &Db, id: &str, body: &str) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::update(sessions::table.find(id))
        .set(sessions::capabilities.eq(Some(body)))
        .execute(conn)
        .await)
    .map(drop)
}
