//! What can go wrong with accounts, each with a stable word for the API.

use super::vault::VaultError;
use crate::db::DbError;
use crate::error::InvalidInput;
use crate::jellyfin::UpstreamError;

#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// Says on purpose neither whether the name exists nor what was wrong.
    #[error("the name or the password is wrong")]
    InvalidCredentials,
    #[error("too many attempts; try again in {retry_after_s} s")]
    TooManyAttempts { retry_after_s: u64 },
    #[error("you may not do this")]
    Forbidden,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("the name {name} is taken; ask an administrator to choose another for you")]
    NameTaken { name: String },
    #[error("the last administrator must stay one")]
    LastAdministrator,
    /// An upstream account was right, but signs nobody in.
    #[error("this account does not sign in here: {0}")]
    SignInRefused(&'static str),
    #[error("this is the server that is here as {name}; force it if it is another one")]
    DuplicateServer { name: String },
    #[error("the server does not accept this account: the name, password or token is wrong")]
    WrongUpstreamCredentials,
    #[error("set-up is over: there is an administrator")]
    SetUpIsOver,
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(DbError),
    #[error("internal failure: {0}")]
    Internal(String),
}

impl AccountsError {
    /// A stable word for the API; none for what is told to nobody but the log.
    pub fn code(&self) -> Option<&'static str> {
        let word = match self {
            Self::InvalidInput(_) => "BAD_INPUT",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::NameTaken { .. } => "NAME_TAKEN",
            Self::LastAdministrator => "LAST_ADMINISTRATOR",
            Self::SignInRefused(_) => "SIGN_IN_REFUSED",
            Self::DuplicateServer { .. } => "DUPLICATE_SERVER",
            Self::WrongUpstreamCredentials => "WRONG_UPSTREAM_CREDENTIALS",
            Self::SetUpIsOver => "SET_UP_IS_OVER",
            Self::Upstream(error) => error.code(),
            Self::Vault(_) | Self::Db(_) | Self::Internal(_) => return None,
        };
        Some(word)
    }
}

/// What changed or went meanwhile has an error of its own.
pub(super) fn found<T>(what: &'static str, result: Result<T, DbError>) -> Result<T, AccountsError> {
    match result {
        Err(DbError::NotFound | DbError::Missing(_)) => Err(AccountsError::NotFound(what)),
        other => Ok(other?),
    }
}

impl From<UpstreamError> for AccountsError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unauthorized | UpstreamError::Forbidden => {
                Self::WrongUpstreamCredentials
            }
            other => Self::Upstream(other),
        }
    }
}

impl From<DbError> for AccountsError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::LastAdministrator => Self::LastAdministrator,
            other => Self::Db(other),
        }
    }
}
