//! What was watched: kept a user and item here, sent to every linked server, and taken back from there.

mod marks;
mod playing;
mod state;

pub use marks::{Marks, Reached, reached};
pub use playing::{NowPlaying, PlaybackEvent, Players};
pub use state::{ItemState, UserItem, UserItems, counts_unplayed};
