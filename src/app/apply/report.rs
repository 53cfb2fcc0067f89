//! What a run tells: changes and problems, for people and for machines. No secrets.

use std::fmt;

use serde::Serialize;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Added,
    Changed,
    Removed,
    /// Asked for, and not done, for a reason that is no fault of the file.
    Kept,
}

/// To what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Server,
    User,
    Link,
    MergedLibrary,
}

/// One change, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub action: Action,
    pub kind: Kind,
    /// The name in the file; of a link, that of its user.
    pub name: String,
    /// All of it in words.
    pub text: String,
}

impl Change {
    /// Whether anything is other than before.
    pub fn is_change(&self) -> bool {
        self.action != Action::Kept
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Something that the file asks for and that could not be brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `server attic`.
    pub subject: String,
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.text)
    }
}

/// A file that could not be applied in whole.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", lines(problems))]
pub struct ApplyError {
    /// What was changed all the same.
    pub changes: Vec<Change>,
    /// At least one.
    pub problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("; ")
}
