//! What the items of a list carry: the choices that a client offers as filters.

use std::collections::BTreeSet;

use super::List;
use crate::catalog::CatalogError;
use crate::catalog::names::{NameRef, each_name};
use crate::catalog::scope::Scope;

use crate::model::{ItemFilter, ItemQuery, NameKind};

/// Sorted, each value once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterValues {
    pub genres: Vec<NameRef>,
    pub tags: BTreeSet<String>,
    pub official_ratings: BTreeSet<String>,
    pub years: BTreeSet<i32>,
    /// ISO 639-2 codes; `und` where a stream does not say.
    pub audio_languages: BTreeSet<String>,
    pub subtitle_languages: BTreeSet<String>,
}

pub fn filter_values(scope: &Scope, filter: &ItemFilter) -> Result<FilterValues, CatalogError> {
    let filter = ItemFilter {
        recursive: true,
        ..filter.clone()
    };
    let items = super::select(
        scope,
        &ItemQuery {
            filter,
            sort: Vec::new(),
        },
    )?;
    let mut values = FilterValues {
        genres: names_of(scope, NameKind::Genre, &items),
        ..Default::default()
    };
    if values.genres.is_empty() {
        values.genres = names_of(scope, NameKind::MusicGenre, &items);
    }
    for entry in items.items() {
        let light = &scope.snapshot().copy(entry.lead).light;
        values.tags.extend(light.tags().map(String::from));
        values
            .official_ratings
            .extend(light.official_rating().map(String::from));
        values.years.extend(light.production_year());
        for stream in light
            .media_sources()
            .flat_map(|source| source.media_streams)
        {
            let language = stream.language.map(String::from);
            match stream.kind.as_str() {
                "Audio" => drop(
                    values
                        .audio_languages
                        .insert(language.unwrap_or_else(|| "und".to_owned())),
                ),
                "Subtitle" => values.subtitle_languages.extend(language),
                _ => {}
            }
        }
    }
    Ok(values)
}

/// The names of a kind that the entries carry, by name.
pub fn names_of(scope: &Scope, kind: NameKind, entries: &List) -> Vec<NameRef> {
    let names = scope.projection.names();
    let mut found = BTreeSet::new();
    for entry in entries.items() {
        each_name(scope.snapshot().copy(entry.lead), |carried, name, _, _| {
            if carried == kind {
                found.insert(crate::merge::name::fold(name));
            }
        });
    }
    names
        .of_kind(kind)
        .filter(|at| found.contains(&crate::merge::name::fold(&names.entry(*at).name)))
        .collect()
}
