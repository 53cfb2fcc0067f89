//! The libraries that the servers have.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::source_libraries;
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = source_libraries)]
pub struct SourceLibraryRow {
    pub id: i64,
    pub server_id: i64,
    /// The server's own id of it.
    pub library_id: String,
    /// The id by which clients know it.
    pub virtual_id: String,
    pub name: String,
    pub collection_type: Option<String>,
    /// The whole body (JSON) as the server told it.
    pub body: Option<String>,
    /// False once the server does not name it any more.
    pub is_present: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A library as its server tells it.
#[derive(Debug, Clone)]
pub struct SeenLibrary {
    pub library_id: String,
    pub virtual_id: String,
    pub name: String,
    pub collection_type: Option<String>,
    pub body: Option<String>,
}

/// Every library, by server and name.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<SourceLibraryRow>, DbError> {
    with_conn!(db, |conn| source_libraries::table
        .order((source_libraries::server_id, source_libraries::name))
        .select(SourceLibraryRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn of_server(db: &Db, server_id: i64) -> Result<Vec<SourceLibraryRow>, DbError> {
    with_conn!(db, |conn| source_libraries::table
        .filter(source_libraries::server_id.eq(server_id))
        .order(source_libraries::name)
        .select(SourceLibraryRow::as_select())
        .load(conn)
        .await)
}

/// # Errors
/// When the database fails.
pub async fn by_virtual_id(db: &Db, virtual_id: &str) -> Result<Option<SourceLibraryRow>, DbError> {
    with_conn!(db, |conn| source_libraries::table
        .filter(source_libraries::virtual_id.eq(virtual_id))
        .select(SourceLibraryRow::as_select())
        .first(conn)
        .await
        .optional())
}

/// Writes down what a server has now: new ones are added, changed ones changed, those that it does
/// not name any more are marked absent. Gives all of the server's, and whether anything changed.
///
/// # Errors
/// [`DbError::Missing`] when the server is gone.
pub async fn replace(
    db: &Db,
    server_id: i64,
    seen: &[SeenLibrary],
    now: i64,
) -> Result<(Vec<SourceLibraryRow>, bool), DbError> {
    use source_libraries::dsl;
    with_tx!(db, |conn| {
        let before: Vec<SourceLibraryRow> = dsl::source_libraries
            .filter(dsl::server_id.eq(server_id))
            .select(SourceLibraryRow::as_select())
            .load(conn)
            .await?;
        let mut changed = false;
        for library in seen {
            let old = before
                .iter()
                .find(|old| old.library_id == library.library_id);
            // Who does not know the body leaves it as it is.
            let known = old.and_then(|old| old.body.as_ref());
            let body = library.body.as_ref().or(known);
            let same = old.is_some_and(|old| {
                old.is_present
                    && old.name == library.name
                    && old.collection_type == library.collection_type
                    && known == body
            });
            if same {
                continue;
            }
            changed = true;
            diesel::insert_into(dsl::source_libraries)
                .values((
                    dsl::server_id.eq(server_id),
                    dsl::library_id.eq(&library.library_id),
                    dsl::virtual_id.eq(&library.virtual_id),
                    dsl::name.eq(&library.name),
                    dsl::collection_type.eq(&library.collection_type),
                    dsl::body.eq(body),
                    dsl::is_present.eq(true),
                    dsl::created_at.eq(now),
                    dsl::updated_at.eq(now),
                ))
                .on_conflict((dsl::server_id, dsl::library_id))
                .do_update()
                .set((
                    dsl::name.eq(&library.name),
                    dsl::collection_type.eq(&library.collection_type),
                    dsl::body.eq(body),
                    dsl::is_present.eq(true),
                    dsl::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        for old in before.iter().filter(|old| old.is_present) {
            if seen
                .iter()
                .any(|library| library.library_id == old.library_id)
            {
                continue;
            }
            changed = true;
            diesel::update(dsl::source_libraries.find(old.id))
                .set((dsl::is_present.eq(false), dsl::updated_at.eq(now)))
                .execute(conn)
                .await?;
        }
        let after = dsl::source_libraries
            .filter(dsl::server_id.eq(server_id))
            .order(dsl::name)
            .select(SourceLibraryRow::as_select())
            .load(conn)
            .await?;
        Ok((after, changed))
    })
}
