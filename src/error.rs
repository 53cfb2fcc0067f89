//! What every layer may say about a failure that a caller can do something about.

use std::error::Error;
use std::io;

use http_body_util::LengthLimitError;

/// An input that was refused: which field, what was wrong, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}; allowed: {allowed}")]
pub struct InvalidInput {
    pub field: String,
    pub problem: String,
    pub allowed: String,
}

impl InvalidInput {
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
            allowed: allowed.into(),
        }
    }
}

/// Why the body of a request could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than is taken.
    TooLarge,
    /// Its sender was waited for in vain.
    TooSlow,
    /// The connection broke, or its framing is wrong.
    Broken,
}

impl Unread {
    /// What an error of a body means: the cause lies below some wrappers.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut) {
                return Self::TooSlow;
            }
            cause = error.source();
        }
        Self::Broken
    }
}
