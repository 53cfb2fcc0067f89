//! The union-find, with what each group must not be joined with.

use std::collections::HashMap;

use super::features::{Id, Table};
use super::grouping::{Key, RawConflict, RawJoin};
use super::identity::{ProviderIndex, RELEASE, RELEASE_GROUP, Realm};

/// What to do where a join would put two different ids of one provider into one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnClash {
    /// Do not join; report.
    Refuse,
    /// Join, and report: the key is worth more than the ids.
    Overrule,
}

pub(super) struct Groups<'t> {
    pub(super) table: &'t Table,
    parent: Vec<u32>,
    known: Vec<Known>,
    /// All ids of a group besides those in its slots, sorted.
    more: HashMap<u32, Vec<Id>>,
    /// Copies that a group must never be joined with.
    never: HashMap<u32, Vec<u32>>,
    pub(super) joins: Vec<RawJoin>,
    conflicts: Vec<RawConflict>,
}

/// What is known of a group, side by side in memory: whoever asks for one asks for all.
#[derive(Clone, Copy)]
struct Known {
    /// Ids of the first three providers, where a group has one of each at most; zero: none.
    slots: [u64; 3],
    /// Hash of (season, episode, end) or (disc, track); zero: not numbered.
    number: u64,
    /// What a group is, as far as a copy of it tells.
    realm: Realm,
    has_more: bool,
}

impl<'t> Groups<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        let len = table.rows.len() as u32;
        let mut more: HashMap<u32, Vec<Id>> = HashMap::new();
        let known = (0..len).zip(&table.rows).map(|(rank, row)| {
            let mut known = Known {
                slots: [0; 3],
                number: row.number,
                realm: row.realm,
                has_more: false,
            };
            for &id in table.ids(rank) {
                match known.slots.get_mut(usize::from(id.provider)) {
                    Some(slot) if *slot == 0 => *slot = id.value,
                    _ => {
                        known.has_more = true;
                        more.entry(rank).or_default().push(id);
                    }
                }
            }
            known
        });
        Self {
            table,
            parent: (0..len).collect(),
            known: known.collect(),
            more,
            never: HashMap::new(),
            joins: Vec::new(),
            conflicts: Vec::new(),
        }
    }

    pub(super) fn find(&mut self, mut rank: u32) -> u32 {
        while self.parent[rank as usize] != rank {
            let above = self.parent[self.parent[rank as usize] as usize];
            self.parent[rank as usize] = above;
            rank = above;
        }
        rank
    }

    pub(super) fn has_ids(&self, root: u32) -> bool {
        let known = &self.known[root as usize];
        known.slots != [0; 3] || known.has_more
    }

    pub(super) fn keep_apart(&mut self, a: u32, b: u32) {
        let (ra, rb) = (self.find(a), self.find(b));
        if ra != rb {
            self.never.entry(ra).or_default().push(b);
            self.never.entry(rb).or_default().push(a);
        }
    }

    pub(super) fn is_kept_apart(&mut self, ra: u32, rb: u32) -> bool {
        let Some(enemies) = self.never.get(&ra).cloned() else {
            return false;
        };
        enemies.into_iter().any(|enemy| self.find(enemy) == rb)
    }

    /// Joins what is already known to be one, without evidence of its own.
    pub(super) fn join_silently(&mut self, a: u32, b: u32) {
        let (ra, rb) = (self.find(a), self.find(b));
        if ra != rb {
            self.unite(ra, rb);
        }
    }

    /// Tries to join the groups of two copies. True: they are one group now.
    pub(super) fn join(&mut self, a: u32, b: u32, key: Key, on_clash: OnClash) -> bool {
        let (ra, rb) = (self.find(a), self.find(b));
        if ra == rb {
            return true;
        }
        if self.is_kept_apart(ra, rb) {
            self.report(a, b, key, None, false);
            return false;
        }
        let clash = self.clash(ra, rb);
        if clash != Clash::None {
            let taken = on_clash == OnClash::Overrule && clash != Clash::Kind;
            let ids = if let Clash::Ids(left, right) = clash {
                Some((left, right))
            } else {
                None
            };
            self.report(a, b, key, ids, taken);
            if !taken {
                return false;
            }
        }
        self.joins.push(RawJoin {
            left: a,
            right: b,
            key,
        });
        self.unite(ra, rb);
        true
    }

    /// Whether the ids or numbers of two copies say that they are one work, or two. Only while nothing
    /// is joined: of the copies by themselves.
    pub(super) fn is_told(&self, a: u32, b: u32) -> bool {
        let share = |id: &Id| self.table.ids(b).contains(id);
        self.clash(a, b) != Clash::None || self.table.ids(a).iter().any(share)
    }

    /// Whether the ids, numbers or kinds of two copies say that they are two works; only as above.
    pub(super) fn are_two(&self, a: u32, b: u32) -> bool {
        self.clash(a, b) != Clash::None
    }

    /// The ids that say so, where ids do.
    pub(super) fn ids_of_two(&self, a: u32, b: u32) -> Option<(Id, Id)> {
        match self.clash(a, b) {
            Clash::Ids(mine, theirs) => Some((mine, theirs)),
            _ => None,
        }
    }

    /// Reports a join that is not tried.
    pub(super) fn refuse(&mut self, a: u32, b: u32, key: Key, ids: Option<(Id, Id)>) {
        self.report(a, b, key, ids, false);
    }

    fn report(&mut self, a: u32, b: u32, key: Key, ids: Option<(Id, Id)>, taken: bool) {
        let (left, right, ids) = if a <= b {
            (a, b, ids)
        } else {
            (b, a, ids.map(|(l, r)| (r, l)))
        };
        self.conflicts.push(RawConflict {
            left,
            right,
            key,
            ids,
            taken,
        });
    }

    pub(super) fn take_reports(&mut self) -> (Vec<RawJoin>, Vec<RawConflict>) {
        (
            std::mem::take(&mut self.joins),
            std::mem::take(&mut self.conflicts),
        )
    }

    fn unite(&mut self, ra: u32, rb: u32) {
        let (top, below) = (ra.min(rb), ra.max(rb));
        self.parent[below as usize] = top;
        let theirs = self.known[below as usize];
        let mine = &mut self.known[top as usize];
        if mine.number == 0 {
            mine.number = theirs.number;
        }
        if mine.realm == Realm::Untold {
            mine.realm = theirs.realm;
        }
        let mut others = Vec::new();
        for (provider, (slot, value)) in (0..).zip(mine.slots.iter_mut().zip(theirs.slots)) {
            if *slot == 0 {
                *slot = value;
            } else if value != 0 && *slot != value {
                others.push(Id { provider, value });
            }
        }
        if theirs.has_more {
            others.extend(self.more.remove(&below).unwrap_or_default());
        }
        if !others.is_empty() {
            mine.has_more = true;
            let more = self.more.entry(top).or_default();
            others.into_iter().for_each(|id| insert(more, id));
        }
        if !self.never.is_empty()
            && let Some(enemies) = self.never.remove(&below)
        {
            self.never.entry(top).or_default().extend(enemies);
        }
    }

    fn clash(&self, ra: u32, rb: u32) -> Clash {
        let (a, b) = (&self.known[ra as usize], &self.known[rb as usize]);
        if a.realm != b.realm && a.realm != Realm::Untold && b.realm != Realm::Untold {
            return Clash::Kind;
        }
        // Only numbers of one form contradict each other (see `hierarchy::number`).
        if a.number != 0 && b.number != 0 && a.number != b.number && (a.number ^ b.number) & 1 == 0
        {
            return Clash::Number;
        }
        if a.has_more || b.has_more {
            return self.clash_of_many(ra, rb);
        }
        for (provider, (mine, theirs)) in (0..).zip(a.slots.into_iter().zip(b.slots)) {
            if mine != 0 && theirs != 0 && mine != theirs {
                let id = |value| Id { provider, value };
                return Clash::Ids(id(mine), id(theirs));
            }
        }
        Clash::None
    }

    /// As above for groups that hold more: two sets of ids of one provider clash when neither
    /// holds the other, for then joining makes an item with more different ids than either had.
    fn clash_of_many(&self, ra: u32, rb: u32) -> Clash {
        let (a, b) = (self.all_ids(ra), self.all_ids(rb));
        let realm = self.table.rows[ra as usize].realm;
        let one_release_group = matches!(realm, Realm::Album | Realm::Track)
            && a.iter()
                .any(|id| id.provider == RELEASE_GROUP && b.contains(id));
        for mine in a.chunk_by(|x, y| x.provider == y.provider) {
            let provider = mine[0].provider;
            if provider == RELEASE && one_release_group {
                continue;
            }
            let theirs: Vec<Id> = b
                .iter()
                .filter(|id| id.provider == provider)
                .copied()
                .collect();
            let extra = mine.iter().find(|id| !theirs.contains(id));
            let missing = theirs.iter().find(|id| !mine.contains(id));
            if let (Some(left), Some(right)) = (extra, missing) {
                return Clash::Ids(*left, *right);
            }
        }
        Clash::None
    }

    fn all_ids(&self, root: u32) -> Vec<Id> {
        let mut ids: Vec<Id> = self.known[root as usize]
            .slots
            .iter()
            .enumerate()
            .filter(|(_, value)| **value != 0)
            .map(|(provider, value)| Id {
                provider: provider as ProviderIndex,
                value: *value,
            })
            .chain(self.more.get(&root).into_iter().flatten().copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clash {
    None,
    Kind,
    Number,
    Ids(Id, Id),
}

/// A group that was joined against so many ids is judged by these; more say nothing new.
const MOST_IDS: usize = 256;

fn insert(ids: &mut Vec<Id>, id: Id) {
    if let Err(at) = ids.binary_search(&id)
        && ids.len() < MOST_IDS
    {
        ids.insert(at, id);
    }
}
