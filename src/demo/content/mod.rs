//! Where a demo server's items come from.

mod curated;
pub(super) mod films;
pub(super) mod recorded;
mod stock;

pub(super) use stock::{id, view};

use super::spec::{Content, DemoError, DemoSpec};
use super::state::Stock;

/// Everything that a server of this spec starts with.
pub(super) fn stock(spec: &DemoSpec) -> Result<Stock, DemoError> {
    match &spec.content {
        Content::Recorded(folder) => recorded::stock(folder),
        Content::Films { count, offset } => Ok(films::stock(spec, *count, *offset)),
        Content::Generated { shelf, films } => Ok(curated::stock(spec, *shelf, *films)),
    }
}
