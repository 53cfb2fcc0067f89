//! When a list that is asked for in pages has come to its end.

use super::decode::{self, ItemsPage};
use crate::model::UpstreamId;

/// A list while it is read. Servers and what stands before them may give fewer entries than were asked for,
/// count too few, or give the same page again and again.
pub(super) struct Paging {
    limit: usize,
    last: Vec<UpstreamId>,
}

impl Paging {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            last: Vec::new(),
        }
    }

    /// Whether nothing follows the page that was asked for from `start` on. A page that is not full ends the
    /// list where the count says so, or is not told; a full one never does: the count may be wrong.
    pub(super) fn is_last(&mut self, start: usize, page: &ItemsPage) -> bool {
        let ids: Vec<UpstreamId> = page.items.iter().filter_map(decode::id).collect();
        let is_again = !ids.is_empty() && ids == self.last;
        self.last = ids;
        let is_all = page.total.is_none_or(|total| start + page.entries >= total);
        page.entries == 0 || is_again || (is_all && page.entries != self.limit)
    }
}
