//! The lists around an item, and a track's lyrics.

use serde_json::{Value, json};

use super::turns::Turns;
use crate::catalog::playback::Asked;
use crate::catalog::render::IdMap;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, CopyIx};
use crate::catalog::{Catalog, CatalogError};
use crate::model::UpstreamId;

/// What belongs to an item and only its servers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belonging {
    Intros,
    SpecialFeatures,
    LocalTrailers,
    ThemeMedia,
    AdditionalParts,
    MediaSegments,
    ImageInfos,
}

/// The three lists of theme media.
const THEMES: [&str; 3] = [
    "ThemeVideosResult",
    "ThemeSongsResult",
    "SoundtrackSongsResult",
];

impl Belonging {
    fn path(self, id: UpstreamId) -> String {
        match self {
            Self::Intros => format!("/Items/{id}/Intros"),
            Self::SpecialFeatures => format!("/Items/{id}/SpecialFeatures"),
            Self::LocalTrailers => format!("/Items/{id}/LocalTrailers"),
            Self::ThemeMedia => format!("/Items/{id}/ThemeMedia"),
            Self::AdditionalParts => format!("/Videos/{id}/AdditionalParts"),
            Self::MediaSegments => format!("/MediaSegments/{id}"),
            Self::ImageInfos => format!("/Items/{id}/Images"),
        }
    }

    /// What is answered where there is nothing.
    pub fn nothing(self) -> Value {
        match self {
            Self::ThemeMedia => json!({}),
            _ => json!([]),
        }
    }

    /// Whether the catalog knows that this copy has none.
    fn is_known_to_lack(self, copy: &Copy) -> bool {
        match self {
            Self::SpecialFeatures => copy.light.special_feature_count() == Some(0),
            Self::LocalTrailers => copy.light.local_trailer_count() == Some(0),
            _ => false,
        }
    }

    /// Whether an answer ends the search.
    fn is_told(self, answer: &Value) -> bool {
        match self {
            // No intro is an answer too: it is the server's to say what comes before a film.
            Self::Intros => true,
            Self::ThemeMedia => THEMES
                .iter()
                .any(|name| !elements(&answer[*name]).is_empty()),
            _ => !elements(answer).is_empty(),
        }
    }

    fn holds_items(self) -> bool {
        !matches!(self, Self::MediaSegments | Self::ImageInfos)
    }
}

/// The elements, whether they came as a list or as a page.
fn elements(answer: &Value) -> &[Value] {
    let list = answer.as_array().or_else(|| answer["Items"].as_array());
    list.map_or(&[], Vec::as_slice)
}

impl Catalog {
    /// A list, as the first copy's server that has any tells it, ids mapped; empty where all are silent.
    /// `inherit`: theme media of what holds the item, where it has none of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn belongings(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
        what: Belonging,
        inherit: bool,
    ) -> Result<Value, CatalogError> {
        let copies = self.who_is_asked(scope, entry, what).await?;
        let query = match inherit {
            true => vec![("inheritFromParent", "true".to_owned())],
            false => Vec::new(),
        };
        let (path, has) = (|id| what.path(id), |answer: &Value| what.is_told(answer));
        let turns = self.in_turn(scope, &copies, path, &query, has);
        let Turns {
            answer: Some((copy, mut answer)),
            ..
        } = turns.await
        else {
            return Ok(what.nothing());
        };
        if what.holds_items() {
            self.note_extras(scope.snapshot(), &told(scope, copy, &answer))
                .await?;
        }
        let ids = IdMap::new(scope, entry).on(scope, copy);
        self.mapping(scope, ids).value(&mut answer);
        Ok(answer)
    }

    async fn who_is_asked(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
        what: Belonging,
    ) -> Result<Vec<CopyIx>, CatalogError> {
        match what {
            // Of the copy that will play: parts are asked for before it is told how.
            Belonging::AdditionalParts => {
                let first = self.offered(scope, entry).into_iter().next();
                Ok(first.map(|choice| choice.copy).into_iter().collect())
            }
            // Of the one that plays.
            Belonging::MediaSegments => {
                let asked = Asked {
                    id: entry.id,
                    ..Asked::default()
                };
                match self.choose(scope, &asked).await {
                    Ok(choice) => Ok(vec![choice.copy]),
                    Err(CatalogError::Unavailable(_) | CatalogError::UnknownItem(_)) => {
                        Ok(Vec::new())
                    }
                    Err(error) => Err(error),
                }
            }
            Belonging::ImageInfos => Ok(vec![entry.lead]),
            _ => {
                let lacks = |copy: &CopyIx| what.is_known_to_lack(scope.snapshot().copy(*copy));
                let copies = scope.copies(entry).into_iter();
                // The leading one may know more than was crawled.
                Ok(copies
                    .filter(|copy| *copy == entry.lead || !lacks(copy))
                    .collect())
            }
        }
    }

    /// A track's lyrics (Jellyfin's `LyricDto`), of the first copy that has any.
    ///
    /// # Errors
    /// `Unavailable` and `Upstream` when no server told any and one of them was silent.
    pub async fn lyrics(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
    ) -> Result<Option<Value>, CatalogError> {
        let lacks = |copy: &CopyIx| scope.snapshot().copy(*copy).light.has_lyrics() == Some(false);
        let copies = scope.copies(entry).into_iter();
        let copies: Vec<CopyIx> = copies
            .filter(|copy| *copy == entry.lead || !lacks(copy))
            .collect();
        let path = |id| format!("/Audio/{id}/Lyrics");
        let has = |answer: &Value| {
            let lines = answer["Lyrics"].as_array();
            lines.is_some_and(|lines| !lines.is_empty())
        };
        let turns = self.in_turn(scope, &copies, path, &[], has).await;
        match (turns.found, turns.silent) {
            (true, _) => Ok(turns.answer.map(|(_, lyrics)| lyrics)),
            (false, Some(silent)) => Err(silent),
            (false, None) => Ok(None),
        }
    }
}

/// The items of an answer, each with the copy that it hangs on.
fn told(scope: &Scope, copy: CopyIx, answer: &Value) -> Vec<(UpstreamId, CopyIx)> {
    let id = |value: &Value| value.as_str()?.parse::<UpstreamId>().ok();
    let server = scope.snapshot().copy(copy).server;
    let themes = THEMES.iter().map(|name| &answer[*name]);
    let lists = themes.chain([answer]).flat_map(|list| {
        // Theme songs may be those of a series above.
        let owner = id(&list["OwnerId"]);
        let owner = owner.and_then(|owner| scope.snapshot().copy_by_upstream(server, owner));
        let owner = owner
            .filter(|owner| scope.projection.sees(*owner))
            .unwrap_or(copy);
        elements(list)
            .iter()
            .map(move |item| (id(&item["Id"]), owner))
    });
    lists.filter_map(|(id, owner)| Some((id?, owner))).collect()
}
