//! A page of a list (`QueryResult`).

use serde::{Deserialize, Serialize};

/// All three fields are always present: strict clients need them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryResult<T> {
    pub items: Vec<T>,
    /// Of the whole list, before paging.
    #[serde(default)]
    pub total_record_count: i64,
    #[serde(default)]
    pub start_index: i64,
}

impl<T> QueryResult<T> {
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            total_record_count: 0,
            start_index: 0,
        }
    }

    /// A list that is whole on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            total_record_count: i64::try_from(items.len()).unwrap_or(i64::MAX),
            items,
            start_index: 0,
        }
    }
}
