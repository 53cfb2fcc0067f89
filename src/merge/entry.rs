//! Finding the copies that share one key.

/// One key that a copy has: (key, rank). Sorted, copies of one key stand together in copy order.
pub(super) type Entry = (u64, u32);

/// Sorts entries and calls `each` with the run of every key that several copies have.
pub(super) fn for_runs(entries: &mut [Entry], mut each: impl FnMut(&[Entry])) {
    entries.sort_unstable();
    for run in entries
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|run| run.len() > 1)
    {
        each(run);
    }
}
