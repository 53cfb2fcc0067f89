//! What several subjects need.

pub mod recorded;
