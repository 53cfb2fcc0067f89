//! The database: both kinds, one schema, one behaviour.

mod dump;
mod migrations;
mod rows;
mod upgrades;
