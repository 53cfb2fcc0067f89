//! Small Jellyfin servers inside this process.
//!
//! `manyfin demo` shows them, tests and benches measure against them. Towards a gateway they behave
//! as a real server of 10.11 or 12.0 does: the same routes, the same rights, the same refusals.

mod access;
mod auth;
mod calls;
mod content;
mod control;
mod details;
mod extras;
mod faults;
mod hls;
mod images;
mod item;
mod items;
mod library;
mod listener;
mod media;
mod names;
mod params;
mod pictures;
mod playback;
mod playlists;
mod render;
mod reply;
mod routes;
mod server;
mod sessions;
mod socket;
mod spec;
mod state;
mod streams;
mod subtitles;
mod system;
mod userdata;

#[cfg(test)]
mod tests;

pub use control::{NewItem, UserDataChange};
pub use extras::ExtraKind;
pub use server::DemoServer;
pub use spec::{Access, Content, DemoError, DemoSpec, DemoUser, Fault, Proxy, Seen, demo_sources};
