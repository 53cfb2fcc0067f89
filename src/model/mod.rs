//! The words that every layer shares. No IO, no Jellyfin JSON.

mod body;
mod id;
mod kind;
mod query;

pub use crate::config::Secret;
pub use body::BodyOptions;
pub use id::{ParseIdError, PublicId, ServerKey, UpstreamId};
pub use kind::ItemKind;
pub use query::{ItemFilter, ItemQuery, ItemSort, NameKind, Page, SortBy, SortOrder, StatusFilter};
