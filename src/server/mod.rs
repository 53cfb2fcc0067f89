//! Listening: one router with every route, its layers, health.

mod client_addr;
pub mod discovery;
mod health;
mod layers;
mod metrics;
mod rate;
mod router;
mod serve;

pub use client_addr::TrustedProxies;
pub use health::Health;
pub use metrics::{Access, IsAdministrator, MetricsState, Now};
pub use rate::{AccountOf, RateLimit};
pub use router::{Routes, router};
pub use serve::{Stopped, serve};
