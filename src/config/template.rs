//! What `manyfin init` prints.

/// A commented configuration: every key with its default, the rest as examples.
pub const TEMPLATE: &str = include_str!("template.toml");
