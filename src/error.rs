//! What every layer may say about a failure that a caller can do something about.

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
