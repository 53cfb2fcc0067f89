//! GraphQL: the one way to the domain, for external clients and, in process, for `rest`.

pub mod batcher;
pub mod error;
pub mod limits;
pub mod mask;
pub mod scalars;
mod tokens;
pub mod transport;
