//! Answers on standard output: for people, or as JSON.

use std::io::Write as _;

use serde_json::Value;

/// Which of the two the caller asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one answer. A reader that went away (`| head`) is no failure.
    pub(super) fn print(self, json: Value, text: impl FnOnce() -> String) {
        let answer = if self.json { json.to_string() } else { text() };
        let _ = writeln!(std::io::stdout().lock(), "{answer}");
    }
}
