//! What comes out: groups, why they are groups, and what was not joined.

use super::copies::Copies;
use super::features::{Id, Places, Table};
use super::id_form::normalize;
use super::identity::{IMDB, ProviderIndex, Providers, Realm};
use super::union::Groups;

/// What joined two copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A decision by hand.
    Hand,
    /// An id of this provider.
    Provider(ProviderIndex),
    /// Season and episode in one series; disc and track in one album.
    Number,
    /// The air date, where a number is missing.
    Date,
    /// Name and year; for kinds without a year the name.
    Name,
    /// Name, and years that differ by one.
    NearYear,
    /// How likely `SMART` takes them for one work, in thousandths.
    Score(i32),
}

/// A join that was taken: copy `right` came to the group of copy `left` by `key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Join {
    pub left: u32,
    pub right: u32,
    pub key: Key,
}

/// Two copies that one key joins and something else parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub left: u32,
    pub right: u32,
    /// What would join them.
    pub key: Key,
    /// What speaks against it: a provider and its two ids. `None`: their numbers differ, or a
    /// decision by hand keeps them apart.
    pub ids: Option<ConflictingIds>,
    /// False: they stayed apart. True: they were joined although ids differ, because the key is
    /// worth more (a number inside of a joined series, a name under `NAME_YEAR`).
    pub joined: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictingIds {
    pub provider: String,
    pub left: String,
    pub right: String,
}

/// Which copies are one item. Groups are numbered by the first copy of each in copy order.
#[derive(Debug, Clone, Default)]
pub struct Grouping {
    group_of: Places,
    members: Vec<u32>,
    starts: Vec<u32>,
    joins: Vec<Join>,
    join_starts: Vec<u32>,
    conflicts: Vec<Conflict>,
    providers: Providers,
}

impl Grouping {
    /// How many groups (items).
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The group of a copy.
    pub fn group_of(&self, copy: u32) -> u32 {
        self.group_of.get(copy)
    }
    /// The copies of a group in copy order: (server key, upstream id).
    pub fn members(&self, group: u32) -> &[u32] {
        &self.members
            [self.starts[group as usize] as usize..self.starts[group as usize + 1] as usize]
    }
    pub fn groups(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len() as u32).map(|group| self.members(group))
    }
    /// The joins that made a group; they reach every member.
    pub fn joins(&self, group: u32) -> &[Join] {
        let (from, to) = (
            self.join_starts[group as usize],
            self.join_starts[group as usize + 1],
        );
        &self.joins[from as usize..to as usize]
    }
    /// In a fixed order; each pair of groups, provider and pair of ids once.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }
    pub fn same(&self, a: u32, b: u32) -> bool {
        self.group_of(a) == self.group_of(b)
    }
    /// The name of a provider in a [`Key`].
    pub fn provider(&self, index: ProviderIndex) -> &str {
        self.providers.name(index)
    }
    /// All providers that there are.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }
    /// A key as people read it: `Tmdb 603`, `name and year`, `number`.
    pub fn describe(&self, join: &Join, copies: &impl Copies) -> String {
        match join.key {
            Key::Provider(provider) => {
                let name = self.provider(provider);
                let left = texts(copies, &self.providers, provider, join.left);
                let right = texts(copies, &self.providers, provider, join.right);
                let shared = left.iter().find(|l| right.iter().any(|r| r.0 == l.0));
                match shared {
                    Some((_, text)) => format!("{name} {text}"),
                    None => name.to_owned(),
                }
            }
            Key::Hand => "by hand".to_owned(),
            Key::Number => "number".to_owned(),
            Key::Date => "air date".to_owned(),
            Key::Name => "name and year".to_owned(),
            Key::NearYear => "name and near year".to_owned(),
            Key::Score(thousandths) => format!("score {:.2}", f64::from(thousandths) / 1000.0),
        }
    }

    pub(super) fn build(copies: &impl Copies, mut groups: Groups<'_>) -> Self {
        let table: &Table = groups.table;
        let len = table.order.len();
        let mut number_of_root = vec![u32::MAX; len];
        let mut numbers = vec![0; len];
        let mut starts = vec![0u32];
        // Roots are the smallest rank of their group, so they are met before their members.
        for rank in 0..len as u32 {
            let root = groups.find(rank) as usize;
            if number_of_root[root] == u32::MAX {
                number_of_root[root] = starts.len() as u32 - 1;
                starts.push(0);
            }
            starts[number_of_root[root] as usize + 1] += 1;
            numbers[rank as usize] = number_of_root[root];
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut members = vec![0; len];
        let mut next = starts.clone();
        for (&index, number) in table.order.iter().zip(&numbers) {
            let at = &mut next[*number as usize];
            members[*at as usize] = index;
            *at += 1;
        }
        let (joins, conflicts) = groups.take_reports();
        let mut grouping = Self {
            group_of: Places::of(&table.order, copies.len(), |rank| numbers[rank]),
            members,
            starts,
            providers: table.providers.clone(),
            ..Self::default()
        };
        grouping.put_joins(table, &numbers, &joins);
        grouping.put_conflicts(copies, table, conflicts);
        grouping
    }

    /// Adds the conflicts of the grouping that this one extends, as far as they still part items.
    pub(super) fn with_conflicts_of(mut self, base: &impl Grouped) -> Self {
        for conflict in base.conflicts() {
            let groups = (self.group_of(conflict.left), self.group_of(conflict.right));
            let still = conflict.joined == (groups.0 == groups.1);
            let known = self.conflicts.iter().any(|c| {
                (c.left, c.right, &c.ids) == (conflict.left, conflict.right, &conflict.ids)
            });
            if still && !known {
                self.conflicts.push(conflict.clone());
            }
        }
        self
    }

    /// `numbers`: the group of each rank.
    fn put_joins(&mut self, table: &Table, numbers: &[u32], raw: &[RawJoin]) {
        let mut starts = vec![0u32; self.len() + 1];
        let index = |rank: u32| table.order[rank as usize];
        for join in raw {
            starts[numbers[join.left as usize] as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        self.joins = vec![
            Join {
                left: 0,
                right: 0,
                key: Key::Hand
            };
            raw.len()
        ];
        for join in raw {
            let at = &mut next[numbers[join.left as usize] as usize];
            self.joins[*at as usize] = Join {
                left: index(join.left),
                right: index(join.right),
                key: join.key,
            };
            *at += 1;
        }
        self.join_starts = starts;
    }

    fn put_conflicts(&mut self, copies: &impl Copies, table: &Table, mut raw: Vec<RawConflict>) {
        let group = |rank: u32| self.group_of(table.order[rank as usize]);
        raw.retain(|c| c.taken == (group(c.left) == group(c.right)));
        let identity = |c: &RawConflict| {
            let (a, b) = (group(c.left), group(c.right));
            let ids = if a <= b {
                c.ids
            } else {
                c.ids.map(|(l, r)| (r, l))
            };
            (a.min(b), a.max(b), ids)
        };
        raw.sort_by_cached_key(|c| (identity(c), c.left, c.right, c.key));
        raw.dedup_by_key(|c| identity(c));
        self.conflicts = raw
            .iter()
            .map(|c| {
                let (left, right) = (table.order[c.left as usize], table.order[c.right as usize]);
                Conflict {
                    left,
                    right,
                    key: c.key,
                    ids: c.ids.map(|(l, r)| ConflictingIds {
                        provider: table.providers.name(l.provider).to_owned(),
                        left: self.text(copies, l, self.group_of(left)),
                        right: self.text(copies, r, self.group_of(right)),
                    }),
                    joined: c.taken,
                }
            })
            .collect();
    }

    /// An id as its copy writes it; the id may be any member's.
    fn text(&self, copies: &impl Copies, id: Id, group: u32) -> String {
        if id.value < 1 << 63 {
            return number_text(id);
        }
        let all = self.members(group).iter();
        all.flat_map(|copy| texts(copies, &self.providers, id.provider, *copy))
            .find(|(value, _)| *value == id.value)
            .map(|(_, text)| text)
            .unwrap_or_default()
    }
}

/// A grouping as somebody keeps it.
pub trait Grouped {
    /// A number that copies of one group share.
    fn group_of(&self, copy: u32) -> u32;
    /// The joins of the group of a copy.
    fn joins_of(&self, copy: u32) -> &[Join];
    fn each_join(&self, each: &mut dyn FnMut(&Join));
    /// All of them, in a fixed order.
    fn conflicts(&self) -> Vec<&Conflict>;
    /// Those between the groups of two copies, and perhaps others.
    fn conflicts_of(&self, a: u32, b: u32) -> Vec<&Conflict>;
    fn same(&self, a: u32, b: u32) -> bool {
        self.group_of(a) == self.group_of(b)
    }
}

impl Grouped for Grouping {
    fn group_of(&self, copy: u32) -> u32 {
        self.group_of(copy)
    }
    fn joins_of(&self, copy: u32) -> &[Join] {
        self.joins(self.group_of(copy))
    }
    fn each_join(&self, each: &mut dyn FnMut(&Join)) {
        self.joins.iter().for_each(each);
    }
    fn conflicts(&self) -> Vec<&Conflict> {
        self.conflicts.iter().collect()
    }
    fn conflicts_of(&self, _a: u32, _b: u32) -> Vec<&Conflict> {
        Grouped::conflicts(self)
    }
}

fn number_text(id: Id) -> String {
    if id.provider == IMDB {
        format!("tt{:07}", id.value)
    } else {
        id.value.to_string()
    }
}

/// The ids of one provider that a copy has: in their one form, and as text.
fn texts(
    copies: &impl Copies,
    providers: &Providers,
    provider: ProviderIndex,
    copy: u32,
) -> Vec<(u64, String)> {
    let realm = Realm::of(copies.copy(copy).kind);
    let mut found = Vec::new();
    copies.provider_ids(copy, &mut |name, text| {
        if providers.known(realm, name) == Some(provider)
            && let Some(value) = normalize(realm, provider, text)
        {
            let text = if value < 1 << 63 {
                number_text(Id { provider, value })
            } else {
                text.trim().to_owned()
            };
            found.push((value, text));
        }
    });
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RawJoin {
    pub left: u32,
    pub right: u32,
    pub key: Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RawConflict {
    pub left: u32,
    pub right: u32,
    pub key: Key,
    pub ids: Option<(Id, Id)>,
    pub taken: bool,
}
