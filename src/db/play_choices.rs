//! Which copy a device was told to play for an id, until it is told anew.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::play_choices;
use super::{Db, DbError};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = play_choices, treat_none_as_null = true)]
pub struct PlayChoice {
    /// A session's device, or the address of a client without a token.
    pub device_key: String,
    /// The id that the client used, of an item or a copy.
    pub asked_id: String,
    pub copy_public_id: String,
    pub play_session_id: Option<String>,
    pub created_at: i64,
}

/// # Errors
/// When the database fails.
pub async fn get(db: &Db, device_key: &str, asked_id: &str) -> Result<Option<PlayChoice>, DbError> {
    with_conn!(db, |conn| play_choices::table
        .find((device_key, asked_id))
        .select(PlayChoice::as_select())
        .first(conn)
        .await
        .optional())
}

/// What one of these devices was told last for an id, at this time or later.
///
/// # Errors
/// When the database fails.
pub async fn last_of(
    db: &Db,
    device_keys: &[String],
    asked_id: &str,
    since: i64,
) -> Result<Option<PlayChoice>, DbError> {
    with_conn!(db, |conn| play_choices::table
        .filter(play_choices::device_key.eq_any(device_keys))
        .filter(play_choices::asked_id.eq(asked_id))
        .filter(play_choices::created_at.ge(since))
        .order(play_choices::created_at.desc())
        .select(PlayChoice::as_select())
        .first(conn)
        .await
        .optional())
}

/// Sets all of these at once, each taking the place of what that device was told before.
///
/// # Errors
/// When the database fails; nothing is set then.
pub async fn put(db: &Db, choices: &[PlayChoice]) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for choice in choices {
            diesel::insert_into(play_choices::table)
                .values(choice)
                .on_conflict((play_choices::device_key, play_choices::asked_id))
                .do_update()
                .set(choice)
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}

/// Forgets what was told before this time; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_before(db: &Db, time: i64) -> Result<usize, DbError> {
    with_conn!(db, |conn| diesel::delete(
        play_choices::table.filter(play_choices::created_at.lt(time))
    )
    .execute(conn)
    .await)
}
