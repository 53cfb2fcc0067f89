//! The migrations: two folders with the same names that end in the same schema.

use diesel::migration::{Migration, MigrationSource};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::LOCK_SPACE;
use super::{Db, DbError};

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Keeps two replicas from migrating at once.
pub(super) const MIGRATING: i32 = 1001;

/// One migration and whether it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    pub name: String,
    pub applied: bool,
}

#[derive(Clone, Copy)]
enum Deed {
    Up,
    Down,
    Status,
}

impl Db {
    /// Runs every migration that was not run yet; tells their names.
    ///
    /// # Errors
    /// [`DbError::Migration`], the migrations before the failing one being done.
    pub async fn migrate_up(&self) -> Result<Vec<String>, DbError> {
        let before = self.migrate_status().await?;
        if before.iter().all(|state| state.applied) {
            return Ok(Vec::new());
        }
        self.migrations(Deed::Up).await?;
        let open = before.into_iter().filter(|state| !state.applied);
        Ok(open.map(|state| state.name).collect())
    }

    /// Undoes the latest migration; tells its name. **Drops its tables.**
    ///
    /// # Errors
    /// [`DbError::NotFound`] when none was run.
    pub async fn migrate_down(&self) -> Result<String, DbError> {
        let before = self.migrate_status().await?;
        let last = before.into_iter().rfind(|state| state.applied);
        let name = last.ok_or(DbError::NotFound)?.name;
        self.migrations(Deed::Down).await?;
        Ok(name)
    }

    /// Every migration in order.
    ///
    /// # Errors
    /// [`DbError::Migration`] when the database cannot tell.
    pub async fn migrate_status(&self) -> Result<Vec<MigrationState>, DbError> {
        self.migrations(Deed::Status).await
    }

    async fn migrations(&self, deed: Deed) -> Result<Vec<MigrationState>, DbError> {
        match self {
            Db::Sqlite(pool) => {
                let conn = pool.dedicated_connection().await?;
                run(conn, SQLITE, deed).await
            }
            Db::Postgres(pool) => {
                let mut conn = pool.dedicated_connection().await?;
                // The lock ends with the connection.
                lock(&mut conn).await?;
                run(conn, POSTGRES, deed).await
            }
        }
    }
}

async fn lock(conn: &mut AsyncPgConnection) -> Result<(), DbError> {
    let query = format!("SELECT pg_advisory_lock({LOCK_SPACE}, {MIGRATING})");
    Ok(conn.batch_execute(&query).await?)
}

/// diesel's migrations are synchronous: they run on a thread of their own.
async fn run<C>(
    conn: C,
    source: EmbeddedMigrations,
    deed: Deed,
) -> Result<Vec<MigrationState>, DbError>
where
    C: AsyncConnection + 'static,
    EmbeddedMigrations: MigrationSource<C::Backend>,
    AsyncConnectionWrapper<C>: MigrationHarness<C::Backend>,
{
    let work = move || -> diesel::migration::Result<Vec<MigrationState>> {
        let mut all = MigrationSource::<C::Backend>::migrations(&source)?;
        all.sort_by_key(|migration| migration.name().version().as_owned());
        let mut conn = AsyncConnectionWrapper::<C>::from(conn);
        match deed {
            Deed::Up => drop(conn.run_pending_migrations(source)?),
            Deed::Down => drop(conn.revert_last_migration(source)?),
            Deed::Status => {}
        }
        let applied = conn.applied_migrations()?;
        Ok(all
            .iter()
            .map(|migration| MigrationState {
                name: migration.name().to_string(),
                applied: applied.contains(&migration.name().version().as_owned()),
            })
            .collect())
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| DbError::Migration(error.to_string()))?
        .map_err(|error| DbError::Migration(error.to_string()))
}
