//! A work, as the caller sees it.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::connection::id_of;
use super::joined::Joined;
use super::{Holdings, ItemConnection, Source, UserData};
use crate::catalog::query;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::watch::ItemState;
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::inputs::{
    self, BodyOptionsInput, ItemFilterInput, ItemSortInput, Kind, Paging, cost, weight,
};
use crate::graphql::scalars::{Json, Long};
use crate::model::{ItemFilter, ItemKind, ItemQuery, NameKind};
use crate::wire::{Items, Packed, Word};

/// Someone who took part in an item.
#[derive(Debug, Clone, SimpleObject)]
pub struct Credit {
    /// Their name.
    pub name: String,
    /// Whom they play, or what they did.
    pub role: Option<String>,
    /// `Actor`, `Director`, `Writer` …
    #[graphql(name = "type")]
    pub kind: Option<String>,
}

/// An id that a provider of metadata gives.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProviderId {
    /// `Tmdb`, `Imdb`, `Tvdb` …
    pub provider: String,
    /// The id there.
    pub id: String,
}

/// See the GraphQL type.
pub struct Item {
    scope: Scope,
    entry: Entry,
    /// In `latest`: for how many new items it stands.
    stands_for: Option<usize>,
}

impl Item {
    pub fn new(scope: Scope, entry: Entry) -> Self {
        Self {
            scope,
            entry,
            stands_for: None,
        }
    }

    /// A series or album that stands for `count` new items in it.
    pub fn standing_for(scope: Scope, entry: ItemEntry, count: Option<usize>) -> Self {
        Self {
            scope,
            entry: Entry::Item(entry),
            stands_for: count,
        }
    }

    fn item(&self) -> Option<&ItemEntry> {
        self.entry.item()
    }

    /// Of the leading copy, else of the first copy that has it.
    fn light<'a, T>(&'a self, read: impl Fn(&'a Packed) -> Option<T>) -> Option<T> {
        let entry = self.item()?;
        let snapshot = self.scope.snapshot();
        let lead = &snapshot.copy(entry.lead).light;
        read(lead).or_else(|| {
            let copies = self.scope.copies(entry);
            let mut others = copies.iter().filter(|copy| **copy != entry.lead);
            others.find_map(|copy| read(&snapshot.copy(*copy).light))
        })
    }

    /// A list of the leading copy, else of the first copy that has any.
    fn list<'a, E: 'a>(&'a self, read: impl Fn(&'a Packed) -> Items<'a, E>) -> Items<'a, E> {
        let found = self.light(|light| Some(read(light)).filter(|list| !list.is_empty()));
        found.unwrap_or_default()
    }

    fn text<'a>(&'a self, read: impl Fn(&'a Packed) -> Option<&'a str>) -> Option<String> {
        self.light(read).map(str::to_owned)
    }

    fn word(&self, read: impl Fn(&Packed) -> Option<Word>) -> Option<String> {
        self.light(read).map(String::from)
    }

    fn words<'a>(&'a self, read: impl Fn(&'a Packed) -> Items<'a, Word>) -> Vec<String> {
        self.list(read).map(String::from).collect()
    }

    fn kind(&self) -> ItemKind {
        match &self.entry {
            Entry::Item(entry) => self.scope.snapshot().item(entry.item).kind,
            Entry::Library(_) => ItemKind::CollectionFolder,
            Entry::Name(name) => match name.kind {
                NameKind::Genre => ItemKind::Genre,
                NameKind::MusicGenre => ItemKind::MusicGenre,
                NameKind::Studio => ItemKind::Studio,
                NameKind::Person => ItemKind::Person,
                NameKind::Artist | NameKind::AlbumArtist => ItemKind::MusicArtist,
                NameKind::Year => ItemKind::Year,
            },
            Entry::Root => ItemKind::UserRootFolder,
        }
    }

    /// Another item of the same moment, if the caller may see it.
    fn other(&self, item: Option<u32>) -> Option<Item> {
        let entry = self.scope.projection.entry(item?, None)?;
        Some(Self::new(self.scope.clone(), Entry::Item(entry)))
    }

    fn held(&self) -> Option<&crate::catalog::snapshot::Item> {
        Some(self.scope.snapshot().item(self.item()?.item))
    }

    /// What lies below, of one kind, by number.
    fn below(
        &self,
        ctx: &Context<'_>,
        kind: ItemKind,
        paging: &Paging,
    ) -> GraphResult<ItemConnection> {
        let query = ItemQuery {
            filter: ItemFilter {
                parent_id: Some(id_of(&self.scope, &self.entry)),
                recursive: true,
                kinds: vec![kind],
                ..ItemFilter::default()
            },
            sort: inputs::by_number(),
        };
        let all = query::select(&self.scope, &query)?;
        ItemConnection::of(self.scope.clone(), &all, paging, ctx.caller()?.trusted)
    }
}

/// A work (a film, an episode, a track …), something that holds works (a series, an album, a box
/// set …), or a name (a genre, a person …): once, however many servers hold a copy.
#[Object]
impl Item {
    /// The id that it was asked by, else its own.
    pub async fn id(&self) -> ID {
        id_of(&self.scope, &self.entry).to_string().into()
    }

    /// What it is.
    #[graphql(name = "kind")]
    async fn shown_kind(&self) -> Kind {
        self.kind().into()
    }

    /// What it is called.
    async fn name(&self) -> String {
        match &self.entry {
            Entry::Item(entry) => self
                .scope
                .snapshot()
                .copy(entry.lead)
                .light
                .name()
                .to_string(),
            Entry::Library(library) => self
                .scope
                .view(*library)
                .map(|view| view.name.clone())
                .unwrap_or_default(),
            Entry::Name(name) => self.scope.projection.names().entry(*name).name.clone(),
            Entry::Root => "Media Folders".to_owned(),
        }
    }

    /// The name where it was made.
    async fn original_title(&self) -> Option<String> {
        self.text(Packed::original_title)
    }

    /// What it is sorted by.
    async fn sort_name(&self) -> Option<String> {
        self.text(Packed::sort_name)
    }

    /// What it is about.
    async fn overview(&self) -> Option<String> {
        self.light(Packed::overview).map(Into::into)
    }

    /// The year of production.
    async fn production_year(&self) -> Option<i32> {
        self.light(Packed::production_year)
    }

    /// When it was first shown.
    async fn premiere_date(&self) -> Option<DateTime<Utc>> {
        self.light(Packed::premiere_date)
    }

    /// When a series ended.
    async fn end_date(&self) -> Option<DateTime<Utc>> {
        self.light(Packed::end_date)
    }

    /// When it was added to its server.
    async fn date_created(&self) -> Option<DateTime<Utc>> {
        self.light(Packed::date_created)
    }

    /// The number of an episode, season or track.
    async fn index_number(&self) -> Option<i32> {
        self.light(Packed::index_number)
    }

    /// The last number of an episode that spans several.
    async fn index_number_end(&self) -> Option<i32> {
        self.light(Packed::index_number_end)
    }

    /// The number of an episode's season or a track's disc.
    async fn parent_index_number(&self) -> Option<i32> {
        self.light(Packed::parent_index_number)
    }

    /// In ticks of 100 ns.
    async fn run_time_ticks(&self) -> Option<Long> {
        self.light(Packed::run_time_ticks).map(Long)
    }

    /// 0 to 10.
    async fn community_rating(&self) -> Option<f64> {
        self.light(Packed::community_rating)
    }

    /// 0 to 100.
    async fn critic_rating(&self) -> Option<f64> {
        self.light(Packed::critic_rating)
    }

    /// The parental rating.
    async fn official_rating(&self) -> Option<String> {
        self.word(Packed::official_rating)
    }

    /// `Continuing`, `Ended` or `Unreleased`, of a series.
    async fn status(&self) -> Option<String> {
        self.word(Packed::status)
    }

    /// Its genres.
    async fn genres(&self) -> Vec<String> {
        self.words(Packed::genres)
    }

    /// Its tags.
    async fn tags(&self) -> Vec<String> {
        self.words(Packed::tags)
    }

    /// Its studios or networks.
    async fn studios(&self) -> Vec<String> {
        let studios = self.list(Packed::studios);
        studios.map(|studio| studio.name.to_string()).collect()
    }

    /// Its artists, of music.
    async fn artists(&self) -> Vec<String> {
        self.words(Packed::artists)
    }

    /// Who took part, of the leading copy.
    async fn people(&self) -> Vec<Credit> {
        self.list(Packed::people)
            .map(|person| Credit {
                name: person.name.into(),
                role: person.role.map(String::from),
                kind: person.kind.map(String::from),
            })
            .collect()
    }

    /// The ids that providers of metadata give, of all copies.
    async fn provider_ids(&self) -> Vec<ProviderId> {
        let Some(entry) = self.item() else {
            return Vec::new();
        };
        let mut found: Vec<ProviderId> = Vec::new();
        for copy in self.scope.copies(entry) {
            for (provider, id) in self.scope.snapshot().copy(copy).light.provider_ids() {
                if !found
                    .iter()
                    .any(|known| known.provider == provider.as_str())
                {
                    found.push(ProviderId {
                        provider: provider.to_string(),
                        id: id.to_string(),
                    });
                }
            }
        }
        found
    }

    /// The series of a season or an episode.
    async fn series(&self) -> Option<Item> {
        self.other(self.held()?.family.series())
    }

    /// The season of an episode.
    async fn season(&self) -> Option<Item> {
        self.other(self.held()?.family.season())
    }

    /// The album of a track.
    async fn album(&self) -> Option<Item> {
        self.other(self.held()?.family.album())
    }

    /// What holds it.
    async fn parent(&self) -> Option<Item> {
        self.other(self.held()?.family.parent())
    }

    /// How many it holds; in `latest`, for how many new ones it stands.
    async fn child_count(&self) -> Option<i32> {
        let count = match (self.stands_for, self.item()) {
            (Some(count), _) => count,
            (None, Some(entry)) if self.kind().is_folder() => {
                let held = self.scope.snapshot().item(entry.item);
                let members = held.members.iter();
                let members = members.filter(|item| self.scope.projection.sees_item(**item));
                self.scope.children(entry.item).len() + members.count()
            }
            _ => return None,
        };
        Some(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// Whether copies on several servers (or several copies on one) are shown as this one item.
    async fn is_deduplicated(&self) -> bool {
        self.item()
            .is_some_and(|entry| self.scope.copies(entry).len() > 1)
    }

    /// Its copies that the caller may see, in the order in which they are played: by the source policy,
    /// those of servers that do not answer last. The one that gives the metadata is `isCanonical`.
    async fn sources(&self) -> Vec<Source> {
        let Some(entry) = self.item() else {
            return Vec::new();
        };
        self.scope
            .playing_order(entry)
            .into_iter()
            .map(|copy| Source {
                scope: self.scope.clone(),
                copy,
                is_canonical: copy == entry.lead,
            })
            .collect()
    }

    /// How often it is held, how large and how good: what is held twice?
    async fn holdings(&self) -> Option<Holdings> {
        Some(Holdings::of(&self.scope, self.item()?))
    }

    /// What joined its copies: an id that they share, name and year, a number, a hand.
    async fn joined_by(&self) -> Vec<Joined> {
        match self.item() {
            Some(entry) if !entry.single => Joined::of(&self.scope, entry),
            _ => Vec::new(),
        }
    }

    /// What the caller has watched and marked.
    async fn user_data(&self) -> UserData {
        let state = match &self.entry {
            Entry::Item(entry) => ItemState::of(&self.scope, entry),
            other => ItemState {
                favorite: self
                    .scope
                    .user_items
                    .get(id_of(&self.scope, other))
                    .is_some_and(|own| own.is_favorite),
                ..ItemState::default()
            },
        };
        state.into()
    }

    /// Jellyfin's body of it (`BaseItemDto`).
    async fn body(
        &self,
        ctx: &Context<'_>,
        options: Option<BodyOptionsInput>,
    ) -> GraphResult<Json> {
        let options = options.unwrap_or_default().into_options()?;
        let (caller, services) = (ctx.caller()?, ctx.services()?);
        caller
            .loaders
            .body(&services.catalog, &self.scope, &self.entry, options)
            .await
    }

    /// The seasons of a series, by number.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn seasons(
        &self,
        ctx: &Context<'_>,
        offset: Option<i32>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GraphResult<ItemConnection> {
        let paging = Paging {
            after,
            ..Paging::offset(offset, first)
        };
        self.below(ctx, ItemKind::Season, &paging)
    }

    /// The episodes of a series or a season, by number.
    #[graphql(complexity = "cost(weight(first, None), child_complexity)")]
    async fn episodes(
        &self,
        ctx: &Context<'_>,
        offset: Option<i32>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GraphResult<ItemConnection> {
        let paging = Paging {
            after,
            ..Paging::offset(offset, first)
        };
        self.below(ctx, ItemKind::Episode, &paging)
    }

    /// What it holds. Without a filter: what lies directly in it.
    #[graphql(complexity = "cost(weight(first, last), child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn children(
        &self,
        ctx: &Context<'_>,
        filter: Option<ItemFilterInput>,
        sort: Option<Vec<ItemSortInput>>,
        offset: Option<i32>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GraphResult<ItemConnection> {
        let mut query = inputs::query(filter, sort)?;
        query.filter.parent_id = Some(id_of(&self.scope, &self.entry));
        let paging = Paging {
            offset,
            first,
            after,
            last,
            before,
        };
        let all = query::select(&self.scope, &query)?;
        ItemConnection::of(self.scope.clone(), &all, &paging, ctx.caller()?.trusted)
    }
}
