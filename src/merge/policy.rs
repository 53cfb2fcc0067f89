//! Which copy of an item comes first.

use std::fmt;
use std::str::FromStr;

use crate::error::InvalidInput;

/// What a merged library prefers among the available copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SourcePolicy {
    /// The source with the highest priority; equal ones by quality, then speed.
    #[default]
    Priority,
    /// The best quality; equal ones by speed, then priority.
    Quality,
    /// The fastest server; equal ones by quality, then priority.
    Fastest,
}

impl SourcePolicy {
    pub const ALL: [Self; 3] = [Self::Priority, Self::Quality, Self::Fastest];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Quality => "quality",
            Self::Fastest => "fastest",
        }
    }
}

impl fmt::Display for SourcePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SourcePolicy {
    type Err = InvalidInput;
    /// Any case.
    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let wanted = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str() == wanted)
            .ok_or_else(|| {
                InvalidInput::new(
                    "source_policy",
                    format!("`{text}` is none"),
                    "priority, quality, fastest",
                )
            })
    }
}
