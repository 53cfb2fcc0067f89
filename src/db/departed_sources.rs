//! What servers that were removed are in merged libraries again, should they come back: by their keys, which
//! outlive their rows.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{departed_sources, merged_libraries, merged_library_sources, servers};
use super::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = departed_sources)]
pub struct DepartedSource {
    pub merged_library_id: i64,
    pub server_key: String,
    pub library_id: String,
    pub library_name: String,
    pub priority: i32,
}

/// Keeps what a server is in merged libraries; to be called before it is deleted.
///
/// # Errors
/// When the database fails.
pub async fn keep(db: &Db, server_id: i64) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        let rows: Vec<DepartedSource> = merged_library_sources::table
            .inner_join(servers::table)
            .filter(servers::id.eq(server_id))
            .select((
                merged_library_sources::merged_library_id,
                servers::server_key,
                merged_library_sources::library_id,
                merged_library_sources::library_name,
                merged_library_sources::priority,
            ))
            .load(conn)
            .await?;
        for row in &rows {
            diesel::insert_into(departed_sources::table)
                .values(row)
                .on_conflict((
                    departed_sources::merged_library_id,
                    departed_sources::server_key,
                    departed_sources::library_id,
                ))
                .do_update()
                .set(row)
                .execute(conn)
                .await?;
        }
        Ok(())
    })
}

/// Puts a server that has its key again where it was. What somebody put there meanwhile stays as they did.
///
/// # Errors
/// [`DbError::Missing`] when the server is gone.
pub async fn take_back(db: &Db, server_id: i64, server_key: &str, now: i64) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        let kept = || departed_sources::table.filter(departed_sources::server_key.eq(server_key));
        let rows: Vec<DepartedSource> = kept()
            .select(DepartedSource::as_select())
            .load(conn)
            .await?;
        for row in &rows {
            use merged_library_sources::dsl;
            diesel::insert_into(dsl::merged_library_sources)
                .values((
                    dsl::merged_library_id.eq(row.merged_library_id),
                    dsl::server_id.eq(server_id),
                    dsl::library_id.eq(&row.library_id),
                    dsl::library_name.eq(&row.library_name),
                    dsl::priority.eq(row.priority),
                    dsl::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            diesel::update(merged_libraries::table.find(row.merged_library_id))
                .set(merged_libraries::updated_at.eq(now))
                .execute(conn)
                .await?;
        }
        diesel::delete(kept()).execute(conn).await?;
        Ok(())
    })
}
