//! What a resolver answers instead of a value: a stable code, a text for people, and inside the cause.

use std::sync::Arc;

use crate::accounts::AccountsError;
use crate::catalog::CatalogError;
use crate::db::DbError;
use crate::error::InvalidInput;
use crate::jellyfin::UpstreamError;

/// `extensions.code` of a GraphQL error. Clients may rely on every one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The field needs a token and none, or an unknown one, came.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// An argument is wrong; `extensions.field` and `extensions.allowed` say more.
    BadInput,
    /// A name and password (or token) that do not fit.
    InvalidCredentials,
    /// Something stands in the way: a taken name, a server that is there already.
    Conflict,
    /// Too many attempts; try again later.
    RateLimited,
    /// A source server is needed for the answer and does not give one; `extensions.reason` says why.
    UpstreamUnavailable,
    /// The document goes beyond a limit.
    TooComplex,
    /// The document is no GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// Our own fault; the cause is in the log under `extensions.requestId`.
    Internal,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadInput => "BAD_INPUT",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::UpstreamUnavailable => "UPSTREAM_UNAVAILABLE",
            Self::TooComplex => "TOO_COMPLEX",
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::Internal => "INTERNAL",
        }
    }
}

/// The error of every resolver. `message` goes to the client, save for [`Code::Internal`].
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct GraphError {
    pub code: Code,
    pub message: String,
    /// The argument at fault.
    pub field: Option<String>,
    /// What the argument may be.
    pub allowed: Option<String>,
    /// A finer code, such as the kind of an upstream failure.
    pub reason: Option<String>,
    #[source]
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What resolvers return.
pub type GraphResult<T> = Result<T, GraphError>;

impl GraphError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            allowed: None,
            reason: None,
            cause: None,
        }
    }
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "sign in first: this needs a token")
    }
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }
    /// `what`: "item", "library" …
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }
    pub fn bad_input(field: &str, problem: impl Into<String>, allowed: impl Into<String>) -> Self {
        InvalidInput::new(field, problem, allowed).into()
    }
    /// Hides `cause` from the client and keeps it for the log.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            message: cause.to_string(),
            cause: Some(Arc::new(cause)),
            ..Self::new(Code::Internal, "")
        }
    }
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl From<InvalidInput> for GraphError {
    fn from(wrong: InvalidInput) -> Self {
        Self {
            field: Some(wrong.field.clone()),
            allowed: Some(wrong.allowed.clone()),
            ..Self::new(Code::BadInput, wrong.to_string())
        }
    }
}

impl From<CatalogError> for GraphError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::UnknownItem(_) => Self::not_found("item"),
            CatalogError::UnknownParent(_) => {
                Self::not_found("library or folder").in_field("parentId")
            }
            CatalogError::Unavailable(_) => {
                Self::new(Code::UpstreamUnavailable, error.to_string()).because("NO_COPY_AVAILABLE")
            }
            CatalogError::Upstream(error) => error.into(),
            CatalogError::Invalid(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<UpstreamError> for GraphError {
    fn from(error: UpstreamError) -> Self {
        Self::new(Code::UpstreamUnavailable, error.to_string()).because(error.code())
    }
}

impl From<AccountsError> for GraphError {
    fn from(error: AccountsError) -> Self {
        use AccountsError as E;
        let Some(reason) = error.code() else {
            return Self::internal(error);
        };
        let code = match &error {
            E::InvalidInput(wrong) => return wrong.clone().into(),
            E::InvalidCredentials => Code::InvalidCredentials,
            E::TooManyAttempts { .. } => Code::RateLimited,
            E::Forbidden => Code::Forbidden,
            E::NotFound(_) => Code::NotFound,
            E::WrongUpstreamCredentials => Code::BadInput,
            E::SignInRefused(_) => Code::Forbidden,
            E::Upstream(_) => Code::UpstreamUnavailable,
            _ => Code::Conflict,
        };
        Self::new(code, error.to_string()).because(reason)
    }
}

impl From<DbError> for GraphError {
    fn from(error: DbError) -> Self {
        Self::internal(error)
    }
}

impl From<serde_json::Error> for GraphError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}
