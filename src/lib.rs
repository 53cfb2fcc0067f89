//! Manyfin: many Jellyfin servers, one library.
//!
//! Imports point down, in this order (`tests/layers.rs` reads the `use crate::` lines):
//! `cli → app → server → {web, rest, graphql, stream} → catalog → accounts →
//! {merge, jellyfin, db} → {wire, model} → {error, clock, hear, splice, telemetry} → config`.

pub mod accounts;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod error;
pub mod graphql;
pub mod hear;
pub mod jellyfin;
pub mod merge;
pub mod model;
pub mod rest;
pub mod server;
pub mod splice;
pub mod stream;
pub mod telemetry;
pub mod web;
pub mod wire;
