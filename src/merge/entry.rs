//! Finding the copies that share one key.

/// One key that a copy has. Sorted, copies of one key stand together in copy order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub key: u64,
    pub rank: u32,
    /// What the copy joins as: its library, its parent. Beside the key, for memory likes that.
    pub joins_as: u32,
}

/// Sorts entries and calls `each` with the run of every key that several copies have.
pub(super) fn for_runs(entries: &mut [Entry], mut each: impl FnMut(&[Entry])) {
    entries.sort_unstable();
    for run in entries
        .chunk_by(|a, b| a.key == b.key)
        .filter(|run| run.len() > 1)
    {
        each(run);
    }
}
