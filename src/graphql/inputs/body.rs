//! What a caller wants to see of a Jellyfin body.

use async_graphql::InputObject;

use crate::graphql::error::{GraphError, GraphResult};
use crate::model::BodyOptions;

/// Which parts of a Jellyfin body (`BaseItemDto`) to show. Without any: what a list shows.
#[derive(Debug, Clone, Default, InputObject)]
#[graphql(name = "BodyOptions")]
pub struct BodyOptionsInput {
    /// Everything that Jellyfin's detail page gets, whatever `fields` says. Default: false.
    pub all_fields: Option<bool>,
    /// Jellyfin's `ItemFields` beyond what a list always shows; any case.
    pub fields: Option<Vec<String>>,
    /// Image tags at all. Default: true.
    pub images: Option<bool>,
    /// At most so many tags a type.
    pub image_type_limit: Option<i32>,
    /// Tags of these types only; any case.
    pub image_types: Option<Vec<String>>,
    /// What the caller watched and marked. Default: true.
    pub user_data: Option<bool>,
}

impl BodyOptionsInput {
    /// # Errors
    /// `BAD_INPUT` for a negative limit.
    pub fn into_options(self) -> GraphResult<BodyOptions> {
        let limit = self.image_type_limit.map(usize::try_from).transpose();
        let lower = |list: Option<Vec<String>>| {
            list.unwrap_or_default()
                .into_iter()
                .map(|name| name.to_lowercase())
                .collect()
        };
        Ok(BodyOptions {
            all_fields: self.all_fields.unwrap_or(false),
            fields: lower(self.fields),
            images: self.images.unwrap_or(true),
            image_type_limit: limit
                .map_err(|_| GraphError::bad_input("imageTypeLimit", "negative", "0 or more"))?,
            image_types: lower(self.image_types),
            user_data: self.user_data.unwrap_or(true),
        })
    }
}
