//! What a home screen asks for: latest, next up, resume; and what a detail page shows around an item.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::catalog::CatalogError;
use crate::catalog::query::{self, EntryPage, collect};
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::ItemIx;
use crate::catalog::watch::ItemState;
use crate::model::{
    ItemFilter, ItemKind, ItemQuery, ItemSort, Page, PublicId, SortBy, SortOrder, StatusFilter,
};
use crate::wire::{Items, Word};

/// What `/Items/Latest` asks.
#[derive(Debug, Clone, Default)]
pub struct LatestQuery {
    pub library: Option<PublicId>,
    pub kinds: Vec<ItemKind>,
    pub played: Option<bool>,
    /// Episodes under their series, tracks under their album.
    pub group: bool,
    pub limit: usize,
}

/// Something newly added; a series or album tells how many new items it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    pub entry: ItemEntry,
    pub count: Option<usize>,
}

/// What came last, newest first.
pub fn latest(scope: &Scope, asked: &LatestQuery) -> Result<Vec<Latest>, CatalogError> {
    let kinds = match asked.kinds.is_empty() {
        false => asked.kinds.clone(),
        true => latest_kinds(scope, asked.library),
    };
    let filter = ItemFilter {
        parent_id: asked.library,
        recursive: true,
        kinds,
        status: StatusFilter {
            played: asked.played,
            ..Default::default()
        },
        ..Default::default()
    };
    let newest = |by| ItemSort {
        by,
        order: SortOrder::Descending,
    };
    let sort = vec![newest(SortBy::DateCreated), newest(SortBy::SortName)];
    let all = query::select(scope, &ItemQuery { filter, sort })?;

    let mut found: Vec<Latest> = Vec::new();
    let mut groups: HashMap<ItemIx, usize> = HashMap::new();
    for entry in all.items() {
        let group = if asked.group {
            container(scope, entry.item)
        } else {
            None
        };
        match group {
            Some(holder) => match groups.get(&holder) {
                Some(at) => {
                    let count = &mut found[*at].count;
                    *count = count.map(|count| count + 1);
                }
                None if found.len() < asked.limit => {
                    let Some(shown) = scope.projection.entry(holder, None) else {
                        continue;
                    };
                    groups.insert(holder, found.len());
                    found.push(Latest {
                        entry: shown,
                        count: Some(1),
                    });
                }
                None => {}
            },
            None if found.len() < asked.limit => found.push(Latest { entry, count: None }),
            None if !asked.group => break,
            None => {}
        }
    }
    Ok(found)
}

fn latest_kinds(scope: &Scope, library: Option<PublicId>) -> Vec<ItemKind> {
    let view = library.and_then(|id| scope.projection.view(id));
    match view.and_then(|view| view.collection_type.as_deref()) {
        Some("movies") => vec![ItemKind::Movie],
        Some("tvshows") => vec![ItemKind::Episode],
        Some("music") => vec![ItemKind::Audio],
        Some("boxsets") => vec![ItemKind::BoxSet],
        Some("books") => vec![ItemKind::Book, ItemKind::AudioBook],
        Some("musicvideos") => vec![ItemKind::MusicVideo],
        _ => vec![
            ItemKind::Movie,
            ItemKind::Episode,
            ItemKind::Audio,
            ItemKind::Video,
            ItemKind::Photo,
            ItemKind::MusicVideo,
            ItemKind::Book,
            ItemKind::AudioBook,
        ],
    }
}

fn container(scope: &Scope, item: ItemIx) -> Option<ItemIx> {
    let item = scope.snapshot().item(item);
    item.family.series().or(item.family.album())
}

/// What `/Shows/NextUp` asks.
#[derive(Debug, Clone, Default)]
pub struct NextUpQuery {
    pub series: Option<PublicId>,
    pub library: Option<PublicId>,
    pub resumable: bool,
    pub rewatching: bool,
    /// Series last watched before this are left out.
    pub cutoff: Option<DateTime<Utc>>,
}

/// The first episode to watch of each series that was begun, the last watched series first. Of a series
/// that is named, the first episode even if nothing was watched.
pub fn next_up(scope: &Scope, asked: &NextUpQuery, page: Page) -> EntryPage {
    let snapshot = scope.snapshot();
    let series: Vec<ItemIx> = match asked.series {
        Some(id) => match scope.find(id, None) {
            Some(Entry::Item(entry)) => vec![entry.item],
            _ => Vec::new(),
        },
        None => {
            let library = asked
                .library
                .and_then(|id| scope.projection.view(id))
                .map(|view| view.library);
            let entries = scope.projection.members(library);
            let series = entries.iter().map(|entry| entry.item);
            series
                .filter(|item| snapshot.item(*item).kind == ItemKind::Series)
                .collect()
        }
    };
    let cutoff = asked.cutoff.map(|cutoff| cutoff.timestamp_millis());
    let mut found: Vec<(i64, Entry)> = series
        .into_iter()
        .filter_map(|series| {
            let (watched_at, next) = next_episode(scope, series, asked)?;
            let begun = watched_at.is_some() || asked.series.is_some();
            let recent = cutoff.is_none_or(|cutoff| watched_at.is_none_or(|at| at >= cutoff));
            (begun && recent).then_some((watched_at.unwrap_or(i64::MIN), Entry::Item(next)))
        })
        .collect();
    let id = |entry: &Entry| entry.item().map(|item| item.id);
    found.sort_by_key(|(at, entry)| (std::cmp::Reverse(*at), id(entry)));
    EntryPage::cut(&found, page, |(_, entry)| entry)
}

/// When the series was last watched, and the episode after the last one played.
fn next_episode(
    scope: &Scope,
    series: ItemIx,
    asked: &NextUpQuery,
) -> Option<(Option<i64>, ItemEntry)> {
    let snapshot = scope.snapshot();
    let mut below = Vec::new();
    collect(scope, series, true, &mut below);
    let mut episodes: Vec<((i32, i32), ItemEntry, ItemState)> = below
        .into_iter()
        .filter(|item| snapshot.item(*item).kind == ItemKind::Episode)
        .filter_map(|item| scope.projection.entry(item, None))
        .map(|entry| {
            let light = &snapshot.copy(entry.lead).light;
            let number = (
                light.parent_index_number().unwrap_or(0),
                light.index_number().unwrap_or(0),
            );
            (number, entry, ItemState::of(scope, &entry))
        })
        .filter(|((season, _), _, _)| *season != 0)
        .collect();
    episodes.sort_by_key(|(number, entry, _)| (*number, entry.id));
    let watched_at = episodes
        .iter()
        .filter(|(_, _, state)| state.played || state.position_ticks > 0)
        .map(|(_, _, state)| state.last_played_at.unwrap_or(0))
        .max();
    let last_played = if asked.rewatching {
        let latest = episodes
            .iter()
            .enumerate()
            .filter(|(_, (_, _, state))| state.played);
        latest
            .max_by_key(|(_, (_, _, state))| state.last_played_at)
            .map(|(at, _)| at)
    } else {
        episodes.iter().rposition(|(_, _, state)| state.played)
    };
    let rest = &episodes[last_played.map_or(0, |at| at + 1)..];
    let next = rest
        .iter()
        .find(|(_, _, state)| asked.rewatching || !state.played)?;
    let resumable = asked.resumable || asked.series.is_some() || next.2.position_ticks == 0;
    resumable.then_some((watched_at, next.1))
}

/// What was begun and not finished, last played first.
pub fn resume(scope: &Scope, filter: &ItemFilter, page: Page) -> Result<EntryPage, CatalogError> {
    let mut filter = filter.clone();
    filter.recursive = true;
    filter.status.resumable = Some(true);
    let sort = vec![ItemSort {
        by: SortBy::DatePlayed,
        order: SortOrder::Descending,
    }];
    query::run(scope, &ItemQuery { filter, sort }, page)
}

/// Items of the same kind that share the most genres, tags, people and studios with it.
pub fn similar(scope: &Scope, entry: &ItemEntry, limit: usize) -> Vec<Entry> {
    let snapshot = scope.snapshot();
    let own = &snapshot.copy(entry.lead).light;
    if own.kind == ItemKind::Episode || own.kind == ItemKind::BoxSet {
        return Vec::new();
    }
    let mut scored: Vec<(i64, ItemEntry)> = scope
        .projection
        .members(None)
        .iter()
        .filter(|other| other.item != entry.item && snapshot.item(other.item).kind == own.kind)
        .map(|other| {
            let light = &snapshot.copy(other.lead).light;
            let shared = |left: Items<'_, Word>, right: Items<'_, Word>| {
                left.filter(|name| right.clone().any(|other| other == *name))
                    .count() as i64
            };
            let people = light
                .people()
                .filter(|person| own.people().any(|known| known.name == person.name));
            let studios = light
                .studios()
                .filter(|studio| own.studios().any(|known| known.name == studio.name));
            let years = match (own.production_year(), light.production_year()) {
                (Some(a), Some(b)) => i64::from((10 - (a - b).abs() / 5).max(0)),
                _ => 0,
            };
            let score = 10 * shared(own.genres(), light.genres())
                + 10 * shared(own.tags(), light.tags())
                + 3 * people.count() as i64
                + 2 * studios.count() as i64
                + i64::from(
                    own.official_rating().is_some()
                        && own.official_rating() == light.official_rating(),
                ) * 10;
            (score * 100 + years, other)
        })
        .collect();
    scored.sort_by_key(|(score, other)| (std::cmp::Reverse(*score), other.id));
    scored
        .into_iter()
        .take(limit)
        .map(|(_, entry)| Entry::Item(entry))
        .collect()
}

/// The box sets that hold an item, by name.
///
/// # Errors
/// As [`query::select`].
pub fn collections(scope: &Scope, entry: &ItemEntry) -> Result<Vec<Entry>, CatalogError> {
    let sets = ItemQuery {
        filter: ItemFilter {
            recursive: true,
            kinds: vec![ItemKind::BoxSet],
            ..ItemFilter::default()
        },
        sort: vec![ItemSort {
            by: SortBy::SortName,
            order: SortOrder::Ascending,
        }],
    };
    let holds = |set: &ItemEntry| {
        let members = &scope.snapshot().item(set.item).members;
        members.contains(&entry.item)
    };
    let sets = query::select(scope, &sets)?;
    Ok(sets.items().filter(holds).map(Entry::Item).collect())
}

/// What holds an item, the nearest first, up to the root.
pub fn ancestors(scope: &Scope, entry: &Entry) -> Vec<Entry> {
    let snapshot = scope.snapshot();
    let mut found = Vec::new();
    match entry {
        Entry::Item(entry) => {
            let mut at = snapshot.item(entry.item).family.parent();
            while let Some(parent) = at.filter(|_| found.len() < 32) {
                let shown = scope.projection.entry(parent, None);
                let shown = shown.filter(|_| !query::is_location(snapshot, parent));
                found.extend(shown.map(Entry::Item));
                at = snapshot.item(parent).family.parent();
            }
            let view = scope
                .projection
                .views
                .iter()
                .find(|view| scope.projection.lists(view.library, entry.lead));
            found.extend(view.map(|view| Entry::Library(view.library)));
            found.push(Entry::Root);
        }
        Entry::Library(_) => found.push(Entry::Root),
        Entry::Name(_) | Entry::Root => {}
    }
    found
}

/// How many items of each kind the viewer sees.
pub fn counts(scope: &Scope, favorite: Option<bool>) -> HashMap<ItemKind, usize> {
    let mut counts = HashMap::new();
    for entry in scope.projection.members(None).iter() {
        let item = scope.snapshot().item(entry.item);
        let wanted = favorite.is_none_or(|favorite| {
            scope
                .user_items
                .get(item.id)
                .is_some_and(|state| state.is_favorite)
                == favorite
        });
        if wanted {
            *counts.entry(item.kind).or_insert(0) += 1;
        }
    }
    counts
}
