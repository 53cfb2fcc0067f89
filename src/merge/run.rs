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
/// `token` says what a copy joins as (its library, its parent), `compatible` which two may join.
pub(super) fn join_run(
    groups: &mut Groups<'_>,
    run: &[Entry],
    key: Key,
    on_clash: OnClash,
    token: impl Fn(&Groups<'_>, u32) -> u32,
    compatible: impl Fn(u32, u32) -> bool,
) {
    // Nearly all are of two.
    if let [(_, a), (_, b)] = *run {
        let (of_a, of_b) = (token(groups, a), token(groups, b));
        if groups.find(a) != groups.find(b) && compatible(of_a, of_b) {
            groups.join(a, b, key, on_clash);
        }
        return;
    }
    let mut met: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut all_compatible = true;
    for &(_, rank) in run {
        let mine = token(groups, rank);
        let mut home = None;
        for (at, (first, tokens)) in met.iter().enumerate() {
            let already = groups.find(*first) == groups.find(rank);
            if !already {
                if !tokens.iter().any(|theirs| compatible(*theirs, mine)) {
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
            Some(at) if met[at].1.len() < MOST_TOKENS && !met[at].1.contains(&mine) => {
                met[at].1.push(mine);
            }
            Some(_) => {}
            None if met.len() < MOST_GROUPS => met.push((rank, vec![mine])),
            None => return,
        }
    }
}
