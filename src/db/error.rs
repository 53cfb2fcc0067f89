//! What can go wrong with the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the database. None of these texts holds the database's address.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("database_url cannot be used: {0}")]
    Url(String),
    #[error("the database cannot be opened: {0}")]
    Open(String),
    #[error("no connection to the database became free in time")]
    Busy,
    #[error("migration failed: {0}")]
    Migration(String),
    #[error("no such row")]
    NotFound,
    /// A uniqueness rule was hit; the text names it as the database does.
    #[error("there is such a row already ({0})")]
    Conflict(String),
    /// A row that is referred to does not exist.
    #[error("a row that this one needs does not exist ({0})")]
    Missing(String),
    #[error("the last administrator must stay one")]
    LastAdministrator,
    #[error("the database failed: {0}")]
    Query(#[source] DieselError),
    /// What is stored does not read as what it must be.
    #[error("{0} is damaged in the database")]
    Damaged(String),
}

impl DbError {
    /// Whether a uniqueness rule was hit that names `what` (a column or an index).
    pub fn is_conflict_on(&self, what: &str) -> bool {
        matches!(self, Self::Conflict(rule) if rule.contains(what))
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, info) => {
                let rule = || {
                    info.constraint_name()
                        .unwrap_or_else(|| info.message())
                        .to_owned()
                };
                match kind {
                    DatabaseErrorKind::UniqueViolation => Self::Conflict(rule()),
                    DatabaseErrorKind::ForeignKeyViolation => Self::Missing(rule()),
                    _ => Self::Query(DieselError::DatabaseError(kind, info)),
                }
            }
            other => Self::Query(other),
        }
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for DbError {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        use diesel_async::pooled_connection::bb8::RunError;
        match error {
            RunError::TimedOut => Self::Busy,
            RunError::User(error) => Self::Open(error.to_string()),
        }
    }
}
