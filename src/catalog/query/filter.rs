//! Whether an entry answers a filter.

use std::collections::HashSet;

use crate::catalog::names::{NameRef, each_name};
use crate::catalog::query::place;
use crate::catalog::ratings;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, ItemIx};
use crate::catalog::watch::ItemState;
use crate::merge::name::fold;
use crate::model::{ItemFilter, ItemKind, NameKind};
use crate::wire::{LightStream, Packed, Word};

/// A filter with its ids and names looked up once.
pub struct Compiled<'a> {
    scope: &'a Scope,
    filter: &'a ItemFilter,
    excluded: HashSet<ItemIx>,
    genres: HashSet<String>,
    studios: HashSet<String>,
    /// Any of these people (names, folded).
    people: Option<HashSet<String>>,
    artists: Option<HashSet<String>>,
    album_artists: Option<HashSet<String>>,
    excluded_artists: HashSet<String>,
    albums: HashSet<ItemIx>,
    /// The search term, folded once.
    term: Option<String>,
}

impl<'a> Compiled<'a> {
    pub fn new(scope: &'a Scope, filter: &'a ItemFilter) -> Self {
        let named = |ids: &[_], kinds: &[NameKind]| -> HashSet<String> {
            ids.iter()
                .filter_map(|id| match place::name_of(scope, *id, kinds) {
                    Some(name) => Some(fold(&scope.projection.names().entry(name).name)),
                    None => match scope.find(*id, None) {
                        Some(Entry::Item(entry)) => {
                            Some(fold(scope.snapshot().copy(entry.lead).light.name()))
                        }
                        _ => None,
                    },
                })
                .collect()
        };
        let items = |ids: &[_]| -> HashSet<ItemIx> {
            ids.iter()
                .filter_map(|id| Some(scope.find(*id, None)?.item()?.item))
                .collect()
        };
        let folded = |names: &[String]| names.iter().map(|name| fold(name)).collect::<HashSet<_>>();
        let asked = |set: HashSet<String>, asked: bool| asked.then_some(set);

        let mut genres = folded(&filter.genres);
        genres.extend(named(
            &filter.genre_ids,
            &[NameKind::Genre, NameKind::MusicGenre],
        ));
        let mut studios = folded(&filter.studios);
        studios.extend(named(&filter.studio_ids, &[NameKind::Studio]));
        let mut people = named(&filter.person_ids, &[NameKind::Person]);
        people.extend(filter.person.iter().map(|name| fold(name)));
        let artist_kinds = [NameKind::Artist, NameKind::AlbumArtist];
        let mut artists = named(&filter.artist_ids, &artist_kinds);
        artists.extend(folded(&filter.artists));
        artists.extend(named(&filter.contributing_artist_ids, &artist_kinds));
        let asks_artists = !filter.artist_ids.is_empty()
            || !filter.artists.is_empty()
            || !filter.contributing_artist_ids.is_empty();
        Self {
            scope,
            filter,
            excluded: items(&filter.exclude_ids),
            genres,
            studios,
            people: asked(
                people,
                !filter.person_ids.is_empty() || filter.person.is_some(),
            ),
            artists: asked(artists, asks_artists),
            album_artists: asked(
                named(&filter.album_artist_ids, &artist_kinds),
                !filter.album_artist_ids.is_empty(),
            ),
            excluded_artists: named(&filter.exclude_artist_ids, &artist_kinds),
            albums: items(&filter.album_ids),
            term: filter.search.as_deref().map(fold),
        }
    }

    pub fn matches(&self, entry: &ItemEntry) -> bool {
        let copy = self.scope.snapshot().copy(entry.lead);
        let light = &copy.light;
        !self.excluded.contains(&entry.item)
            && self.kind(light)
            && self.names(entry, light)
            && self.words(copy, light)
            && self.numbers(light)
            && self.held(entry)
            && self.media(light)
            && self.provider_ids(entry)
            && self.saved(entry, copy)
            && self.status(entry)
    }

    fn kind(&self, light: &Packed) -> bool {
        let filter = self.filter;
        let media = light
            .media_type()
            .map(Word::as_str)
            .unwrap_or_else(|| light.kind.media_type());
        // Physical folders are scenery: listed where they lie, not in searches through everything.
        let hidden = light.kind == ItemKind::Folder
            && filter.recursive
            && filter.parent_id.is_none()
            && !filter.kinds.contains(&ItemKind::Folder);
        !hidden
            && (filter.kinds.is_empty() || filter.kinds.contains(&light.kind))
            && !filter.exclude_kinds.contains(&light.kind)
            && any_ignoring_case(&filter.media_types, media)
            && filter
                .status
                .folder
                .is_none_or(|folder| light.is_folder == folder)
            && (filter.series_id.is_none() && filter.season_id.is_none()
                || light.kind == ItemKind::Episode)
    }

    fn names(&self, entry: &ItemEntry, light: &Packed) -> bool {
        let filter = self.filter;
        let any = |names: &HashSet<String>, mut found: &mut dyn Iterator<Item = &str>| {
            (&mut found).any(|name| names.contains(&fold(name)))
        };
        (self.genres.is_empty() || any(&self.genres, &mut light.genres().map(Word::as_str)))
            && (self.studios.is_empty()
                || any(
                    &self.studios,
                    &mut light.studios().map(|studio| studio.name.as_str()),
                ))
            && self.people.as_ref().is_none_or(|people| {
                light.people().any(|person| {
                    let kind = person.kind.as_deref().unwrap_or_default();
                    people.contains(&fold(&person.name))
                        && any_ignoring_case(&filter.person_types, kind)
                })
            })
            && self
                .artists
                .as_ref()
                .is_none_or(|artists| any(artists, &mut artist_names(light)))
            && self.album_artists.as_ref().is_none_or(|artists| {
                any(
                    artists,
                    &mut light.album_artists().map(|artist| artist.name.as_str()),
                )
            })
            && !any(&self.excluded_artists, &mut artist_names(light))
            && any_ignoring_case(&filter.albums, light.album().as_deref().unwrap_or_default())
            && (self.albums.is_empty()
                || self
                    .scope
                    .snapshot()
                    .item(entry.item)
                    .family
                    .album()
                    .is_some_and(|album| self.albums.contains(&album)))
            && (filter.tags.is_empty()
                || light
                    .tags()
                    .any(|tag| any_ignoring_case(&filter.tags, &tag)))
            && any_ignoring_case(
                &filter.series_status,
                light.status().as_deref().unwrap_or_default(),
            )
            && any_ignoring_case(
                &filter.video_types,
                light.video_type().as_deref().unwrap_or_default(),
            )
    }

    fn words(&self, copy: &Copy, light: &Packed) -> bool {
        let filter = self.filter;
        let sort_name = copy.sort_name();
        filter
            .name_starts_with
            .as_ref()
            .is_none_or(|start| sort_name.starts_with(&start.to_lowercase()))
            && filter
                .name_starts_with_or_greater
                .as_ref()
                .is_none_or(|least| *sort_name >= *least.to_lowercase())
            && filter
                .name_less_than
                .as_ref()
                .is_none_or(|bound| *sort_name < *bound.to_lowercase())
            && self
                .term
                .as_ref()
                .is_none_or(|term| copy.searched().contains(term.as_str()))
            && filter
                .has_overview
                .is_none_or(|has| light.overview().is_some_and(|text| !text.is_empty()) == has)
    }

    fn numbers(&self, light: &Packed) -> bool {
        let filter = self.filter;
        let rating = || light.official_rating().map(Word::as_str);
        let rank = || rating().and_then(ratings::rank);
        let bound = |bound: &Option<String>| bound.as_deref().and_then(ratings::rank);
        (filter.years.is_empty() || light.production_year().is_some_and(|year| filter.years.contains(&year)))
            && (filter.official_ratings.is_empty()
                || rating().is_some_and(|rating| any_ignoring_case(&filter.official_ratings, rating)))
            && filter.has_official_rating.is_none_or(|has| rating().is_some() == has)
            && bound(&filter.min_official_rating).is_none_or(|least| rank().is_some_and(|rank| rank >= least))
            && bound(&filter.max_official_rating).is_none_or(|most| rank().is_none_or(|rank| rank <= most))
            && filter.index_number.is_none_or(|number| light.index_number() == Some(number))
            && filter.parent_index_number.is_none_or(|number| light.parent_index_number() == Some(number))
            && filter.min_community_rating.is_none_or(|least| light.community_rating().is_some_and(|rating| rating >= least))
            && filter.min_critic_rating.is_none_or(|least| light.critic_rating().is_some_and(|rating| rating >= least))
            && filter.min_premiere_date.is_none_or(|least| light.premiere_date().is_some_and(|date| date >= least))
            && filter.max_premiere_date.is_none_or(|most| light.premiere_date().is_some_and(|date| date <= most))
            // Manyfin keeps no placeholders for what a library lacks.
            && filter.is_missing != Some(true)
            && filter.is_unaired != Some(true)
            && filter.is_locked.is_none_or(|locked| light.lock_data().unwrap_or(false) == locked)
    }

    fn held(&self, entry: &ItemEntry) -> bool {
        let least = self.filter.min_copies;
        least.is_none_or(|least| self.scope.copy_count(entry) >= least)
    }

    fn media(&self, light: &Packed) -> bool {
        let filter = self.filter;
        let asks_size = filter.min_width.is_some()
            || filter.max_width.is_some()
            || filter.min_height.is_some()
            || filter.max_height.is_some()
            || filter.is_hd.is_some()
            || filter.is_4k.is_some();
        let (width, height) = if asks_size { size(light) } else { (None, None) };
        let within = |value: Option<i32>, least: Option<i32>, most: Option<i32>| {
            least.is_none_or(|least| value.is_some_and(|value| value >= least))
                && most.is_none_or(|most| value.is_some_and(|value| value <= most))
        };
        let has = |asked: Option<bool>, value: bool| asked.is_none_or(|asked| asked == value);
        let languages = |kind: &str, asked: &[String]| {
            asked.is_empty()
                || streams(light, kind).any(|stream| {
                    any_ignoring_case(asked, stream.language.as_deref().unwrap_or("und"))
                })
        };
        let has_trailer = light.local_trailer_count().unwrap_or(0) > 0;
        within(width, filter.min_width, filter.max_width)
            && within(height, filter.min_height, filter.max_height)
            && has(filter.is_hd, is_hd(width, height))
            && has(filter.is_4k, width.is_some_and(|width| width >= 3800))
            && filter.is_3d != Some(true)
            && has(filter.has_subtitles, light.has_subtitles().unwrap_or(false))
            && has(filter.has_trailer, has_trailer)
            && has(
                filter.has_special_feature,
                light.special_feature_count().unwrap_or(0) > 0,
            )
            && (filter.image_types.is_empty()
                || filter.image_types.iter().any(|kind| has_image(light, kind)))
            && languages("Audio", &filter.audio_languages)
            && languages("Subtitle", &filter.subtitle_languages)
    }

    fn provider_ids(&self, entry: &ItemEntry) -> bool {
        let filter = self.filter;
        let asked = [
            ("imdb", filter.has_imdb_id),
            ("tmdb", filter.has_tmdb_id),
            ("tvdb", filter.has_tvdb_id),
        ];
        if filter.any_provider_id.is_empty() && asked.iter().all(|(_, has)| has.is_none()) {
            return true;
        }
        let copies = self.scope.copies(entry);
        let ids: Vec<(String, String)> = copies
            .iter()
            .flat_map(|copy| self.scope.snapshot().copy(*copy).light.provider_ids())
            .map(|(provider, id)| (provider.to_lowercase(), id.to_lowercase()))
            .collect();
        asked.iter().all(|(provider, has)| {
            has.is_none_or(|has| ids.iter().any(|(known, _)| known == provider) == has)
        }) && (filter.any_provider_id.is_empty()
            || filter.any_provider_id.iter().any(|id| ids.contains(id)))
    }

    fn saved(&self, entry: &ItemEntry, copy: &Copy) -> bool {
        let filter = self.filter;
        filter
            .min_date_last_saved
            .is_none_or(|least| copy.changed_at() >= least.timestamp_millis())
            && filter.min_date_last_saved_for_user.is_none_or(|least| {
                let least = least.timestamp_millis();
                let state = self
                    .scope
                    .user_items
                    .get(self.scope.snapshot().item(entry.item).id);
                copy.changed_at() >= least || state.is_some_and(|state| state.changed_at() >= least)
            })
    }

    fn status(&self, entry: &ItemEntry) -> bool {
        let status = &self.filter.status;
        let none = crate::model::StatusFilter {
            folder: status.folder,
            ..Default::default()
        };
        if *status == none {
            return true;
        }
        let state = ItemState::of(self.scope, entry);
        let has = |asked: Option<bool>, value: bool| asked.is_none_or(|asked| asked == value);
        has(status.played, state.played)
            && has(status.favorite, state.favorite)
            && has(status.resumable, state.resumable)
            && status.likes.is_none_or(|likes| state.likes == Some(likes))
            && (!status.favorite_or_likes || state.favorite || state.likes == Some(true))
    }
}

/// Whether the entry carries the name.
pub fn carries(scope: &Scope, entry: &ItemEntry, name: NameRef) -> bool {
    let wanted = fold(&scope.projection.names().entry(name).name);
    let mut found = false;
    for copy in scope.copies(entry) {
        each_name(scope.snapshot().copy(copy), |kind, text, _, _| {
            found |= kind == name.kind && fold(text) == wanted;
        });
    }
    found
}

/// An empty list allows everything.
fn any_ignoring_case(allowed: &[String], value: &str) -> bool {
    allowed.is_empty()
        || allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(value))
}

fn artist_names(light: &Packed) -> impl Iterator<Item = &str> {
    let artists = light.artist_items().chain(light.album_artists());
    artists.map(|artist| artist.name.as_str())
}

fn streams<'a>(light: &'a Packed, kind: &'a str) -> impl Iterator<Item = LightStream> + 'a {
    light
        .media_sources()
        .flat_map(|source| source.media_streams)
        .filter(move |stream| stream.kind == kind)
}

/// The picture's width and height, of the first video stream where the item itself does not say.
pub fn size(light: &Packed) -> (Option<i32>, Option<i32>) {
    if let (Some(width), Some(height)) = (light.width(), light.height()) {
        return (Some(width), Some(height));
    }
    let video = streams(light, "Video").next();
    let of = |read: fn(&LightStream) -> Option<i32>| video.as_ref().and_then(read);
    (
        light.width().or_else(|| of(|video| video.width)),
        light.height().or_else(|| of(|video| video.height)),
    )
}

/// Jellyfin's measure of HD: at least 1,200 pixels wide or 700 high.
pub fn is_hd(width: Option<i32>, height: Option<i32>) -> bool {
    width.is_some_and(|width| width >= 1200) || height.is_some_and(|height| height >= 700)
}

fn has_image(light: &Packed, kind: &str) -> bool {
    if kind.eq_ignore_ascii_case("Backdrop") {
        !light.backdrop_image_tags().is_empty()
    } else {
        light
            .image_tags()
            .any(|(known, _)| known.eq_ignore_ascii_case(kind))
    }
}
