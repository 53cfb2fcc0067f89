//! A whole installation as one archive that restores into either database.
//!
//! The archive is zstd over lines of JSON: a header (format, version, migrations, tables with their
//! columns and counts), the secret keys where they were asked for, then per table a line that names it
//! and one array a row in the order of the columns, and an end with the SHA-256 of all lines before.
//! Integers are numbers, blobs lower case hex. Which tables there are is asked of the migrations
//! themselves, so none can be forgotten.

mod engine;
mod lines;
mod restore;
mod shape;
mod write;

use std::io::{Read, Write};

use diesel::result::Error as DieselError;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use serde::{Deserialize, Serialize};

use super::{Db, DbError};
use crate::model::Secret;
use engine::Postgres;
pub use lines::Archive;
pub use shape::{Column, Kind};

/// The format that this version writes, and the only one so far.
const FORMAT: u32 = 1;

/// What an archive says of itself before its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// The format; the key also tells what kind of file this is.
    pub manyfin_backup: u32,
    /// The Manyfin that made it.
    pub version: String,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Whether the secret keys are in it.
    pub has_key: bool,
    /// Versions of the migrations that made its tables.
    pub migrations: Vec<String>,
    /// In an order in which no row refers to a later one.
    pub tables: Vec<TableHead>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableHead {
    pub name: String,
    pub rows: u64,
    /// The highest id ever given, of tables that count their rows: ids are not given twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_id: Option<i64>,
    pub columns: Vec<Column>,
}

/// What was backed up or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub tables: usize,
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("this is no backup of Manyfin")]
    NotAnArchive,
    #[error(
        "the backup was made by a newer Manyfin ({version}), whose tables this one does not know; \
         update Manyfin first"
    )]
    Newer { version: String },
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    #[error("the database holds no installation: there is nothing to back up")]
    Nothing,
    #[error("the database was changed by a newer Manyfin; use that one")]
    DatabaseNewer,
    #[error(
        "the database holds an installation already ({rows} rows): restore into an empty one, or say \
         --force to replace all that it holds"
    )]
    Occupied { rows: u64 },
    #[error("the backup cannot be written: {0}")]
    Write(std::io::Error),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<DieselError> for ArchiveError {
    fn from(error: DieselError) -> Self {
        Self::Db(error.into())
    }
}

/// What goes into an archive beside the tables.
#[derive(Debug, Clone)]
pub struct About {
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// The keys of the stored secrets; none leaves them out.
    pub keys: Vec<Secret>,
}

impl Db {
    /// Writes everything, as it stands at one moment, while others read and write on.
    ///
    /// # Errors
    /// [`ArchiveError::Nothing`] for an empty database; else when database or sink fail.
    pub async fn backup(
        &self,
        sink: Box<dyn Write + Send>,
        about: About,
    ) -> Result<Moved, ArchiveError> {
        match self {
            Db::Sqlite(pool) => {
                let mut conn = pool.dedicated_connection().await?;
                conn.spawn_blocking(move |conn| Ok(write::write(conn, sink, &about)))
                    .await?
            }
            Db::Postgres(pool) => {
                let conn = pool.dedicated_connection().await?;
                let work = move || write::write(&mut wrap(conn), sink, &about);
                on_a_thread(work).await
            }
        }
    }

    /// Reads an archive into this database, in one transaction: all of it or nothing. `before_commit`
    /// is given the keys that the archive holds when every row is in; what it says stops it.
    ///
    /// # Errors
    /// [`ArchiveError::Occupied`] unless `replace` or the database is empty; else what is wrong with
    /// the archive.
    pub async fn restore(
        &self,
        archive: Archive,
        replace: bool,
        before_commit: impl FnOnce(&[Secret]) -> Result<(), String> + Send + 'static,
    ) -> Result<Moved, ArchiveError> {
        match self {
            Db::Sqlite(pool) => {
                let mut conn = pool.dedicated_connection().await?;
                conn.spawn_blocking(move |conn| {
                    Ok(restore::restore(conn, archive, replace, before_commit))
                })
                .await?
            }
            Db::Postgres(pool) => {
                let conn = pool.dedicated_connection().await?;
                let work =
                    move || restore::restore(&mut wrap(conn), archive, replace, before_commit);
                on_a_thread(work).await
            }
        }
    }
}

impl Archive {
    /// Reads the header of an archive.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`], [`ArchiveError::Newer`] or [`ArchiveError::Damaged`].
    pub fn open(source: Box<dyn Read + Send>) -> Result<Self, ArchiveError> {
        lines::open(source)
    }
}

fn wrap(conn: diesel_async::AsyncPgConnection) -> Postgres {
    AsyncConnectionWrapper::from(conn)
}

async fn on_a_thread(
    work: impl FnOnce() -> Result<Moved, ArchiveError> + Send + 'static,
) -> Result<Moved, ArchiveError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| DbError::Open(error.to_string()))?
}
