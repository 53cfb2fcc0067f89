use std::io::Write as _;

use super::Failure;
use crate::config::TEMPLATE;

/// Prints a commented configuration.
pub(super) fn run() -> Result<(), Failure> {
    std::io::stdout().lock().write_all(TEMPLATE.as_bytes())?;
    Ok(())
}
