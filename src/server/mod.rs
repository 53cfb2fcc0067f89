//! Listening: one router with every route, its layers, health.

mod client_addr;
mod crowd;
pub mod discovery;
mod health;
mod held;
mod layers;
mod metrics;
mod patience;
mod rate;
mod request_id;
mod router;
mod serve;

pub use client_addr::TrustedProxies;
pub use crowd::Crowd;
pub use health::Health;
pub use metrics::{Access, IsAdministrator, MetricsState, Now};
pub use rate::{AccountOf, RateLimit};
pub use router::{Routes, router};
pub use serve::{Stopped, serve};
