//! Users' accounts on the servers.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::account_links;
use super::{Db, DbError};

/// No `Debug`: it holds encrypted credentials.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = account_links)]
pub struct LinkRow {
    pub id: i64,
    pub user_id: String,
    pub server_id: i64,
    /// Absent until the server was asked for the first time.
    pub upstream_user_id: Option<String>,
    pub username: String,
    /// Encrypted.
    pub token: Option<Vec<u8>>,
    /// Encrypted.
    pub password: Option<Vec<u8>>,
    pub device_id: String,
    /// Whether the account signs in its user here.
    pub sign_in: bool,
    /// `active`, `pending` or `refused`.
    pub state: String,
    pub state_reason: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Insertable)]
#[diesel(table_name = account_links)]
pub struct NewLink {
    pub user_id: String,
    pub server_id: i64,
    pub upstream_user_id: Option<String>,
    pub username: String,
    pub token: Option<Vec<u8>>,
    pub password: Option<Vec<u8>>,
    pub device_id: String,
    pub sign_in: bool,
    pub state: String,
    pub state_reason: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What changes; absent stays. An inner `None` clears.
#[derive(Clone, Default, AsChangeset)]
#[diesel(table_name = account_links)]
pub struct LinkChange {
    pub upstream_user_id: Option<Option<String>>,
    pub username: Option<String>,
    pub token: Option<Option<Vec<u8>>>,
    pub password: Option<Option<Vec<u8>>>,
    pub device_id: Option<String>,
    pub sign_in: Option<bool>,
    pub state: Option<String>,
    pub state_reason: Option<Option<String>>,
    pub updated_at: Option<i64>,
}

/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<LinkRow>, DbError> {
    with_conn!(db, |conn| account_links::table
        .order(account_links::id)
        .select(LinkRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<LinkRow>, DbError> {
    with_conn!(db, |conn| account_links::table
        .find(id)
        .select(LinkRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// When the database fails.
pub async fn of_user(db: &Db, user_id: &str) -> Result<Vec<LinkRow>, DbError> {
    with_conn!(db, |conn| account_links::table
        .filter(account_links::user_id.eq(user_id))
        .order(account_links::id)
        .select(LinkRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn of_user_on(
    db: &Db,
    user_id: &str,
    server_id: i64,
) -> Result<Option<LinkRow>, DbError> {
    with_conn!(db, |conn| account_links::table
        .filter(account_links::user_id.eq(user_id))
        .filter(account_links::server_id.eq(server_id))
        .select(LinkRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// All links of one upstream account: several mean that it is shared.
///
/// # Errors
/// When the database fails.
pub async fn of_account(
    db: &Db,
    server_id: i64,
    upstream_user_id: &str,
) -> Result<Vec<LinkRow>, DbError> {
    with_conn!(db, |conn| account_links::table
        .filter(account_links::server_id.eq(server_id))
        .filter(account_links::upstream_user_id.eq(upstream_user_id))
        .order(account_links::id)
        .select(LinkRow::as_select())
        .load(conn)
        .await)
}

/// The upstream accounts, as (server, account), that several users are linked to.
///
/// # Errors
/// When the database fails.
pub async fn shared_accounts(db: &Db) -> Result<Vec<(i64, String)>, DbError> {
    let rows: Result<Vec<(i64, Option<String>)>, _> = with_conn!(db, |conn| account_links::table
        .filter(account_links::upstream_user_id.is_not_null())
        .group_by((account_links::server_id, account_links::upstream_user_id))
        .having(diesel::dsl::count_star().gt(1))
        .select((account_links::server_id, account_links::upstream_user_id))
        .load(conn)
        .await);
    Ok(rows?
        .into_iter()
        .filter_map(|(server, account)| Some((server, account?)))
        .collect())
}

/// # Errors
/// [`DbError::Conflict`] when that user has a link to that server; [`DbError::Missing`] when there
/// is no such user or server.
pub async fn insert(db: &Db, link: &NewLink) -> Result<LinkRow, DbError> {
    with_conn!(db, |conn| diesel::insert_into(account_links::table)
        .values(link)
        .returning(LinkRow::as_select())
        .get_result(conn)
        .await)
}

/// # Errors
/// [`DbError::NotFound`].
pub async fn update(db: &Db, id: i64, change: &LinkChange) -> Result<LinkRow, DbError> {
    with_conn!(db, |conn| diesel::update(account_links::table.find(id))
        .set(change)
        .returning(LinkRow::as_select())
        .get_result(conn)
        .await)
}

/// Deletes a link and, with it, the sessions that it opened and all that was agreed by it.
///
/// # Errors
/// [`DbError::NotFound`].
pub async fn delete(db: &Db, id: i64) -> Result<LinkRow, DbError> {
    with_conn!(db, |conn| diesel::delete(account_links::table.find(id))
        .returning(LinkRow::as_select())
        .get_result(conn)
        .await)
}
