//! Manyfin's own users.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::connection::Topic;
use super::schema::{merged_libraries, users};
use super::{Db, DbError};

/// No `Debug`: it holds the password's hash.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub id: String,
    /// The name in the configuration file that made the user.
    pub config_key: Option<String>,
    pub name: String,
    /// The name as it is compared.
    pub name_key: String,
    /// Argon2id in PHC form; none: no password opens this user.
    pub password_hash: Option<String>,
    pub is_administrator: bool,
    pub is_disabled: bool,
    /// The server whose account made the user by signing in, and that account.
    pub made_by_server_key: Option<String>,
    pub made_by_account: Option<String>,
    /// Jellyfin's `UserConfiguration` (JSON).
    pub settings: String,
    pub created_at: i64,
    pub last_login_at: Option<i64>,
    pub last_activity_at: Option<i64>,
    /// Which copy plays first, whatever the libraries say.
    pub source_policy: Option<String>,
}

/// What changes; absent stays. An inner `None` clears.
#[derive(Clone, Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChange {
    pub config_key: Option<Option<String>>,
    pub name: Option<String>,
    pub name_key: Option<String>,
    pub password_hash: Option<Option<String>>,
    pub is_administrator: Option<bool>,
    pub is_disabled: Option<bool>,
    pub settings: Option<String>,
    pub last_login_at: Option<Option<i64>>,
    pub last_activity_at: Option<Option<i64>>,
    pub source_policy: Option<Option<String>>,
}

/// Every user, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<UserRow>, DbError> {
    with_conn!(db, |conn| users::table
        .order(users::name_key)
        .select(UserRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<UserRow>, DbError> {
    with_conn!(db, |conn| users::table
        .find(id)
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// When the database fails.
pub async fn by_name_key(db: &Db, name_key: &str) -> Result<Option<UserRow>, DbError> {
    with_conn!(db, |conn| users::table
        .filter(users::name_key.eq(name_key))
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// The user that this account made by signing in.
///
/// # Errors
/// When the database fails.
pub async fn by_account(
    db: &Db,
    server_key: &str,
    upstream_user_id: &str,
) -> Result<Option<UserRow>, DbError> {
    with_conn!(db, |conn| users::table
        .filter(users::made_by_server_key.eq(server_key))
        .filter(users::made_by_account.eq(upstream_user_id))
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// [`DbError::Conflict`] on `name_key` when the name is taken.
pub async fn insert(db: &Db, user: &UserRow) -> Result<(), DbError> {
    with_conn!(db, |conn| diesel::insert_into(users::table)
        .values(user)
        .execute(conn)
        .await)
    .map(drop)
}

/// Makes the first administrator; false, and nothing done, when there is an administrator already.
///
/// # Errors
/// [`DbError::Conflict`] on `name_key` when the name is taken.
pub async fn insert_first_administrator(db: &Db, user: &UserRow) -> Result<bool, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Users).await?;
        let there: i64 = users::table
            .filter(users::is_administrator.eq(true))
            .count()
            .get_result(conn)
            .await?;
        if there > 0 {
            return Ok(false);
        }
        diesel::insert_into(users::table)
            .values(user)
            .execute(conn)
            .await?;
        Ok(true)
    })
}

/// Changes a user; gives the row as it is then.
///
/// # Errors
/// [`DbError::NotFound`], [`DbError::Conflict`] on `name_key`, or [`DbError::LastAdministrator`]
/// when nobody who may sign in would be an administrator after it.
pub async fn update(db: &Db, id: &str, change: &UserChange) -> Result<UserRow, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Users).await?;
        let before: UserRow = users::table
            .find(id)
            .select(UserRow::as_select())
            .first(conn)
            .await?;
        let after: UserRow = diesel::update(users::table.find(id))
            .set(change)
            .returning(UserRow::as_select())
            .get_result(conn)
            .await?;
        let led = before.is_administrator && !before.is_disabled;
        let leads = after.is_administrator && !after.is_disabled;
        if led && !leads {
            let left: i64 = users::table
                .filter(users::is_administrator.eq(true))
                .filter(users::is_disabled.eq(false))
                .count()
                .get_result(conn)
                .await?;
            if left == 0 {
                return Err(DbError::LastAdministrator);
            }
        }
        Ok(after)
    })
}

/// Deletes a user with sessions, links, what was watched, and libraries of the user's own.
/// Gives the row that was.
///
/// # Errors
/// [`DbError::NotFound`] or [`DbError::LastAdministrator`].
pub async fn delete(db: &Db, id: &str) -> Result<UserRow, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Users).await?;
        diesel::delete(
            merged_libraries::table
                .filter(merged_libraries::created_by.eq(id))
                .filter(merged_libraries::is_global.eq(false)),
        )
        .execute(conn)
        .await?;
        let gone: UserRow = diesel::delete(users::table.find(id))
            .returning(UserRow::as_select())
            .get_result(conn)
            .await?;
        let left: i64 = users::table
            .filter(users::is_administrator.eq(true))
            .filter(users::is_disabled.eq(false))
            .count()
            .get_result(conn)
            .await?;
        if gone.is_administrator && left == 0 {
            return Err(DbError::LastAdministrator);
        }
        Ok(gone)
    })
}

/// Marks a use, without waiting for others who decide about users.
///
/// # Errors
/// When the database fails.
pub async fn touch(db: &Db, id: &str, at: i64, login: bool) -> Result<(), DbError> {
    with_conn!(db, |conn| {
        let user = diesel::update(users::table.find(id));
        if login {
            user.set((
                users::last_activity_at.eq(Some(at)),
                users::last_login_at.eq(Some(at)),
            ))
            .execute(conn)
            .await
        } else {
            user.set(users::last_activity_at.eq(Some(at)))
                .execute(conn)
                .await
        }
    })
    .map(drop)
}
