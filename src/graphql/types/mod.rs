//! What the schema shows.

mod connection;
mod copy_group;
mod crawl;
mod holdings;
mod item;
mod joined;
mod library;
mod names;
mod node;
mod server;
mod session;
mod source;
mod user;
mod user_data;
mod view;

pub use connection::{ItemConnection, PageInfo};
pub use copy_group::{CopyGroup, CopySummary};
pub use crawl::CrawlProgress;
pub use holdings::{Holdings, Quality};
pub use item::Item;
pub use joined::{JoinKey, Joined};
pub use library::{
    DedupStrategy, MergedLibrary, SourceLibrary, SourcePolicy, find_merged, may_see,
};
pub use names::FilterValues;
pub use node::{Node, NodeId};
pub use server::Server;
pub use session::Session;
pub use source::Source;
pub use user::{Link, User, find_link};
pub use user_data::UserData;
pub use view::View;

use chrono::{DateTime, Utc};

/// A time as the database keeps it (milliseconds since 1970).
pub fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
