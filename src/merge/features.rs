//! The compact form in which copies are compared: numbers and hashes, in copy order.
//!
//! Everything below works on ranks: the place of a copy in the order of (server key, upstream id).
//! So nothing can depend on the order in which the caller happens to hold the copies.

use std::collections::BTreeMap;

use super::compat::{Compat, Lib, NOWHERE};
use super::copies::{Copies, Copy};
use super::entry::{Entry, for_runs};
use super::hierarchy;
use super::id_form::normalize;
use super::identity::{ProviderIndex, Providers, Realm};
use super::name::{self, combine};
use crate::model::ItemKind;

pub(super) const ABSENT: u32 = u32::MAX;

/// An id of a copy, in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id {
    pub provider: ProviderIndex,
    pub value: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Features {
    /// A number that tells this copy from all others, the same whatever else is there.
    pub stamp: u64,
    pub realm: Realm,
    /// The title tells nothing ("Episode 4").
    pub generic: bool,
    pub lib: Lib,
    /// Series of an episode or season, album of a track; a rank, or [`ABSENT`].
    pub parent: u32,
    /// Zero: no name to compare.
    pub name: u64,
    /// Zero: none, or the same as the name.
    pub original: u64,
    pub artist: u64,
    pub year: Option<i32>,
    pub day: Option<i32>,
    pub season: Option<i32>,
    pub episode: Option<i32>,
    pub episode_end: i32,
    /// See [`hierarchy::number`].
    pub number: u64,
    pub runtime: i64,
    ids: (u32, u32),
}

pub(super) struct Table {
    /// Rank to the caller's number.
    pub order: Vec<u32>,
    rank_of: Places,
    pub rows: Vec<Features>,
    pub providers: Providers,
    ids: Vec<Id>,
}

/// Numbers by the caller's numbers: of all, or of a few among many.
#[derive(Debug, Clone)]
pub(super) enum Places {
    All(Vec<u32>),
    Few(Vec<(u32, u32)>),
}

impl Default for Places {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Places {
    /// Where each of these stands among them. `bound`: all of the caller's numbers are below it.
    pub(super) fn of(order: &[u32], bound: usize, value: impl Fn(usize) -> u32) -> Self {
        let places = order
            .iter()
            .enumerate()
            .map(|(at, index)| (*index, value(at)));
        if order.len() < bound / 8 {
            let mut few: Vec<(u32, u32)> = places.collect();
            few.sort_unstable();
            return Self::Few(few);
        }
        let mut all = vec![ABSENT; bound];
        places.for_each(|(index, place)| all[index as usize] = place);
        Self::All(all)
    }

    /// [`ABSENT`]: it is not among them.
    pub(super) fn get(&self, index: u32) -> u32 {
        match self {
            Self::All(all) => all.get(index as usize).copied().unwrap_or(ABSENT),
            Self::Few(few) => few
                .binary_search_by_key(&index, |(known, _)| *known)
                .map_or(ABSENT, |at| few[at].1),
        }
    }
}

impl Table {
    /// Of all copies.
    pub(super) fn new(copies: &impl Copies, compat: &Compat) -> Self {
        let all = (0..copies.len() as u32).filter(|index| copies.is_there(*index));
        Self::of(copies, compat, all.collect(), Providers::default())
    }

    /// Of these copies alone; `providers` are those that are known beforehand.
    pub(super) fn of(
        copies: &impl Copies,
        compat: &Compat,
        held: Vec<u32>,
        providers: Providers,
    ) -> Self {
        let order = in_copy_order(copies, &held);
        let mut table = Self {
            rank_of: Places::of(&order, copies.len(), |rank| rank as u32),
            rows: vec![Features::default(); held.len()],
            ids: Vec::new(),
            providers,
            order,
        };
        // Read as the caller holds them, for memory likes that.
        let mut ids = Vec::with_capacity(held.len() * 2);
        let mut buffer = String::new();
        for &index in &held {
            let read_into = (&mut table.providers, &mut ids);
            let row = read(copies, compat, index, read_into, &mut buffer);
            table.rows[table.rank_of.get(index) as usize] = row;
        }
        table.take_ids(&ids);
        table.number_providers_by_name();
        table.check_parents();
        table
    }

    /// Puts the ids side by side in the order of the rows, as they are asked for.
    fn take_ids(&mut self, as_read: &[Id]) {
        self.ids.reserve_exact(as_read.len());
        for row in &mut self.rows {
            let (start, end) = row.ids;
            row.ids.0 = self.ids.len() as u32;
            let ids = &as_read[start as usize..end as usize];
            self.ids.extend_from_slice(ids);
            row.ids.1 = self.ids.len() as u32;
        }
    }

    /// See [`Features::stamp`].
    pub(super) fn stamp(&self, rank: u32) -> u64 {
        self.rows[rank as usize].stamp
    }

    pub(super) fn ids(&self, rank: u32) -> &[Id] {
        let (start, end) = self.rows[rank as usize].ids;
        &self.ids[start as usize..end as usize]
    }

    pub(super) fn rank_of(&self, index: u32) -> u32 {
        self.rank_of.get(index)
    }

    /// The ranks of each realm, in order.
    pub(super) fn by_realm(&self) -> Vec<Vec<u32>> {
        let mut ranks = vec![Vec::new(); Realm::Apart as usize + 1];
        for (rank, row) in self.rows.iter().enumerate() {
            ranks[row.realm as usize].push(rank as u32);
        }
        ranks
    }

    /// The server of each rank, by any number.
    pub(super) fn servers(&self, copies: &impl Copies) -> Vec<u32> {
        let mut last = (None, 0);
        let of = |index: &u32| {
            let server = Some(copies.copy(*index).server);
            if last.0 != server {
                last = (server, last.1 + 1);
            }
            last.1
        };
        self.order.iter().map(of).collect()
    }

    /// Which providers were met first must not matter.
    fn number_providers_by_name(&mut self) {
        let places = self.providers.sort();
        if places
            .iter()
            .enumerate()
            .all(|(old, new)| old == usize::from(*new))
        {
            return;
        }
        for id in &mut self.ids {
            id.provider = places[usize::from(id.provider)];
        }
        for row in &self.rows {
            let (start, end) = row.ids;
            self.ids[start as usize..end as usize].sort_unstable();
        }
    }

    /// A parent of a kind that cannot be one is none; so there are no cycles.
    fn check_parents(&mut self) {
        for rank in 0..self.rows.len() {
            let (realm, parent) = (self.rows[rank].realm, self.rows[rank].parent);
            if parent != ABSENT {
                let parent = self.rank_of(parent);
                let fits = parent != ABSENT
                    && Some(self.rows[parent as usize].realm) == realm.of_parents();
                self.rows[rank].parent = if fits { parent } else { ABSENT };
            }
        }
    }

    /// An episode that carries its series' id, or shares an id with a sibling of another number,
    /// has not got an id of its own there.
    pub(super) fn drop_parents_ids(&mut self) {
        let number_of = |row: &Features| (row.season.unwrap_or(-1), row.episode.unwrap_or(-1));
        let key =
            |parent: u32, id: &Id| combine(&[u64::from(parent), u64::from(id.provider), id.value]);
        let mut seen: Vec<Entry> = Vec::with_capacity(self.ids.len());
        let mut wrong: Vec<(u32, Id)> = Vec::new();
        for (rank, row) in (0..).zip(&self.rows) {
            if !matches!(row.realm, Realm::Episode | Realm::Season) || row.parent == ABSENT {
                continue;
            }
            let of_parent = self.ids(row.parent);
            for id in self.ids(rank) {
                if of_parent.contains(id) {
                    wrong.push((rank, *id));
                }
                seen.push(Entry {
                    key: key(row.parent, id),
                    rank,
                    joins_as: row.parent,
                });
            }
        }
        for_runs(&mut seen, |run| {
            let row = |entry: &Entry| &self.rows[entry.rank as usize];
            let first = number_of(row(&run[0]));
            if run.iter().all(|entry| number_of(row(entry)) == first) {
                return;
            }
            for entry in run {
                let shared = |id: &&Id| key(entry.joins_as, id) == entry.key;
                let ids = self.ids(entry.rank).iter();
                wrong.extend(ids.filter(shared).map(|id| (entry.rank, *id)).take(1));
            }
        });
        for (rank, id) in wrong {
            let (start, end) = self.rows[rank as usize].ids;
            let mine = &mut self.ids[start as usize..end as usize];
            if let Some(at) = mine.iter().position(|have| *have == id) {
                mine[at..].rotate_left(1);
                self.rows[rank as usize].ids.1 -= 1;
            }
        }
    }
}

/// The same copies in the order of (server key, upstream id).
fn in_copy_order(copies: &impl Copies, held: &[u32]) -> Vec<u32> {
    let whole = |index: u32| {
        let (server, id) = copies.key(index);
        (server.0.as_u128(), id.0.as_u128())
    };
    // The server by a number and half of the id tell nearly all apart, and are sorted sooner.
    let mut servers: BTreeMap<u128, u32> = BTreeMap::new();
    let mut last = (None, 0);
    let mut entries: Vec<(u32, u64, u32)> = Vec::with_capacity(held.len());
    for &index in held {
        let (server, id) = whole(index);
        if last.0 != Some(server) {
            let next = servers.len() as u32;
            last = (Some(server), *servers.entry(server).or_insert(next));
        }
        entries.push((last.1, (id >> 64) as u64, index));
    }
    let mut places = vec![0; servers.len()];
    for (place, number) in (0..).zip(servers.into_values()) {
        places[number as usize] = place;
    }
    for entry in &mut entries {
        entry.0 = places[entry.0 as usize];
    }
    entries.sort_unstable_by(|a, b| {
        let halves = (a.0, a.1).cmp(&(b.0, b.1));
        halves.then_with(|| whole(a.2).cmp(&whole(b.2)))
    });
    entries.into_iter().map(|entry| entry.2).collect()
}

/// What a copy is compared by; its parent by the caller's number. Its ids come to the end of `ids`.
pub(super) fn read(
    copies: &impl Copies,
    compat: &Compat,
    index: u32,
    (providers, ids): (&mut Providers, &mut Vec<Id>),
    buffer: &mut String,
) -> Features {
    let copy = copies.copy(index);
    let realm = realm_of(copies, &copy);
    let lib = compat.lib(copy.library, realm.lies_in_no_library());
    let start = ids.len() as u32;
    let [season, episode] = numbers_of(&copy);
    let half = |whole: u128| [whole as u64, (whole >> 64) as u64];
    let ([a, b], [c, d]) = (half(copy.server.0.as_u128()), half(copy.id.0.as_u128()));
    let mut row = Features {
        stamp: combine(&[a, b, c, d]),
        realm,
        lib: if realm == Realm::Apart { NOWHERE } else { lib },
        parent: ABSENT,
        year: year_of(&copy),
        day: copy.premiere_day,
        season,
        episode,
        runtime: copy.runtime_ticks.unwrap_or(0).max(0),
        ids: (start, start),
        ..Features::default()
    };
    if realm == Realm::Apart {
        return row;
    }
    row.parent = parent_of(realm, &copy).unwrap_or(ABSENT);
    row.generic =
        matches!(realm, Realm::Episode | Realm::Untold) && name::is_generic(copy.name, buffer);
    row.name = name::key(copy.name, buffer).unwrap_or(0);
    if let Some(original) = copy.original_title.filter(|o| *o != copy.name) {
        let key = name::key(original, buffer).unwrap_or(0);
        row.original = if key == row.name { 0 } else { key };
    }
    row.artist = copy.artist.and_then(|a| name::key(a, buffer)).unwrap_or(0);
    row.episode_end = copy
        .episode_end
        .filter(|end| row.episode.is_some_and(|first| *end > first))
        .or(row.episode)
        .unwrap_or(0);
    row.number = hierarchy::number(&row);
    ids_of(copies, realm, index, (providers, ids));
    row.ids.1 = ids.len() as u32;
    row
}

/// Puts a copy's ids to the end of `ids`, sorted.
pub(super) fn ids_of(
    copies: &impl Copies,
    realm: Realm,
    index: u32,
    (providers, ids): (&mut Providers, &mut Vec<Id>),
) {
    let start = ids.len();
    copies.provider_ids(index, &mut |provider, value| {
        if let Some(provider) = providers.index(realm, provider)
            && let Some(value) = normalize(realm, provider, value)
            && !ids[start..].contains(&Id { provider, value })
        {
            ids.push(Id { provider, value });
        }
    });
    ids[start..].sort_unstable();
}

pub(super) fn realm_of(copies: &impl Copies, copy: &Copy<'_>) -> Realm {
    match copy.kind {
        ItemKind::Unknown if copies.unknown_is_video() => Realm::Untold,
        kind => Realm::of(kind),
    }
}

/// What a copy names as its parent, of whatever kind that is.
pub(super) fn parent_of(realm: Realm, copy: &Copy<'_>) -> Option<u32> {
    match realm {
        Realm::Track => copy.album,
        Realm::Season | Realm::Episode => copy.series,
        _ => None,
    }
}

/// Whether a copy has the parent that it names: one that is there, and of the kind that it must be.
pub(super) fn has_parent(copies: &impl Copies, realm: Realm, copy: &Copy<'_>) -> bool {
    parent_of(realm, copy).is_some_and(|parent| {
        copies.is_there(parent)
            && Some(realm_of(copies, &copies.copy(parent))) == realm.of_parents()
    })
}

/// The year: as it is told, else as the name or the day tell it.
pub(super) fn year_of(copy: &Copy<'_>) -> Option<i32> {
    let told = copy.year.filter(|year| *year > 0);
    told.or_else(|| name::year_in(copy.name))
        .or(copy.premiere_day.map(year_of_day))
}

/// Season and episode, disc and track.
pub(super) fn numbers_of(copy: &Copy<'_>) -> [Option<i32>; 2] {
    [copy.season, copy.episode].map(|number| number.filter(|n| *n >= 0))
}

/// Whether a day is the first of January.
pub(super) fn begins_a_year(day: i32) -> bool {
    year_of_day(day) != year_of_day(day.saturating_sub(1))
}

/// The year of a day since 1970 (proleptic Gregorian).
fn year_of_day(day: i32) -> i32 {
    let shifted = i64::from(day) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let year = year_of_era + era * 400 + i64::from((5 * of_year + 2) / 153 >= 10);
    year as i32
}
