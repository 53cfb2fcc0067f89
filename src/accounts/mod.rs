//! Who may do what: users, sessions, account links, secrets, public ids.

mod public_ids;
mod viewer;

pub use public_ids::PublicIds;
pub use viewer::{Link, LinkState, SessionInfo, Viewer};
