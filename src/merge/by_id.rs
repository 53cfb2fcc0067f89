//! Joins by provider ids: provider by provider in order of trust, then by key, then by copy.

use super::compat::{Compat, NOWHERE};
use super::entry::{Entry, for_runs};
use super::features::ABSENT;
use super::grouping::Key;
use super::identity::{ProviderIndex, RECORDING, Realm};
use super::name::combine;
use super::run::join_run;
use super::union::{Groups, OnClash};

pub(super) fn join(groups: &mut Groups<'_>, compat: &Compat, realm: Realm, ranks: &[u32]) {
    if !compat.ids.is_used() {
        return;
    }
    let table = groups.table;
    let mut levels: Vec<Vec<Entry>> = vec![Vec::new(); table.providers.len()];
    for &rank in ranks {
        let row = &table.rows[rank as usize];
        if row.lib == NOWHERE {
            continue;
        }
        for id in table.ids(rank) {
            let mut key = id.value;
            if realm == Realm::Track && id.provider == RECORDING && row.parent != ABSENT {
                // One recording stands on many albums; on each it is a track of its own.
                key = combine(&[key, table.stamp(groups.find(row.parent))]);
            }
            levels[usize::from(id.provider)].push(Entry {
                key,
                rank,
                joins_as: row.lib,
            });
        }
    }
    let mut levels: Vec<(ProviderIndex, _)> = (0..).zip(levels).collect();
    levels.retain(|(_, entries)| !entries.is_empty());
    levels.sort_by_cached_key(|(provider, _)| table.providers.trust(realm, *provider));
    for (provider, mut entries) in levels {
        for_runs(&mut entries, |run| {
            join_run(
                groups,
                run,
                Key::Provider(provider),
                OnClash::Refuse,
                |a, b| compat.ids.get(a, b),
            );
        });
    }
}
