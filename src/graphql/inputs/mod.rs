//! Arguments, and how they become what the layers below are asked.

mod body;
mod enums;
mod filter;
mod paging;

pub use body::BodyOptionsInput;
pub use enums::{Kind, NameKindInput, Order, SortKey};
pub use filter::ItemFilterInput;
pub use paging::{Cursor, Paging, cost, count, weight};

use async_graphql::{ID, InputObject};

use super::error::{GraphError, GraphResult};
use crate::model::{ItemQuery, ItemSort, PublicId, SortBy, SortOrder};

/// One key of an order.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ItemSortInput {
    /// What to sort by.
    pub by: SortKey,
    /// In which direction.
    #[graphql(default_with = "Order::Ascending")]
    pub order: Order,
}

/// Reads an id: 32 hex digits, dashes allowed.
///
/// # Errors
/// `BAD_INPUT` that names the argument.
pub fn id(field: &str, id: &ID) -> GraphResult<PublicId> {
    id.parse()
        .map_err(|_| GraphError::bad_input(field, "no id", "32 hex digits, dashes allowed"))
}

/// Reads ids, all or none.
///
/// # Errors
/// `BAD_INPUT` that names the argument.
pub fn ids(field: &str, list: Option<Vec<ID>>) -> GraphResult<Vec<PublicId>> {
    list.unwrap_or_default()
        .iter()
        .map(|each| id(field, each))
        .collect()
}

/// The question of a filter and an order.
///
/// # Errors
/// `BAD_INPUT` for an id that is none, and for fewer copies than one.
pub fn query(
    filter: Option<ItemFilterInput>,
    sort: Option<Vec<ItemSortInput>>,
) -> GraphResult<ItemQuery> {
    Ok(ItemQuery {
        filter: filter.unwrap_or_default().into_filter()?,
        sort: sort
            .unwrap_or_default()
            .into_iter()
            .map(|key| ItemSort {
                by: key.by.into(),
                order: key.order.into(),
            })
            .collect(),
    })
}

/// Seasons and episodes in their order.
pub fn by_number() -> Vec<ItemSort> {
    [
        SortBy::ParentIndexNumber,
        SortBy::IndexNumber,
        SortBy::SortName,
    ]
    .map(|by| ItemSort {
        by,
        order: SortOrder::Ascending,
    })
    .to_vec()
}
