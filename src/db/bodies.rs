//! The full JSON of each copy as last seen, compressed, and what box sets and playlists hold.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{copies, copy_bodies, copy_members};
use super::{Db, DbError};

const CHUNK: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = copy_bodies)]
pub struct BodyRow {
    pub copy_id: i64,
    /// zstd.
    pub body: Vec<u8>,
    pub fetched_at: i64,
}

/// What a fetched body says of its copy.
#[derive(Debug, Clone)]
pub struct BodyWrite {
    pub copy_id: i64,
    /// Absent: the server has none for it.
    pub body: Option<BodyRow>,
    /// Marks the body as the present one.
    pub etag: String,
    /// The light part with what only the body knows, when it differs, and when that was seen.
    pub light: Option<(String, i64)>,
    /// What it holds, when that was asked for.
    pub members: Option<Vec<String>>,
}

/// # Errors
/// When the database fails.
pub async fn get(db: &Db, copy_ids: &[i64]) -> Result<Vec<BodyRow>, DbError> {
    with_conn!(db, |conn| {
        let mut rows = Vec::with_capacity(copy_ids.len());
        for chunk in copy_ids.chunks(CHUNK) {
            let found: Vec<BodyRow> = copy_bodies::table
                .filter(copy_bodies::copy_id.eq_any(chunk))
                .select(BodyRow::as_select())
                .load(conn)
                .await?;
            rows.extend(found);
        }
        Ok::<_, DbError>(rows)
    })
}

/// Keeps bodies of copies that are still there.
///
/// # Errors
/// When the database fails.
pub async fn put(db: &Db, rows: &[BodyRow]) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for row in rows {
            let there: Option<i64> = copies::table
                .find(row.copy_id)
                .select(copies::id)
                .first(conn)
                .await
                .optional()?;
            if there.is_some() {
                diesel::insert_into(copy_bodies::table)
                    .values(row)
                    .on_conflict(copy_bodies::copy_id)
                    .do_update()
                    .set(row)
                    .execute(conn)
                    .await?;
            }
        }
        Ok(())
    })
}

/// Members of these copies, as (copy, member's upstream id), in order.
///
/// # Errors
/// When the database fails.
pub async fn members(db: &Db, copy_ids: &[i64]) -> Result<Vec<(i64, String)>, DbError> {
    with_conn!(db, |conn| copy_members::table
        .filter(copy_members::copy_id.eq_any(copy_ids))
        .order((copy_members::copy_id, copy_members::position))
        .select((copy_members::copy_id, copy_members::member_upstream_id))
        .load(conn)
        .await)
}

/// Writes what a batch of bodies said, all or nothing; copies that are gone are passed over.
///
/// # Errors
/// When the database fails.
pub async fn write_batch(db: &Db, batch: &[BodyWrite]) -> Result<(), DbError> {
    with_tx!(db, |conn| {
        for write in batch {
            let marked = diesel::update(copies::table.find(write.copy_id))
                .set(copies::etag.eq(&write.etag))
                .execute(conn)
                .await?;
            if marked == 0 {
                continue;
            }
            if let Some((light, at)) = &write.light {
                diesel::update(copies::table.find(write.copy_id))
                    .set((copies::light.eq(light), copies::changed_at.eq(at)))
                    .execute(conn)
                    .await?;
            }
            if let Some(row) = &write.body {
                diesel::insert_into(copy_bodies::table)
                    .values(row)
                    .on_conflict(copy_bodies::copy_id)
                    .do_update()
                    .set(row)
                    .execute(conn)
                    .await?;
            }
            let Some(members) = &write.members else {
                continue;
            };
            diesel::delete(copy_members::table.filter(copy_members::copy_id.eq(write.copy_id)))
                .execute(conn)
                .await?;
            for (member, position) in members.iter().zip(0i32..) {
                diesel::insert_into(copy_members::table)
                    .values((
                        copy_members::copy_id.eq(write.copy_id),
                        copy_members::position.eq(position),
                        copy_members::member_upstream_id.eq(member),
                    ))
                    .execute(conn)
                    .await?;
            }
        }
        Ok(())
    })
}
