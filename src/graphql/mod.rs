//! GraphQL: the one way to the domain, for external clients and, in process, for `rest`.
//!
//! A document from outside comes in by `transport`, is measured by `limits`, and executed by the
//! [`Engine`] on the schema of `query`, `mutation` and `subscription`; errors leave by `mask`.

mod batcher;
mod caller;
mod engine;
mod error;
mod inputs;
mod limits;
mod loaders;
mod mask;
mod mutation;
mod query;
mod scalars;
mod schema;
mod services;
mod subscription;
mod tokens;
mod transport;
mod types;

pub use caller::RequestMeta;
pub use engine::Engine;
pub use limits::Limits;
pub use scalars::json_text;
pub use schema::sdl;
pub use services::Services;
pub use transport::{TransportState, router};
