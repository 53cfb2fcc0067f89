//! Instant mix: songs that share a genre with what somebody listens to, in an order by chance.

use std::collections::BTreeSet;

use crate::catalog::CatalogError;
use crate::catalog::query;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::model::{
    ItemFilter, ItemKind, ItemQuery, ItemSort, NameKind, PublicId, SortBy, SortOrder,
};

/// The longest mix, as in Jellyfin.
const MOST: usize = 200;

/// Songs like a song, an album, an artist, a playlist or a genre; a song itself goes first. Nothing is like
/// what is no music. `chance` decides the order.
///
/// # Errors
/// As [`query::select`].
pub fn instant_mix(scope: &Scope, like: &Entry, chance: i64) -> Result<Vec<Entry>, CatalogError> {
    let names = scope.projection.names();
    let genres = match like {
        Entry::Item(entry) => match scope.snapshot().item(entry.item).kind {
            ItemKind::Audio => genres_of(scope, entry),
            ItemKind::MusicAlbum | ItemKind::MusicArtist | ItemKind::Playlist => {
                let mut genres = genres_of(scope, entry);
                genres.extend(genres_within(scope, entry.id)?);
                genres
            }
            _ => return Ok(Vec::new()),
        },
        Entry::Name(name) => match name.kind {
            NameKind::Genre | NameKind::MusicGenre => {
                BTreeSet::from([names.entry(*name).name.clone()])
            }
            NameKind::Artist | NameKind::AlbumArtist => {
                genres_within(scope, names.entry(*name).id)?
            }
            NameKind::Studio | NameKind::Person | NameKind::Year => return Ok(Vec::new()),
        },
        Entry::Library(_) | Entry::Root => return Ok(Vec::new()),
    };
    let mixed = ItemQuery {
        filter: ItemFilter {
            genres: genres.into_iter().collect(),
            random_seed: Some(chance),
            ..songs()
        },
        sort: vec![ItemSort {
            by: SortBy::Random,
            order: SortOrder::Ascending,
        }],
    };
    let song = like.item().filter(|entry| {
        let item = scope.snapshot().item(entry.item);
        item.kind == ItemKind::Audio
    });
    let mixed = query::select(scope, &mixed)?;
    let others = mixed
        .items()
        .filter(|other| song.is_none_or(|song| song.item != other.item));
    let all = song.copied().into_iter().chain(others);
    Ok(all.take(MOST).map(Entry::Item).collect())
}

fn songs() -> ItemFilter {
    ItemFilter {
        recursive: true,
        kinds: vec![ItemKind::Audio],
        ..ItemFilter::default()
    }
}

/// Of the first copy that has any.
fn genres_of(scope: &Scope, entry: &ItemEntry) -> BTreeSet<String> {
    let copies = scope.copies(entry).into_iter();
    let mut told = copies.map(|copy| {
        let genres = scope.snapshot().copy(copy).light.genres();
        genres.map(String::from).collect::<BTreeSet<_>>()
    });
    told.find(|genres| !genres.is_empty()).unwrap_or_default()
}

/// Of the songs in it.
fn genres_within(scope: &Scope, id: PublicId) -> Result<BTreeSet<String>, CatalogError> {
    let held = ItemQuery {
        filter: ItemFilter {
            parent_id: Some(id),
            ..songs()
        },
        sort: Vec::new(),
    };
    let held = query::select(scope, &held)?;
    Ok(held
        .items()
        .flat_map(|song| genres_of(scope, &song))
        .collect())
}
