//! What several subjects need.

#[macro_use]
pub mod database;
pub mod postgres;
pub mod recorded;
