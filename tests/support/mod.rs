//! What several subjects need.

pub mod app;
#[macro_use]
pub mod database;
pub mod postgres;
pub mod recorded;
