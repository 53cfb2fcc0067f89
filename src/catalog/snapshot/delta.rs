//! What one snapshot has otherwise than the one before.

use super::{CopyIx, ItemIx};

/// Places of which something changed; what is elsewhere is as it was. Places of what is gone and of what is
/// new are among them. Servers, libraries and decisions are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// The generation that it is told against.
    pub since: u64,
    /// Items that came, went, or have other copies, parents, children or members, or of which a copy changed.
    pub items: Vec<ItemIx>,
    /// Copies that came, went or changed, by themselves or in their family.
    pub copies: Vec<CopyIx>,
}
