//! Which of several replicas does what only one may do.

use diesel::QueryableByName;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::Mutex;

use super::connection::LOCK_SPACE;
use super::{Db, DbError};

/// Above every [`super::connection::Topic`].
const LEADER: i32 = 1000;

/// Held for as long as this lives and its connection does.
pub struct Leadership(Option<Mutex<AsyncPgConnection>>);

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Takes the lead if nobody has it. On SQLite there is one process, which always leads.
///
/// # Errors
/// When the database does not answer.
pub async fn try_lead(db: &Db) -> Result<Option<Leadership>, DbError> {
    let pool = match db {
        Db::Sqlite(_) => return Ok(Some(Leadership(None))),
        Db::Postgres(pool) => pool,
    };
    // A connection of its own: the lock lives and dies with it.
    let mut conn = pool.dedicated_connection().await?;
    let query = format!("SELECT pg_try_advisory_lock({LOCK_SPACE}, {LEADER}) AS taken");
    let row: Taken = diesel::sql_query(query).get_result(&mut conn).await?;
    Ok(row.taken.then(|| Leadership(Some(Mutex::new(conn)))))
}

impl Leadership {
    /// Whether the lock still stands: false once its connection broke, and another may lead.
    pub async fn holds(&self) -> bool {
        match &self.0 {
            None => true,
            Some(conn) => conn.lock().await.batch_execute("SELECT 1").await.is_ok(),
        }
    }
}
