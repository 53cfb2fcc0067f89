//! The merged libraries, their sources, and sources that wait for their server's first answer.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{departed_sources, merged_libraries, merged_library_sources, pending_sources};
use super::{Db, DbError};

/// Inserts or updates one source inside a transaction of either database.
macro_rules! insert_source {
    ($conn:ident, $library:expr, $source:expr, $now:expr) => {
        match $source {
            NewSource::Found {
                server_id,
                library_id,
                library_name,
                priority,
            } => {
                use merged_library_sources::dsl;
                diesel::insert_into(dsl::merged_library_sources)
                    .values((
                        dsl::merged_library_id.eq($library),
                        dsl::server_id.eq(*server_id),
                        dsl::library_id.eq(library_id),
                        dsl::library_name.eq(library_name),
                        dsl::priority.eq(*priority),
                        dsl::created_at.eq($now),
                    ))
                    .on_conflict((dsl::merged_library_id, dsl::server_id, dsl::library_id))
                    .do_update()
                    .set((
                        dsl::library_name.eq(library_name),
                        dsl::priority.eq(*priority),
                    ))
                    .execute($conn)
                    .await?;
            }
            NewSource::Pending {
                server_name,
                library_name,
                priority,
            } => {
                use pending_sources::dsl;
                diesel::insert_into(dsl::pending_sources)
                    .values((
                        dsl::merged_library_id.eq($library),
                        dsl::server_name.eq(server_name),
                        dsl::library_name.eq(library_name),
                        dsl::priority.eq(*priority),
                    ))
                    .on_conflict((dsl::merged_library_id, dsl::server_name, dsl::library_name))
                    .do_update()
                    .set(dsl::priority.eq(*priority))
                    .execute($conn)
                    .await?;
            }
        }
    };
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = merged_libraries)]
pub struct MergedLibraryRow {
    pub id: i64,
    /// The id by which clients know it.
    pub virtual_id: String,
    /// The name in the configuration file that made it.
    pub config_key: Option<String>,
    pub name: String,
    pub collection_type: String,
    pub dedup_strategy: String,
    pub source_policy: String,
    /// Its owner, or who made it where it is global.
    pub created_by: Option<String>,
    pub is_global: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = merged_libraries)]
pub struct NewMergedLibrary {
    pub virtual_id: String,
    pub config_key: Option<String>,
    pub name: String,
    pub collection_type: String,
    pub dedup_strategy: String,
    pub source_policy: String,
    pub created_by: Option<String>,
    pub is_global: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What changes; absent stays. An inner `None` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = merged_libraries)]
pub struct MergedLibraryChange {
    pub config_key: Option<Option<String>>,
    pub name: Option<String>,
    pub collection_type: Option<String>,
    pub dedup_strategy: Option<String>,
    pub source_policy: Option<String>,
    pub created_by: Option<Option<String>>,
    pub is_global: Option<bool>,
    pub updated_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = merged_library_sources)]
pub struct MergedSourceRow {
    pub id: i64,
    pub merged_library_id: i64,
    pub server_id: i64,
    pub library_id: String,
    pub library_name: String,
    /// The higher one wins.
    pub priority: i32,
    pub created_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = pending_sources)]
pub struct PendingSourceRow {
    pub id: i64,
    pub merged_library_id: i64,
    pub server_name: String,
    pub library_name: String,
    pub priority: i32,
}

/// A source to be: found already, or by names only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSource {
    Found {
        server_id: i64,
        library_id: String,
        library_name: String,
        priority: i32,
    },
    Pending {
        server_name: String,
        library_name: String,
        priority: i32,
    },
}

/// A merged library with all that belongs to it; sources with the highest priority first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedLibrary {
    pub row: MergedLibraryRow,
    pub sources: Vec<MergedSourceRow>,
    pub pending: Vec<PendingSourceRow>,
}

/// Every merged library, in the order of their making.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<MergedLibrary>, DbError> {
    let (rows, sources, pending) = with_tx!(db, |conn| {
        let rows = merged_libraries::table
            .order(merged_libraries::id)
            .select(MergedLibraryRow::as_select())
            .load(conn)
            .await?;
        let sources = merged_library_sources::table
            .select(MergedSourceRow::as_select())
            .load(conn)
            .await?;
        let pending = pending_sources::table
            .order(pending_sources::id)
            .select(PendingSourceRow::as_select())
            .load(conn)
            .await?;
        Ok((rows, sources, pending))
    })?;
    Ok(put_together(rows, sources, pending))
}

fn put_together(
    rows: Vec<MergedLibraryRow>,
    mut sources: Vec<MergedSourceRow>,
    pending: Vec<PendingSourceRow>,
) -> Vec<MergedLibrary> {
    sources.sort_by_key(|source| (std::cmp::Reverse(source.priority), source.id));
    rows.into_iter()
        .map(|row| MergedLibrary {
            sources: sources
                .iter()
                .filter(|source| source.merged_library_id == row.id)
                .cloned()
                .collect(),
            pending: pending
                .iter()
                .filter(|source| source.merged_library_id == row.id)
                .cloned()
                .collect(),
            row,
        })
        .collect()
}

/// # Errors
/// When the database fails.
pub async fn by_virtual_id(db: &Db, virtual_id: &str) -> Result<Option<MergedLibrary>, DbError> {
    let id: Option<i64> = with_conn!(db, |conn| merged_libraries::table
        .filter(merged_libraries::virtual_id.eq(virtual_id))
        .select(merged_libraries::id)
        .first(conn)
        .await
        .optional())?;
    match id {
        Some(id) => by_id(db, id).await,
        None => Ok(None),
    }
}

/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<MergedLibrary>, DbError> {
    let (rows, sources, pending) = with_conn!(db, |conn| {
        let rows: Vec<MergedLibraryRow> = merged_libraries::table
            .find(id)
            .select(MergedLibraryRow::as_select())
            .load(conn)
            .await?;
        let sources: Vec<MergedSourceRow> = merged_library_sources::table
            .filter(merged_library_sources::merged_library_id.eq(id))
            .select(MergedSourceRow::as_select())
            .load(conn)
            .await?;
        let pending: Vec<PendingSourceRow> = pending_sources::table
            .filter(pending_sources::merged_library_id.eq(id))
            .order(pending_sources::id)
            .select(PendingSourceRow::as_select())
            .load(conn)
            .await?;
        Ok::<_, DbError>((rows, sources, pending))
    })?;
    Ok(put_together(rows, sources, pending).pop())
}

/// Makes a library with its sources; gives its id.
///
/// # Errors
/// [`DbError::Missing`] when a server or the owner is gone.
pub async fn insert(
    db: &Db,
    library: &NewMergedLibrary,
    sources: &[NewSource],
) -> Result<i64, DbError> {
    let now = library.created_at;
    with_tx!(db, |conn| {
        let id: i64 = diesel::insert_into(merged_libraries::table)
            .values(library)
            .returning(merged_libraries::id)
            .get_result(conn)
            .await?;
        for source in sources {
            insert_source!(conn, id, source, now);
        }
        Ok(id)
    })
}

/// Changes a library; with `sources`, they become the whole list.
///
/// # Errors
/// As [`insert`]; [`DbError::NotFound`].
pub async fn update(
    db: &Db,
    id: i64,
    change: &MergedLibraryChange,
    sources: Option<&[NewSource]>,
    now: i64,
) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        let changed = diesel::update(merged_libraries::table.find(id))
            .set((change, merged_libraries::updated_at.eq(now)))
            .execute(conn)
            .await?;
        if changed == 0 {
            return Err(DbError::NotFound);
        }
        if let Some(sources) = sources {
            diesel::delete(
                merged_library_sources::table
                    .filter(merged_library_sources::merged_library_id.eq(id)),
            )
            .execute(conn)
            .await?;
            diesel::delete(
                pending_sources::table.filter(pending_sources::merged_library_id.eq(id)),
            )
            .execute(conn)
            .await?;
            // The whole list: what is not in it does not come back with its server either.
            diesel::delete(
                departed_sources::table.filter(departed_sources::merged_library_id.eq(id)),
            )
            .execute(conn)
            .await?;
            for source in sources {
                insert_source!(conn, id, source, now);
            }
        }
        Ok(())
    })
}

/// Deletes a library; the copies that it lists stay.
///
/// # Errors
/// [`DbError::NotFound`].
pub async fn delete(db: &Db, id: i64) -> Result<(), DbError> {
    let gone = with_conn!(db, |conn| diesel::delete(merged_libraries::table.find(id))
        .execute(conn)
        .await)?;
    if gone == 0 {
        return Err(DbError::NotFound);
    }
    Ok(())
}

/// Adds a source, or gives the one that is there another priority and name.
///
/// # Errors
/// [`DbError::Missing`] when the library or the server is gone.
pub async fn put_source(
    db: &Db,
    library: i64,
    source: &NewSource,
    now: i64,
) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        insert_source!(conn, library, source, now);
        diesel::update(merged_libraries::table.find(library))
            .set(merged_libraries::updated_at.eq(now))
            .execute(conn)
            .await?;
        Ok(())
    })
}

/// Takes a source out of a library; true if it was there.
///
/// # Errors
/// When the database fails.
pub async fn remove_source(
    db: &Db,
    library: i64,
    server_id: i64,
    library_id: &str,
    now: i64,
) -> Result<bool, DbError> {
    use merged_library_sources::dsl;
    with_tx!(db, |conn| {
        let gone = diesel::delete(
            dsl::merged_library_sources
                .filter(dsl::merged_library_id.eq(library))
                .filter(dsl::server_id.eq(server_id))
                .filter(dsl::library_id.eq(library_id)),
        )
        .execute(conn)
        .await?;
        diesel::update(merged_libraries::table.find(library))
            .set(merged_libraries::updated_at.eq(now))
            .execute(conn)
            .await?;
        Ok(gone > 0)
    })
}

/// Every source that waits.
///
/// # Errors
/// When the database fails.
pub async fn pending(db: &Db) -> Result<Vec<PendingSourceRow>, DbError> {
    with_conn!(db, |conn| pending_sources::table
        .order(pending_sources::id)
        .select(PendingSourceRow::as_select())
        .load(conn)
        .await)
}

/// Puts a found source in the place of one that waited.
///
/// # Errors
/// [`DbError::Missing`] when the library or the server is gone.
pub async fn resolve_pending(
    db: &Db,
    waiting: &PendingSourceRow,
    server_id: i64,
    library_id: &str,
    library_name: &str,
    now: i64,
) -> Result<(), DbError> {
    let found = NewSource::Found {
        server_id,
        library_id: library_id.to_owned(),
        library_name: library_name.to_owned(),
        priority: waiting.priority,
    };
    let library = waiting.merged_library_id;
    with_tx!(db, |conn| {
        let source = &found;
        diesel::delete(pending_sources::table.find(waiting.id))
            .execute(conn)
            .await?;
        insert_source!(conn, library, source, now);
        diesel::update(merged_libraries::table.find(library))
            .set(merged_libraries::updated_at.eq(now))
            .execute(conn)
            .await?;
        Ok(())
    })
}
