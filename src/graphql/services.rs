//! What resolvers use.

use std::sync::Arc;

use super::query::WholeProjection;
use crate::accounts::Accounts;
use crate::catalog::Catalog;

/// What resolvers use. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub accounts: Accounts,
    pub catalog: Catalog,
    /// Whether a sign-in page may show the users' names.
    pub public_users: bool,
    pub(super) whole: Arc<WholeProjection>,
}

impl Services {
    pub fn new(accounts: Accounts, catalog: Catalog, public_users: bool) -> Self {
        Self {
            accounts,
            catalog,
            public_users,
            whole: Arc::default(),
        }
    }
}
