//! Joining the copies that share one key.

use super::entry::Entry;
use super::grouping::Key;
use super::union::{Groups, OnClash};

/// A key that parts more groups than this is no key; later copies stay by themselves.
const MOST_GROUPS: usize = 64;
/// As many libraries or parents of a group are remembered while a key is walked.
const MOST_TOKENS: usize = 1024;

/// Takes the copies of one key in their order; each joins the groups of that key that it may join:
/// the first that it does not conflict with, and then whatever it bridges between libraries.
/// `compatible` says which two may join, by what they join as.
pub(super) fn join_run(
    groups: &mut Groups<'_>,
    run: &[Entry],
    key: Key,
    on_clash: OnClash,
    compatible: impl Fn(u32, u32) -> bool,
) {
    // Nearly all are of two.
    if let [a, b] = *run {
        if groups.find(a.rank) != groups.find(b.rank) && compatible(a.joins_as, b.joins_as) {
            groups.join(a.rank, b.rank, key, on_clash);
        }
        return;
    }
    let mut met: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut all_compatible = true;
    for &Entry { rank, joins_as, .. } in run {
        let mut home = None;
        for (at, (first, tokens)) in met.iter().enumerate() {
            let already = groups.find(*first) == groups.find(rank);
            if !already {
                if !tokens.iter().any(|theirs| compatible(*theirs, joins_as)) {
                    all_compatible = false;
                    continue;
                }
                if !groups.join(*first, rank, key, on_clash) {
                    continue;
                }
            }
            home.get_or_insert(at);
            if all_compatible {
                break;
            }
        }
        match home {
            Some(at) if met[at].1.len() < MOST_TOKENS && !met[at].1.contains(&joins_as) => {
                met[at].1.push(joins_as);
            }
            Some(_) => {}
            None if met.len() < MOST_GROUPS => met.push((rank, vec![joins_as])),
            None => return,
        }
    }
}
