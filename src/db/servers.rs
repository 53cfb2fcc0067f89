//! The source servers, and those that were once known.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::connection::Topic;
use super::schema::{copies, item_copies, known_servers, servers};
use super::{Db, DbError};

/// No `Debug`: it holds encrypted credentials.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = servers)]
pub struct ServerRow {
    pub id: i64,
    pub server_key: String,
    /// The name in the configuration file that made the server.
    pub config_key: Option<String>,
    pub name: String,
    /// The name as it is compared.
    pub name_key: String,
    pub url: String,
    pub ca_pem: Option<String>,
    /// `sha256:…`.
    pub tls_fingerprint: Option<String>,
    /// What the server calls itself; absent until it was reached.
    pub upstream_id: Option<String>,
    pub version: Option<String>,
    pub crawl_user_id: Option<String>,
    pub crawl_username: Option<String>,
    /// Encrypted.
    pub crawl_token: Option<Vec<u8>>,
    /// Encrypted.
    pub crawl_password: Option<Vec<u8>>,
    pub device_id: String,
    pub last_error: Option<String>,
    pub last_seen_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Insertable)]
#[diesel(table_name = servers)]
pub struct NewServer {
    pub server_key: String,
    pub config_key: Option<String>,
    pub name: String,
    pub name_key: String,
    pub url: String,
    pub ca_pem: Option<String>,
    pub tls_fingerprint: Option<String>,
    pub upstream_id: Option<String>,
    pub version: Option<String>,
    pub crawl_user_id: Option<String>,
    pub crawl_username: Option<String>,
    pub crawl_token: Option<Vec<u8>>,
    pub crawl_password: Option<Vec<u8>>,
    pub device_id: String,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What changes; absent stays. An inner `None` clears.
#[derive(Clone, Default, AsChangeset)]
#[diesel(table_name = servers)]
pub struct ServerChange {
    pub config_key: Option<Option<String>>,
    pub name: Option<String>,
    pub name_key: Option<String>,
    pub url: Option<String>,
    pub ca_pem: Option<Option<String>>,
    pub tls_fingerprint: Option<Option<String>>,
    pub upstream_id: Option<Option<String>>,
    pub version: Option<Option<String>>,
    pub crawl_user_id: Option<Option<String>>,
    pub crawl_username: Option<Option<String>>,
    pub crawl_token: Option<Option<Vec<u8>>>,
    pub crawl_password: Option<Option<Vec<u8>>>,
    pub last_error: Option<Option<String>>,
    pub last_seen_at: Option<Option<i64>>,
    pub updated_at: Option<i64>,
}

/// A server that is or was here, under the key that its ids are made with.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = known_servers, treat_none_as_null = true)]
pub struct KnownServer {
    pub server_key: String,
    pub upstream_id: Option<String>,
    pub name: String,
    pub url: String,
    /// Absent while the server is here.
    pub removed_at: Option<i64>,
}

/// Every server, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<ServerRow>, DbError> {
    with_conn!(db, |conn| servers::table
        .order(servers::name_key)
        .select(ServerRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<ServerRow>, DbError> {
    with_conn!(db, |conn| servers::table
        .find(id)
        .select(ServerRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// # Errors
/// When the database fails.
pub async fn by_name_key(db: &Db, name_key: &str) -> Result<Option<ServerRow>, DbError> {
    with_conn!(db, |conn| servers::table
        .filter(servers::name_key.eq(name_key))
        .select(ServerRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// Adds a server. Unless `even_if_known`, a server of the same upstream id that is here refuses it.
///
/// # Errors
/// [`DbError::Conflict`] on `upstream_id`, `name_key`, `server_key` or `config_key`.
pub async fn insert(
    db: &Db,
    server: &NewServer,
    even_if_known: bool,
) -> Result<ServerRow, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Servers).await?;
        if let (Some(upstream_id), false) = (&server.upstream_id, even_if_known) {
            let same: i64 = servers::table
                .filter(servers::upstream_id.eq(upstream_id))
                .count()
                .get_result(conn)
                .await?;
            if same > 0 {
                return Err(DbError::Conflict("servers.upstream_id".into()));
            }
        }
        let row: ServerRow = diesel::insert_into(servers::table)
            .values(server)
            .returning(ServerRow::as_select())
            .get_result(conn)
            .await?;
        let known = known(&row, None);
        diesel::insert_into(known_servers::table)
            .values(&known)
            .on_conflict(known_servers::server_key)
            .do_update()
            .set(&known)
            .execute(conn)
            .await?;
        Ok(row)
    })
}

fn known(row: &ServerRow, removed_at: Option<i64>) -> KnownServer {
    KnownServer {
        server_key: row.server_key.clone(),
        upstream_id: row.upstream_id.clone(),
        name: row.name.clone(),
        url: row.url.clone(),
        removed_at,
    }
}

/// # Errors
/// [`DbError::NotFound`], or [`DbError::Conflict`] on `name_key`.
pub async fn update(db: &Db, id: i64, change: &ServerChange) -> Result<ServerRow, DbError> {
    with_tx!(db, |conn| {
        let row: ServerRow = diesel::update(servers::table.find(id))
            .set(change)
            .returning(ServerRow::as_select())
            .get_result(conn)
            .await?;
        let known = known(&row, None);
        diesel::insert_into(known_servers::table)
            .values(&known)
            .on_conflict(known_servers::server_key)
            .do_update()
            .set(&known)
            .execute(conn)
            .await?;
        Ok(row)
    })
}

/// Deletes a server with its copies, libraries and links; its key stays known.
///
/// # Errors
/// [`DbError::NotFound`].
pub async fn delete(db: &Db, id: i64, now: i64) -> Result<ServerRow, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Servers).await?;
        let row: ServerRow = diesel::delete(servers::table.find(id))
            .returning(ServerRow::as_select())
            .get_result(conn)
            .await?;
        let known = known(&row, Some(now));
        diesel::insert_into(known_servers::table)
            .values(&known)
            .on_conflict(known_servers::server_key)
            .do_update()
            .set(&known)
            .execute(conn)
            .await?;
        Ok(row)
    })
}

/// Gives a server that has no copies yet the key of one that was here before, and drops the key
/// it had: nothing was made with that one.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such server, [`DbError::Conflict`] when the key is in
/// use or copies were made under the present one.
pub async fn take_key(db: &Db, id: i64, server_key: &str) -> Result<ServerRow, DbError> {
    with_tx!(db, |conn| {
        conn.serialize(Topic::Servers).await?;
        let made: i64 = copies::table
            .filter(copies::server_id.eq(id))
            .count()
            .get_result(conn)
            .await?;
        if made > 0 {
            return Err(DbError::Conflict("servers.server_key is in use".into()));
        }
        let before: ServerRow = servers::table
            .find(id)
            .select(ServerRow::as_select())
            .first(conn)
            .await?;
        let row: ServerRow = diesel::update(servers::table.find(id))
            .set(servers::server_key.eq(server_key))
            .returning(ServerRow::as_select())
            .get_result(conn)
            .await?;
        if before.server_key != row.server_key {
            diesel::delete(known_servers::table.find(&before.server_key))
                .execute(conn)
                .await?;
        }
        let known = known(&row, None);
        diesel::insert_into(known_servers::table)
            .values(&known)
            .on_conflict(known_servers::server_key)
            .do_update()
            .set(&known)
            .execute(conn)
            .await?;
        Ok(row)
    })
}

/// Every server that is or was here.
///
/// # Errors
/// When the database fails.
pub async fn known_servers(db: &Db) -> Result<Vec<KnownServer>, DbError> {
    with_conn!(db, |conn| known_servers::table
        .order(known_servers::server_key)
        .select(KnownServer::as_select())
        .load(conn)
        .await)
}

/// The removed servers that called themselves so, the latest removed first.
///
/// # Errors
/// When the database fails.
pub async fn removed(db: &Db, upstream_id: &str) -> Result<Vec<KnownServer>, DbError> {
    with_conn!(db, |conn| known_servers::table
        .filter(known_servers::upstream_id.eq(upstream_id))
        .filter(known_servers::removed_at.is_not_null())
        .order(known_servers::removed_at.desc())
        .select(KnownServer::as_select())
        .load(conn)
        .await)
}

/// How many of these copies (by public id) were ever seen.
///
/// # Errors
/// When the database fails.
pub async fn count_known_copies(db: &Db, copies: &[String]) -> Result<usize, DbError> {
    let count: i64 = with_conn!(db, |conn| item_copies::table
        .filter(item_copies::copy_public_id.eq_any(copies))
        .count()
        .get_result(conn)
        .await)?;
    Ok(usize::try_from(count).unwrap_or_default())
}
