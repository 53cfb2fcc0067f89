//! The database: SQLite or PostgreSQL behind one type. Only this layer knows diesel.
//!
//! One file a table, holding its row structs and its queries. Every time is a `BIGINT` of
//! milliseconds since 1970 (UTC), every id 32 hex digits, every JSON document text.

#[macro_use]
mod connection;

pub mod access;
pub mod archive;
pub mod audit;
pub mod bodies;
pub mod byte_prints;
pub mod copies;
pub mod crawls;
pub mod decisions;
pub mod departed;
pub mod departed_sources;
pub mod display_preferences;
mod error;
pub mod extras;
pub mod installation;
pub mod items;
pub mod leader;
pub mod links;
pub mod merged_libraries;
mod migrate;
pub mod outbox;
pub mod play_choices;
mod postgres;
pub mod schema;
pub mod secrets;
pub mod servers;
pub mod sessions;
pub mod shown_items;
pub mod snapshot;
pub mod source_libraries;
mod sqlite;
pub mod user_items;
pub mod users;

pub use error::DbError;
pub use migrate::MigrationState;

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub enum Db {
    Sqlite(sqlite::Connections),
    Postgres(postgres::Connections),
}

impl Db {
    /// Opens `sqlite://path` (made when missing) or `postgres://user:password@host/name`.
    /// Nothing is migrated yet.
    ///
    /// # Errors
    /// [`DbError::Url`] for any other address, [`DbError::Open`] when the database does not answer.
    /// Neither repeats the address, which may hold a password.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => sqlite::open(url).await.map(Self::Sqlite),
            "postgres" | "postgresql" => postgres::open(url).await.map(Self::Postgres),
            _ => Err(DbError::Url(
                "it must start with sqlite:// or postgres://".into(),
            )),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub async fn ping(&self) -> Result<(), DbError> {
        use diesel_async::SimpleAsyncConnection;
        with_conn!(self, |conn| conn.batch_execute("SELECT 1").await)
    }
}

/// A database whose queries all belong to one transaction. Unless it is committed, nothing of them
/// stays. Meanwhile nothing else may be asked to write by whoever holds it: on SQLite that would wait
/// for itself.
#[derive(Debug)]
pub struct Transaction(Db);

impl Db {
    /// Begins a transaction over several queries.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        Ok(Transaction(match self {
            Self::Sqlite(connections) => Self::Sqlite(connections.begin().await?),
            Self::Postgres(connections) => Self::Postgres(connections.begin().await?),
        }))
    }
}

impl Transaction {
    /// Keeps what was done.
    ///
    /// # Errors
    /// When the database fails; then nothing was done.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.0 {
            Db::Sqlite(connections) => connections.commit().await,
            Db::Postgres(connections) => connections.commit().await,
        }
    }
}

impl std::ops::Deref for Transaction {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.0
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.kind())
    }
}
