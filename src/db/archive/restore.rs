//! Reading an archive into a database.
//!
//! The tables are made as they were when the archive was, filled, and then brought up to date by the
//! same migrations that any upgrade runs: so an old archive needs no rules of its own.

use super::engine::{Engine, versions};
use super::shape::{self, Table};
use super::{Archive, ArchiveError, Moved};
use crate::db::DbError;
use crate::model::Secret;

/// Rows and bytes that are put in at once.
const ROWS: usize = 200;
const BYTES: usize = 4 << 20;

pub(super) fn restore<E: Engine>(
    conn: &mut E,
    archive: Archive,
    replace: bool,
    before_commit: impl FnOnce(&[Secret]) -> Result<(), String>,
) -> Result<Moved, ArchiveError> {
    let tables = tables(&archive)?;
    let Archive {
        header,
        keys,
        mut lines,
    } = archive;
    let restored = conn.alone(|conn| {
        clear(conn, replace)?;
        let mut later = Vec::new();
        for migration in E::known()? {
            let version = migration.name().version().to_string();
            if header.migrations.contains(&version) {
                migrated(conn.run_migration(&migration))?;
            } else {
                later.push(migration);
            }
        }
        let mut moved = Moved {
            tables: tables.len(),
            rows: 0,
        };
        for (table, head) in tables.iter().zip(&header.tables) {
            lines.begin(&table.name)?;
            fill(conn, table, head.rows, &mut lines)?;
            if let (true, Some(last)) = (table.counts, head.last_id) {
                conn.set_last_id(table, last)?;
            }
            moved.rows += head.rows;
        }
        lines.end()?;
        for migration in later {
            migrated(conn.run_migration(&migration))?;
        }
        before_commit(&keys).map_err(ArchiveError::Refused)?;
        Ok(moved)
    });
    match restored {
        // The sums come last: rows that the database refuses may be what the damage made of them.
        Err(ArchiveError::Db(error)) => Err(lines.skip_to_end().err().unwrap_or(error.into())),
        restored => restored,
    }
}

/// The archive's tables, which must be those that its migrations make.
fn tables(archive: &Archive) -> Result<Vec<Table>, ArchiveError> {
    let header = &archive.header;
    let known = shape::at(&header.migrations)?.ok_or_else(|| ArchiveError::Newer {
        version: header.version.clone(),
    })?;
    let tables: Vec<Table> = header
        .tables
        .iter()
        .map(|head| Table {
            name: head.name.clone(),
            columns: head.columns.clone(),
            counts: head.last_id.is_some(),
        })
        .collect();
    let same = tables.len() == known.len()
        && known.iter().all(|table| {
            tables.iter().any(|other| {
                other.name == table.name
                    && other.counts == table.counts
                    && other.columns.len() == table.columns.len()
                    && table.columns.iter().all(|one| other.columns.contains(one))
            })
        });
    match same {
        true => Ok(tables),
        false => Err(ArchiveError::Damaged(
            "its tables are not those of its migrations".into(),
        )),
    }
}

/// Takes back every migration, so that the archive's can be run.
fn clear<E: Engine>(conn: &mut E, replace: bool) -> Result<(), ArchiveError> {
    let applied = versions(conn)?;
    let there = shape::at(&applied)?.ok_or(ArchiveError::DatabaseNewer)?;
    let mut rows = 0;
    for table in &there {
        rows += conn.count(table)?;
    }
    if rows > 0 && !replace {
        return Err(ArchiveError::Occupied { rows });
    }
    for migration in E::known()?.iter().rev() {
        if applied.contains(&migration.name().version().to_string()) {
            migrated(conn.revert_migration(migration))?;
        }
    }
    // Makes the migrations' own table where this is the first time.
    migrated(conn.applied_migrations())?;
    Ok(())
}

fn fill<E: Engine>(
    conn: &mut E,
    table: &Table,
    rows: u64,
    lines: &mut super::lines::Lines,
) -> Result<(), ArchiveError> {
    let insert = E::insert(table);
    let mut left = rows;
    while left > 0 {
        let mut batch = String::from("[");
        let mut count = 0;
        while left > 0 && count < ROWS && batch.len() < BYTES {
            if count > 0 {
                batch.push(',');
            }
            batch.push_str(lines.row(&table.columns)?);
            count += 1;
            left -= 1;
        }
        batch.push(']');
        let put = conn.put(&insert, &batch)?;
        if put != count {
            let told = format!("{} rows of {count} went into {}", put, table.name);
            return Err(ArchiveError::Damaged(told));
        }
    }
    Ok(())
}

fn migrated<T>(done: diesel::migration::Result<T>) -> Result<T, DbError> {
    done.map_err(|error| DbError::Migration(error.to_string()))
}
