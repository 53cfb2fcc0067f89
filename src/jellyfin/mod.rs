//! The source servers: the only place that sends to them.
//!
//! One [`Server`] a source, with its own connections, deadlines, breaker, concurrency limit and
//! status; the [`Registry`] holds them all and asks the silent ones in the background whether they
//! are back.

mod apart;
mod auth;
mod batch;
mod breaker;
mod client;
mod counters;
mod error;
mod files;
mod guard;
mod health;
mod limits;
mod read_ahead;
mod registry;
mod renewal;
mod response;
mod resume;
mod server;
mod socket;
mod speed;
mod status;
#[cfg(test)]
mod tests;
mod tls;
mod types;
mod url;

pub use batch::BODY_FIELDS;
pub use counters::RequestCounts;
pub use error::{TlsProblem, UpstreamError};
pub use limits::Limits;
pub use registry::{Registry, StatusChange};
pub use renewal::Renewal;
pub use response::{BrokeOff, Response};
pub use resume::ResumeRules;
pub use server::{Made, Server};
pub use socket::{EventStream, PROVEN as SOCKET_PROVEN, UpstreamEvent};
pub use speed::Speed;
pub use status::ServerStatus;
pub use tls::{ParseTrustError, TlsTrust};
pub use types::{Account, Authenticated, PublicInfo, ServerSpec};
/// Open to the fuzz targets.
#[doc(hidden)]
pub use {socket::parse as parse_event, status::read_public_info};
