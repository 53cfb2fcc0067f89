//! One query body for both databases, and transactions that are safe on both.

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};

use super::sqlite::SqliteConn;

/// What queries take their connection from: the pool, or a transaction that is open. Either is taken
/// and given back for one query, so the same queries run alone and as a part of something greater.
macro_rules! connections {
    ($conn:ty) => {
        #[derive(Clone)]
        pub enum Connections {
            Pool(Pool),
            Held(std::sync::Arc<tokio::sync::Mutex<Pooled<'static>>>),
        }

        type Pooled<'a> = diesel_async::pooled_connection::bb8::PooledConnection<'a, $conn>;

        #[allow(
            clippy::large_enum_variant,
            reason = "it lives on the stack, for one query"
        )]
        pub enum Guard<'a> {
            Pool(Pooled<'a>),
            Held(tokio::sync::MutexGuard<'a, Pooled<'static>>),
        }

        impl Connections {
            pub(in crate::db) async fn get(&self) -> Result<Guard<'_>, DbError> {
                Ok(match self {
                    Self::Pool(pool) => Guard::Pool(pool.get().await?),
                    Self::Held(held) => Guard::Held(held.lock().await),
                })
            }

            /// A connection that is not the pool's.
            pub(in crate::db) async fn dedicated_connection(&self) -> Result<$conn, DbError> {
                match self {
                    Self::Pool(pool) => pool
                        .dedicated_connection()
                        .await
                        .map_err(|error| DbError::Open(error.to_string())),
                    Self::Held(_) => Err(DbError::Open("a transaction has one connection".into())),
                }
            }

            /// The same on one connection, in a transaction. One within another is a savepoint of it.
            pub(in crate::db) async fn begin(&self) -> Result<Self, DbError> {
                use crate::db::connection::Transact as _;
                let held = match self {
                    Self::Pool(pool) => {
                        std::sync::Arc::new(tokio::sync::Mutex::new(pool.get_owned().await?))
                    }
                    Self::Held(held) => held.clone(),
                };
                held.lock().await.begin().await?;
                Ok(Self::Held(held))
            }

            pub(in crate::db) async fn commit(self) -> Result<(), DbError> {
                use crate::db::connection::Transact as _;
                match self {
                    Self::Pool(_) => Ok(()),
                    Self::Held(held) => Ok(held.lock().await.commit().await?),
                }
            }
        }

        impl std::ops::Deref for Guard<'_> {
            type Target = $conn;
            fn deref(&self) -> &$conn {
                match self {
                    Self::Pool(conn) => conn,
                    Self::Held(conn) => conn,
                }
            }
        }

        impl std::ops::DerefMut for Guard<'_> {
            fn deref_mut(&mut self) -> &mut $conn {
                match self {
                    Self::Pool(conn) => conn,
                    Self::Held(conn) => conn,
                }
            }
        }
    };
}

/// Runs a body on a connection from the pool: `with_conn!(db, |conn| query.load(conn).await)`.
///
/// The body ends in a `Result<_, E>` with `DbError: From<E>`; `?` in it leaves the body only.
/// The whole is a `Result<_, DbError>`. For one statement, or several that need not agree.
macro_rules! with_conn {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(pool) => {
                async {
                    let mut guard = pool.get().await?;
                    let $conn = &mut *guard;
                    $body.map_err($crate::db::DbError::from)
                }
                .await
            }
            $crate::db::Db::Postgres(pool) => {
                async {
                    let mut guard = pool.get().await?;
                    let $conn = &mut *guard;
                    $body.map_err($crate::db::DbError::from)
                }
                .await
            }
        }
    };
}

/// Runs a body in a transaction: committed when it ends in `Ok`, undone when in `Err`.
///
/// On SQLite the transaction is immediate, because one that reads first and then writes fails with
/// "database is locked" otherwise. On PostgreSQL it is `READ COMMITTED`: a body whose write depends
/// on what it read says `conn.serialize(Topic::…)` first. The body ends in `Result<_, DbError>`.
macro_rules! with_tx {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(pool) => with_tx!(@arm pool, $conn, $body),
            $crate::db::Db::Postgres(pool) => with_tx!(@arm pool, $conn, $body),
        }
    };
    (@arm $pool:expr, $conn:ident, $body:expr) => {
        async {
            use $crate::db::connection::Transact as _;
            let mut guard = $pool.get().await?;
            guard.begin().await?;
            let result: Result<_, $crate::db::DbError> = async {
                let $conn = &mut *guard;
                $body
            }
            .await;
            // A dropped future leaves the transaction open; the pool then drops the connection.
            match result {
                Ok(value) => {
                    guard.commit().await?;
                    Ok(value)
                }
                Err(error) => {
                    guard.rollback().await?;
                    Err(error)
                }
            }
        }
        .await
    };
}

/// What only one transaction at a time may decide about.
#[derive(Clone, Copy)]
pub(crate) enum Topic {
    /// Who is an administrator, and which names are taken.
    Users = 1,
    /// Which servers there are, and under which keys.
    Servers = 2,
}

/// Locks of the session or transaction share PostgreSQL's one number space with other
/// applications of the database; this half is ours ("mnfy").
pub(super) const LOCK_SPACE: i32 = 0x6d6e_6679;

/// Transactions, said once for both databases.
pub(crate) trait Transact: Send {
    fn begin(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    fn commit(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    fn rollback(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    /// Waits until no other transaction decides about this, to the end of the transaction.
    fn serialize(&mut self, topic: Topic) -> impl Future<Output = QueryResult<()>> + Send;
}

impl Transact for SqliteConn {
    async fn begin(&mut self) -> QueryResult<()> {
        self.spawn_blocking(|conn| {
            let status = AnsiTransactionManager::transaction_manager_status_mut(conn);
            match status.transaction_depth()? {
                None => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
                // A savepoint; the transaction around it is immediate.
                Some(_) => AnsiTransactionManager::begin_transaction(conn),
            }
        })
        .await
    }
    async fn commit(&mut self) -> QueryResult<()> {
        <Self as AsyncConnection>::TransactionManager::commit_transaction(self).await
    }
    async fn rollback(&mut self) -> QueryResult<()> {
        <Self as AsyncConnection>::TransactionManager::rollback_transaction(self).await
    }
    /// An immediate transaction is alone already.
    async fn serialize(&mut self, _topic: Topic) -> QueryResult<()> {
        Ok(())
    }
}

impl Transact for AsyncPgConnection {
    async fn begin(&mut self) -> QueryResult<()> {
        <Self as AsyncConnection>::TransactionManager::begin_transaction(self).await
    }
    async fn commit(&mut self) -> QueryResult<()> {
        <Self as AsyncConnection>::TransactionManager::commit_transaction(self).await
    }
    async fn rollback(&mut self) -> QueryResult<()> {
        <Self as AsyncConnection>::TransactionManager::rollback_transaction(self).await
    }
    async fn serialize(&mut self, topic: Topic) -> QueryResult<()> {
        let topic = topic as i32;
        self.batch_execute(&format!(
            "SELECT pg_advisory_xact_lock({LOCK_SPACE}, {topic})"
        ))
        .await
    }
}
