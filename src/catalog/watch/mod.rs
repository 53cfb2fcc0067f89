//! What was watched: kept a user and item here, sent to every linked server, and taken back from there.
//!
//! A mark is saved together with the rows of the outbox that tell the servers (`marks`, `outgoing`); the
//! `courier` delivers them; `incoming` merges what servers tell by the rule of `three_way`.

mod courier;
mod cuts;
mod incoming;
mod marks;
mod outgoing;
mod playing;
mod state;
mod three_way;

pub use courier::Courier;
pub use cuts::Cut;
pub use incoming::Seen;
pub use marks::{Marks, Reached, reached};
pub use playing::{NowPlaying, PlaybackEvent, Players};
pub use state::{ItemState, UserItem, UserItems, counts_unplayed};
pub use three_way::Told;

/// Jellyfin's form of a time.
fn time_text(millis: i64) -> Option<String> {
    let at = chrono::DateTime::from_timestamp_millis(millis)?;
    Some(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}
