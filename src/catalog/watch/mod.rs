//! What was watched: kept a user and item here, sent to every linked server, and taken back from there.

mod marks;
mod state;

pub use marks::{Marks, Reached, reached};
pub use state::{ItemState, UserItem, UserItems, counts_unplayed};
