//! What several subjects need.

pub mod app;
#[macro_use]
pub mod database;
pub mod doctor;
pub mod every_table;
#[macro_use]
pub mod gateway;
pub mod postgres;
pub mod program;
pub mod recorded;
pub mod sabotage;
