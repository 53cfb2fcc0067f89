//! What clients keep of their looks, one document a user, client and id.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::display_preferences::dsl;
use super::{Db, DbError};

/// The document (JSON) as it was saved.
///
/// # Errors
/// When the database fails.
pub async fn get(
    db: &Db,
    user_id: &str,
    client: &str,
    preferences_id: &str,
) -> Result<Option<String>, DbError> {
    with_conn!(db, |conn| dsl::display_preferences
        .find((user_id, client, preferences_id))
        .select(dsl::body)
        .first::<String>(conn)
        .await
        .optional())
}

/// Saves the whole document.
///
/// # Errors
/// [`DbError::Missing`] when there is no such user.
pub async fn put(
    db: &Db,
    user_id: &str,
    client: &str,
    preferences_id: &str,
    body: &str,
) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(dsl::display_preferences)
        .values((
            dsl::user_id.eq(user_id),
            dsl::client.eq(client),
            dsl::preferences_id.eq(preferences_id),
            dsl::body.eq(body),
        ))
        .on_conflict((dsl::user_id, dsl::client, dsl::preferences_id))
        .do_update()
        .set(dsl::body.eq(body))
        .execute(conn)
        .await)
    .map(drop)
}
