//! Values that a list can be filtered by.

use async_graphql::{ID, SimpleObject};

use crate::catalog::names::NameRef as CatalogName;
use crate::catalog::query;
use crate::catalog::scope::Scope;

/// Something with a name.
#[derive(Debug, Clone, SimpleObject)]
pub struct NameRef {
    /// Its id; of a language, its code.
    pub id: ID,
    /// The name.
    pub name: String,
}

/// What the items of a list carry: the choices that a client offers as filters.
#[derive(Debug, Clone, SimpleObject)]
pub struct FilterValues {
    /// Genres, by name.
    pub genres: Vec<NameRef>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Parental ratings, sorted.
    pub official_ratings: Vec<String>,
    /// Years of production, the oldest first.
    pub years: Vec<i32>,
    /// Languages of sound (ISO 639-2).
    pub audio_languages: Vec<NameRef>,
    /// Languages of subtitles (ISO 639-2).
    pub subtitle_languages: Vec<NameRef>,
}

impl FilterValues {
    pub fn of(scope: &Scope, values: query::FilterValues) -> Self {
        let names = scope.projection.names();
        let name = |name: &CatalogName| {
            let entry = names.entry(*name);
            NameRef {
                id: entry.id.to_string().into(),
                name: entry.name.clone(),
            }
        };
        let language = |code: String| NameRef {
            id: code.clone().into(),
            name: code,
        };
        Self {
            genres: values.genres.iter().map(name).collect(),
            tags: values.tags.into_iter().collect(),
            official_ratings: values.official_ratings.into_iter().collect(),
            years: values.years.into_iter().collect(),
            audio_languages: values.audio_languages.into_iter().map(language).collect(),
            subtitle_languages: values
                .subtitle_languages
                .into_iter()
                .map(language)
                .collect(),
        }
    }
}
