//! The order of a list. Every order is total: what the asked keys leave equal is decided by sort name,
//! then by the id on its server, as Jellyfin leaves it, then by ours: the same on every replica.

use std::cmp::Ordering;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::list::Listed;
use super::place::NaturalOrder;
use crate::catalog::names::NameRef;
use crate::catalog::ratings;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::Copy;
use crate::catalog::watch::ItemState;
use crate::model::{ItemQuery, ItemSort, SortBy, SortOrder};
use crate::wire::{Packed, Word};

/// Whether what a user watched decides which entries are listed or in which order.
pub fn uses_user_data(query: &ItemQuery) -> bool {
    let status = &query.filter.status;
    let filters = status.played.is_some()
        || status.favorite.is_some()
        || status.resumable.is_some()
        || status.likes.is_some()
        || status.favorite_or_likes
        || query.filter.min_date_last_saved_for_user.is_some();
    filters || query.sort.iter().any(|sort| of_user(sort.by))
}

pub fn of_user(by: SortBy) -> bool {
    matches!(
        by,
        SortBy::DatePlayed
            | SortBy::PlayCount
            | SortBy::IsPlayed
            | SortBy::IsUnplayed
            | SortBy::IsFavoriteOrLiked
            | SortBy::SeriesDatePlayed
    )
}

/// What an order is made by: what is asked for, or what the place suggests.
pub fn keys(query: &ItemQuery, natural: NaturalOrder) -> Vec<ItemSort> {
    let ascending = |by| ItemSort {
        by,
        order: SortOrder::Ascending,
    };
    let asked: Vec<ItemSort> = query
        .sort
        .iter()
        .copied()
        .filter(|sort| sort.by != SortBy::Default)
        .collect();
    if !asked.is_empty() {
        return asked;
    }
    match natural {
        NaturalOrder::AsGiven => Vec::new(),
        NaturalOrder::Number => vec![
            ascending(SortBy::ParentIndexNumber),
            ascending(SortBy::IndexNumber),
            ascending(SortBy::SortName),
        ],
        NaturalOrder::SortName => vec![ascending(SortBy::SortName)],
    }
}

/// What a list is sorted by; no keys: it stays as given.
pub struct By<'a> {
    pub scope: &'a Scope,
    pub keys: &'a [ItemSort],
    pub seed: i64,
    /// What its positions mean.
    pub listed: &'a Listed,
    /// Whether what the user watched counts, how many copies there are, how large they are, of which
    /// series they are.
    states: bool,
    copies: bool,
    sizes: bool,
    series: bool,
}

/// An entry with what it is compared by.
pub struct Row<'a> {
    at: u32,
    entry: ItemEntry,
    copy: &'a Copy,
    state: Option<ItemState>,
    copies: usize,
    size: i64,
    /// The sort name of the series that it lies in, else its own.
    series: &'a str,
}

impl<'a> By<'a> {
    pub fn new(scope: &'a Scope, keys: &'a [ItemSort], seed: i64, listed: &'a Listed) -> Self {
        let any = |by: SortBy| keys.iter().any(|key| key.by == by);
        Self {
            scope,
            keys,
            seed,
            listed,
            states: keys.iter().any(|key| of_user(key.by)),
            copies: any(SortBy::Copies),
            sizes: any(SortBy::Size),
            series: any(SortBy::SeriesSortName),
        }
    }

    /// These positions in order.
    pub fn sorted(&self, mut positions: Vec<u32>) -> Vec<u32> {
        if self.keys.is_empty() {
            return positions;
        }
        let mut rows: Vec<Row> = positions.iter().map(|at| self.row(*at)).collect();
        rows.sort_by(|left, right| self.compare(left, right));
        for (at, row) in positions.iter_mut().zip(rows) {
            *at = row.at;
        }
        positions
    }

    /// # Panics
    /// Where nothing is listed.
    pub fn row(&self, at: u32) -> Row<'a> {
        let entry = self.listed.get(at);
        let entry = entry.expect("a list holds listed positions");
        let scope = self.scope;
        let copy = scope.snapshot().copy(entry.lead);
        Row {
            at,
            entry,
            copy,
            state: self.states.then(|| ItemState::of(scope, &entry)),
            copies: match self.copies {
                true => scope.copy_count(&entry),
                false => 0,
            },
            size: match self.sizes {
                true => scope.size(&entry),
                false => 0,
            },
            series: match self.series {
                true => series_sort_name(scope, &entry).unwrap_or(copy.sort_name()),
                false => "",
            },
        }
    }

    pub fn compare(&self, left: &Row, right: &Row) -> Ordering {
        let asked = self.keys.iter().map(|key| {
            let order = compare(key.by, self.seed, left, right);
            match key.order {
                SortOrder::Descending => order.reverse(),
                SortOrder::Ascending => order,
            }
        });
        asked
            .into_iter()
            .find(|order| order.is_ne())
            .unwrap_or_else(|| tie(left, right))
    }
}

fn tie(left: &Row, right: &Row) -> Ordering {
    left.copy
        .sort_name()
        .cmp(right.copy.sort_name())
        .then_with(|| left.copy.upstream_id().cmp(&right.copy.upstream_id()))
        .then_with(|| left.entry.id.cmp(&right.entry.id))
}

fn compare(by: SortBy, seed: i64, left: &Row, right: &Row) -> Ordering {
    let (a, b) = (&left.copy.light, &right.copy.light);
    let text = |a: Option<&str>, b: Option<&str>| {
        a.unwrap_or_default()
            .to_lowercase()
            .cmp(&b.unwrap_or_default().to_lowercase())
    };
    let number = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    let state = |of: &dyn Fn(&ItemState) -> i64| {
        let value = |row: &Row| row.state.as_ref().map_or(0, of);
        value(left).cmp(&value(right))
    };
    match by {
        SortBy::Default => Ordering::Equal,
        SortBy::SortName => left.copy.sort_name().cmp(right.copy.sort_name()),
        SortBy::Name => text(Some(a.name()), Some(b.name())),
        SortBy::Random => random(seed, left).cmp(&random(seed, right)),
        SortBy::Album => text(a.album().as_deref(), b.album().as_deref()),
        SortBy::AlbumArtist => text(a.album_artist().as_deref(), b.album_artist().as_deref()),
        SortBy::Artist => text(
            a.artists().next().map(Word::as_str),
            b.artists().next().map(Word::as_str),
        ),
        SortBy::DateCreated => a.date_created().cmp(&b.date_created()),
        SortBy::DateLastContentAdded => a
            .date_last_media_added()
            .or(a.date_created())
            .cmp(&b.date_last_media_added().or(b.date_created())),
        SortBy::OfficialRating => rank(a).cmp(&rank(b)),
        SortBy::PremiereDate | SortBy::StartDate => a.premiere_date().cmp(&b.premiere_date()),
        SortBy::Runtime => a.run_time_ticks().cmp(&b.run_time_ticks()),
        SortBy::CommunityRating => number(a.community_rating(), b.community_rating()),
        SortBy::CriticRating => number(a.critic_rating(), b.critic_rating()),
        SortBy::ProductionYear => a.production_year().cmp(&b.production_year()),
        SortBy::IsFolder => b.is_folder.cmp(&a.is_folder),
        SortBy::SeriesSortName => left.series.cmp(right.series),
        SortBy::VideoBitRate => bit_rate(a).cmp(&bit_rate(b)),
        SortBy::AirTime => text(a.air_time().as_deref(), b.air_time().as_deref()),
        SortBy::Studio => text(
            a.studios().next().map(|s| s.name.as_str()),
            b.studios().next().map(|s| s.name.as_str()),
        ),
        SortBy::AiredEpisodeOrder => (a.parent_index_number(), a.index_number())
            .cmp(&(b.parent_index_number(), b.index_number())),
        SortBy::ParentIndexNumber => a.parent_index_number().cmp(&b.parent_index_number()),
        SortBy::IndexNumber => a.index_number().cmp(&b.index_number()),
        SortBy::Copies => left.copies.cmp(&right.copies),
        SortBy::Size => left.size.cmp(&right.size),
        SortBy::DatePlayed | SortBy::SeriesDatePlayed => {
            state(&|state| state.last_played_at.unwrap_or(i64::MIN))
        }
        SortBy::PlayCount => state(&|state| state.play_count),
        SortBy::IsPlayed => state(&|state| i64::from(!state.played)),
        SortBy::IsUnplayed => state(&|state| i64::from(state.played)),
        SortBy::IsFavoriteOrLiked => {
            state(&|state| i64::from(!(state.favorite || state.likes == Some(true))))
        }
    }
}

/// By the age alone, as Jellyfin sorts: `R` and `NC-17` are equal.
fn rank(light: &Packed) -> i32 {
    let rank = light.official_rating().as_deref().and_then(ratings::rank);
    rank.map_or(-1, |rank| rank / 2)
}

fn bit_rate(light: &Packed) -> i64 {
    let streams = light
        .media_sources()
        .flat_map(|source| source.media_streams);
    streams
        .filter(|stream| stream.kind == "Video")
        .filter_map(|stream| stream.bit_rate)
        .max()
        .unwrap_or(0)
}

/// As the series is shown, so that its episodes stay together wherever each one's leading copy is.
fn series_sort_name<'a>(scope: &'a Scope, entry: &ItemEntry) -> Option<&'a str> {
    let series = scope.projection.entry(scope.series_of(entry.item)?, None)?;
    Some(scope.snapshot().copy(series.lead).sort_name())
}

/// The default hasher has fixed keys, so the order is the same everywhere.
fn random(seed: i64, row: &Row) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((seed, row.entry.id))
}

/// Names are kept by name; only the direction and chance can differ.
pub fn sort_names(scope: &Scope, query: &ItemQuery, found: &mut [NameRef]) {
    let names = scope.projection.names();
    found.sort_by_cached_key(|at| {
        let entry = names.entry(*at);
        (entry.name.to_lowercase(), entry.id)
    });
    match query.sort.first() {
        Some(sort) if sort.by == SortBy::Random => {
            let seed = query.filter.random_seed.unwrap_or(0);
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            found.sort_by_cached_key(|at| hasher.hash_one((seed, names.entry(*at).id)));
        }
        Some(sort) if sort.order == SortOrder::Descending => found.reverse(),
        _ => {}
    }
}
