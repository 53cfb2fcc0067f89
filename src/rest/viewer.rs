//! The caller, once known.

use crate::model::PublicId;

/// Who a token belongs to, as far as this side needs it.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub user_id: PublicId,
    pub name: String,
    pub is_administrator: bool,
}
