//! Batches of one request, asked as its viewer.

use std::sync::Arc;

use super::batcher::Batcher;
use super::error::GraphResult;
use super::scalars::Json;
use crate::catalog::Catalog;
use crate::catalog::scope::{Entry, Scope};
use crate::model::BodyOptions;

/// Questions that can go together: of one moment's scope (its address), for the same parts.
type Together = (usize, BodyOptions);

/// See the module.
#[derive(Default)]
pub struct Loaders {
    bodies: Batcher<Together, Entry, GraphResult<Json>>,
}

impl Loaders {
    /// An entry's Jellyfin body; a page of them is one question to the catalog.
    ///
    /// # Errors
    /// What the catalog says.
    pub async fn body(
        &self,
        catalog: &Catalog,
        scope: &Scope,
        entry: &Entry,
        options: BodyOptions,
    ) -> GraphResult<Json> {
        let moment = Arc::as_ptr(&scope.projection) as usize;
        let ask = async |entries: Vec<Entry>| match catalog.bodies(scope, &entries, &options).await
        {
            Ok(bodies) => bodies
                .into_iter()
                .map(|body| Ok(Json::from_text(body)))
                .collect(),
            Err(error) => {
                let error = super::error::GraphError::from(error);
                entries.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let loaded = self
            .bodies
            .load((moment, options.clone()), entry.clone(), ask)
            .await;
        loaded.unwrap_or_else(|| Err(super::error::GraphError::not_found("item")))
    }
}
