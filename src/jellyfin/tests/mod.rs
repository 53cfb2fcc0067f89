//! Against small servers in this process.

mod batch;
mod breaker;
mod calls;
mod fake;
mod files;
mod socket;
mod speed;
mod trust;
