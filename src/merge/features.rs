//! The compact form in which copies are compared: numbers and hashes, in copy order.
//!
//! Everything below works on ranks: the place of a copy in the order of (server key, upstream id).
//! So nothing can depend on the order in which the caller happens to hold the copies.

use super::compat::{Compat, Lib, NOWHERE};
use super::copies::Copies;
use super::identity::{ProviderIndex, Providers, Realm, normalize};
use super::name;
use crate::model::ItemKind;

pub(super) const ABSENT: u32 = u32::MAX;

/// An id of a copy, in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id {
    pub provider: ProviderIndex,
    pub value: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
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
    pub runtime: i64,
    ids: (u32, u32),
}

pub(super) struct Table {
    /// Rank to the caller's number.
    pub order: Vec<u32>,
    rank_of: Vec<u32>,
    pub rows: Vec<Features>,
    pub providers: Providers,
    ids: Vec<Id>,
}

impl Table {
    pub(super) fn new(copies: &impl Copies, compat: &Compat) -> Self {
        let order = order_of(copies);
        let mut rank_of = vec![ABSENT; order.len()];
        for (rank, index) in order.iter().enumerate() {
            rank_of[*index as usize] = rank as u32;
        }
        let mut table = Self {
            rows: Vec::with_capacity(order.len()),
            ids: Vec::with_capacity(order.len() * 2),
            providers: Providers::default(),
            rank_of: Vec::new(),
            order,
        };
        // Read as the caller holds them, for memory likes that; then brought into order.
        let mut buffer = String::new();
        for index in 0..table.order.len() as u32 {
            table.read(copies, compat, index, &rank_of, &mut buffer);
        }
        let as_held = std::mem::take(&mut table.rows);
        table.rows = table
            .order
            .iter()
            .map(|index| as_held[*index as usize])
            .collect();
        table.rank_of = rank_of;
        table.number_providers_by_name();
        table.check_parents();
        table.drop_parents_ids();
        table
    }

    pub(super) fn ids(&self, rank: u32) -> &[Id] {
        let (start, end) = self.rows[rank as usize].ids;
        &self.ids[start as usize..end as usize]
    }

    pub(super) fn rank_of(&self, index: u32) -> u32 {
        self.rank_of[index as usize]
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

    fn read(
        &mut self,
        copies: &impl Copies,
        compat: &Compat,
        index: u32,
        rank_of: &[u32],
        buffer: &mut String,
    ) {
        let copy = copies.copy(index);
        let realm = match copy.kind {
            ItemKind::Unknown if copies.unknown_is_video() => Realm::Untold,
            kind => Realm::of(kind),
        };
        let lib = compat.lib(copy.library, realm.lies_in_no_library());
        let start = self.ids.len() as u32;
        let mut row = Features {
            realm,
            generic: false,
            lib: if realm == Realm::Apart { NOWHERE } else { lib },
            parent: ABSENT,
            name: 0,
            original: 0,
            artist: 0,
            year: copy.year.filter(|y| *y > 0),
            day: copy.premiere_day,
            season: copy.season.filter(|n| *n >= 0),
            episode: copy.episode.filter(|n| *n >= 0),
            episode_end: 0,
            runtime: copy.runtime_ticks.unwrap_or(0).max(0),
            ids: (start, start),
        };
        if realm == Realm::Apart {
            self.rows.push(row);
            return;
        }
        let parent = match realm {
            Realm::Track => copy.album,
            Realm::Season | Realm::Episode => copy.series,
            _ => None,
        };
        row.parent = parent
            .and_then(|p| rank_of.get(p as usize))
            .copied()
            .unwrap_or(ABSENT);
        row.name = name::key(copy.name, buffer).unwrap_or(0);
        if let Some(original) = copy.original_title.filter(|o| *o != copy.name) {
            let key = name::key(original, buffer).unwrap_or(0);
            row.original = if key == row.name { 0 } else { key };
        }
        row.artist = copy.artist.and_then(|a| name::key(a, buffer)).unwrap_or(0);
        row.year = row
            .year
            .or_else(|| name::year_in(copy.name))
            .or(row.day.map(year_of_day));
        row.generic =
            matches!(realm, Realm::Episode | Realm::Untold) && name::is_generic(copy.name);
        row.episode_end = copy
            .episode_end
            .filter(|end| row.episode.is_some_and(|first| *end > first))
            .or(row.episode)
            .unwrap_or(0);
        let (ids, providers) = (&mut self.ids, &mut self.providers);
        copies.provider_ids(index, &mut |provider, value| {
            if let Some(provider) = providers.index(realm, provider)
                && let Some(value) = normalize(realm, provider, value)
                && !ids[start as usize..].contains(&Id { provider, value })
            {
                ids.push(Id { provider, value });
            }
        });
        ids[start as usize..].sort_unstable();
        row.ids.1 = ids.len() as u32;
        self.rows.push(row);
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
            let row = self.rows[rank];
            if row.parent != ABSENT {
                let wanted = if row.realm == Realm::Track {
                    Realm::Album
                } else {
                    Realm::Series
                };
                if self.rows[row.parent as usize].realm != wanted {
                    self.rows[rank].parent = ABSENT;
                }
            }
        }
    }

    /// An episode that carries its series' id, or shares an id with a sibling of another number,
    /// has not got an id of its own there.
    fn drop_parents_ids(&mut self) {
        let mut seen: Vec<(u32, Id, i64, u32)> = Vec::new();
        let mut wrong: Vec<(u32, Id)> = Vec::new();
        for (rank, row) in self.rows.iter().enumerate() {
            if !matches!(row.realm, Realm::Episode | Realm::Season) || row.parent == ABSENT {
                continue;
            }
            let number = i64::from(row.season.unwrap_or(-1)) << 32
                | i64::from(row.episode.unwrap_or(-1)) & 0xffff_ffff;
            for id in self.ids(rank as u32) {
                if self.ids(row.parent).contains(id) {
                    wrong.push((rank as u32, *id));
                }
                seen.push((row.parent, *id, number, rank as u32));
            }
        }
        seen.sort_unstable();
        for run in seen.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            if run[0].2 != run[run.len() - 1].2 {
                wrong.extend(run.iter().map(|entry| (entry.3, entry.1)));
            }
        }
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

fn order_of(copies: &impl Copies) -> Vec<u32> {
    let mut keyed: Vec<(u128, u128, u32)> = (0..copies.len() as u32)
        .map(|index| {
            let copy = copies.copy(index);
            (copy.server.0.as_u128(), copy.id.0.as_u128(), index)
        })
        .collect();
    if !keyed.is_sorted() {
        keyed.sort_unstable();
    }
    keyed.into_iter().map(|(_, _, index)| index).collect()
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
