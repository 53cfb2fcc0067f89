//! What resolvers use.

use std::sync::Arc;

use super::query::WholeProjection;
use crate::accounts::Accounts;
use crate::catalog::Catalog;
use crate::catalog::sync::Sync;

/// What resolvers use. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub accounts: Accounts,
    pub catalog: Catalog,
    /// Whether a sign-in page may show the users' names.
    pub public_users: bool,
    /// Renews what a viewer's links may see when it is old; nothing where nobody crawls.
    pub(super) sync: Option<Sync>,
    pub(super) whole: Arc<WholeProjection>,
}

impl Services {
    pub fn new(accounts: Accounts, catalog: Catalog, public_users: bool) -> Self {
        Self {
            accounts,
            catalog,
            public_users,
            sync: None,
            whole: Arc::default(),
        }
    }

    /// With a crawler, which is told that a viewer's links are in use.
    #[must_use]
    pub fn with_sync(mut self, sync: Sync) -> Self {
        self.sync = Some(sync);
        self
    }
}
