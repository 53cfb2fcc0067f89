//! SQLite: one file, write-ahead log, several connections.

use std::time::Duration;

use diesel::{Connection, SqliteConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, bb8};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use futures::FutureExt;

use super::DbError;
use crate::config::private;

pub type SqliteConn = SyncConnectionWrapper<SqliteConnection>;
type Pool = bb8::Pool<SqliteConn>;
connections!(SqliteConn);

/// Readers do not wait for one another; more than this many at once gain nothing on one file.
const CONNECTIONS: u32 = 8;

/// `busy_timeout` comes first: the switch to WAL itself may have to wait for another process.
const SETUP: &str = "PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -2000; \
    PRAGMA temp_store = MEMORY;";

pub(super) async fn open(url: &str) -> Result<Connections, DbError> {
    let path = path_of(url)?;
    if let Some(folder) = std::path::Path::new(&path).parent() {
        private::make_folder(folder).map_err(|error| {
            DbError::Open(format!("the folder of the file cannot be made: {error}"))
        })?;
    }
    // SQLite gives the files beside it the mode of this one.
    private::make_file(std::path::Path::new(&path))
        .map_err(|error| DbError::Open(format!("the file cannot be made: {error}")))?;
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|path| {
        let path = path.to_owned();
        async move {
            tokio::task::spawn_blocking(move || {
                use diesel::connection::SimpleConnection;
                let mut conn = SqliteConnection::establish(&path)?;
                conn.batch_execute(SETUP)
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(SyncConnectionWrapper::new(conn))
            })
            .await
            .map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))?
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path, config);
    let pool = Pool::builder()
        .max_size(CONNECTIONS)
        .connection_timeout(Duration::from_secs(30))
        // A file does not hang up.
        .test_on_check_out(false)
        .build(manager)
        .await
        .map_err(|error| DbError::Open(error.to_string()))?;
    // `build` connects to nothing; a path that cannot be opened is told now.
    drop(pool.get().await?);
    Ok(Connections::Pool(pool))
}

/// The file of `sqlite://data/manyfin.db` (relative) or `sqlite:///var/lib/manyfin.db`.
fn path_of(url: &str) -> Result<String, DbError> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(DbError::Url(
            "sqlite:// needs the path of a file, without parameters (a database in memory could \
             not be shared by several connections)"
                .into(),
        ));
    }
    Ok(path.to_owned())
}
