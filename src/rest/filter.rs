//! From the parameters of `/Items` and its kin to the engine's variables.

use serde_json::{Map, Value, json};

use super::error::RestError;
use super::params::Params;
use crate::model::{ItemKind, SortBy};

/// An `ItemFilter` that holds nothing but what was asked for.
#[derive(Debug, Default, Clone)]
pub struct Filter(Map<String, Value>);

impl Filter {
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    fn put<T: Into<Value>>(&mut self, field: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.insert(field.to_owned(), value.into());
        }
    }

    fn put_list(&mut self, field: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.0.insert(field.to_owned(), json!(values));
        }
    }

    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    pub fn remove(&mut self, field: &str) {
        self.0.remove(field);
    }

    pub fn is_true(&self, field: &str) -> bool {
        self.0.get(field) == Some(&Value::Bool(true))
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// `MusicAlbum` → `MUSIC_ALBUM`, the spelling of GraphQL's enums.
pub fn screaming(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// Kinds of a comma list; unknown ones are dropped.
pub fn kinds(params: &Params, name: &str) -> Vec<String> {
    params
        .parsed::<ItemKind>(name)
        .into_iter()
        .filter(|kind| *kind != ItemKind::Unknown)
        .map(|kind| screaming(kind.as_str()))
        .collect()
}

/// Everything that `/Items` can be asked; routes that know fewer parameters just get fewer.
///
/// # Errors
/// 400 for a bad scalar and for filters that contradict each other.
pub fn items(params: &Params) -> Result<Filter, RestError> {
    let mut filter = Filter::default();
    filter.put("parentId", params.id("parentId")?.map(text));
    filter.put("recursive", params.flag("recursive")?);
    lists(params, &mut filter);
    status(params, &mut filter)?;
    for (name, field) in [
        ("searchTerm", "search"),
        ("nameStartsWith", "nameStartsWith"),
        ("nameStartsWithOrGreater", "nameStartsWithOrGreater"),
        ("nameLessThan", "nameLessThan"),
        ("minOfficialRating", "minOfficialRating"),
        ("maxOfficialRating", "maxOfficialRating"),
        ("person", "person"),
    ] {
        let value = params.text(name).map(str::trim).filter(|v| !v.is_empty());
        filter.put(field, value.map(str::to_owned));
    }
    for (name, field) in [("adjacentTo", "adjacentTo"), ("seasonId", "seasonId")] {
        filter.put(field, params.id(name)?.map(text));
    }
    for name in [
        "indexNumber",
        "parentIndexNumber",
        "minWidth",
        "maxWidth",
        "minHeight",
        "maxHeight",
    ] {
        filter.put(name, params.integer(name)?);
    }
    for name in ["minCommunityRating", "minCriticRating"] {
        filter.put(name, params.number(name)?);
    }
    for name in [
        "minPremiereDate",
        "maxPremiereDate",
        "minDateLastSaved",
        "minDateLastSavedForUser",
    ] {
        filter.put(name, params.time(name)?.map(|at| at.to_rfc3339()));
    }
    for (name, field) in [
        ("isHd", "isHd"),
        ("is4K", "is4K"),
        ("is3D", "is3D"),
        ("hasSubtitles", "hasSubtitles"),
        ("hasTrailer", "hasTrailer"),
        ("hasOverview", "hasOverview"),
        ("hasSpecialFeature", "hasSpecialFeature"),
        ("hasImdbId", "hasImdbId"),
        ("hasTmdbId", "hasTmdbId"),
        ("hasTvdbId", "hasTvdbId"),
        ("hasOfficialRating", "hasOfficialRating"),
        ("hasParentalRating", "hasOfficialRating"),
        ("isMissing", "isMissing"),
        ("isUnaired", "isUnaired"),
        ("isLocked", "isLocked"),
        ("collapseBoxSetItems", "collapseBoxSets"),
    ] {
        filter.put(field, params.flag(name)?);
    }
    scopes(params, &mut filter)?;
    // What has no file is `Virtual`: known by number only.
    let virtual_in = |name: &str| params.words(name).contains("virtual");
    if filter.get("isMissing").is_none() {
        if virtual_in("excludeLocationTypes") {
            filter.set("isMissing", false);
        } else if virtual_in("locationTypes") {
            filter.set("isMissing", true);
        }
    }
    Ok(filter)
}

fn text(id: crate::model::PublicId) -> String {
    id.to_string()
}

fn lists(params: &Params, filter: &mut Filter) {
    filter.put_list("kinds", kinds(params, "includeItemTypes"));
    filter.put_list("excludeKinds", kinds(params, "excludeItemTypes"));
    for (name, field) in [
        ("ids", "ids"),
        ("excludeItemIds", "excludeIds"),
        ("personIds", "personIds"),
        ("artistIds", "artistIds"),
        ("albumArtistIds", "albumArtistIds"),
        ("contributingArtistIds", "contributingArtistIds"),
        ("excludeArtistIds", "excludeArtistIds"),
        ("albumIds", "albumIds"),
        ("studioIds", "studioIds"),
        ("genreIds", "genreIds"),
    ] {
        filter.put_list(field, params.ids(name).into_iter().map(text).collect());
    }
    for (name, field) in [
        ("mediaTypes", "mediaTypes"),
        ("imageTypes", "imageTypes"),
        ("videoTypes", "videoTypes"),
        ("seriesStatus", "seriesStatus"),
        ("personTypes", "personTypes"),
        ("audioLanguages", "audioLanguages"),
        ("subtitleLanguages", "subtitleLanguages"),
    ] {
        filter.put_list(field, params.list(name));
    }
    for name in [
        "genres",
        "tags",
        "studios",
        "officialRatings",
        "artists",
        "albums",
    ] {
        filter.put_list(name, params.pipes(name));
    }
    let years = params.parsed::<i32>("years");
    if !years.is_empty() {
        filter.set("years", years);
    }
}

/// The user's states: `filters=` and the flags of their own. Of both, the flag wins.
fn status(params: &Params, filter: &mut Filter) -> Result<(), RestError> {
    let words = params.words("filters");
    let has = |word: &str| words.contains(word);
    if (has("isplayed") && has("isunplayed"))
        || (has("isfolder") && has("isnotfolder"))
        || (has("likes") && has("dislikes"))
    {
        return Err(RestError::BadRequest);
    }
    let either = |yes: &str, no: &str| match (has(yes), has(no)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    filter.put(
        "played",
        params
            .flag("isPlayed")?
            .or(either("isplayed", "isunplayed")),
    );
    filter.put(
        "favorite",
        params
            .flag("isFavorite")?
            .or(has("isfavorite").then_some(true)),
    );
    filter.put("resumable", has("isresumable").then_some(true));
    filter.put("folder", either("isfolder", "isnotfolder"));
    filter.put("likes", either("likes", "dislikes"));
    filter.put("favoriteOrLikes", has("isfavoriteorlikes").then_some(true));
    Ok(())
}

/// `isMovie` and `isSeries` stand for kinds, as in Jellyfin's live TV.
fn scopes(params: &Params, filter: &mut Filter) -> Result<(), RestError> {
    for (name, kind) in [("isMovie", "MOVIE"), ("isSeries", "SERIES")] {
        match params.flag(name)? {
            Some(true) if filter.get("kinds").is_none() => {
                filter.set("kinds", json!([kind]));
            }
            _ => {}
        }
    }
    Ok(())
}

/// `sortBy` with `sortOrder` by position; what is beyond the orders takes the first.
pub fn sort(params: &Params) -> Value {
    let orders: Vec<&str> = params
        .list("sortOrder")
        .iter()
        .filter_map(|order| match order.to_ascii_lowercase().as_str() {
            "ascending" => Some("ASCENDING"),
            "descending" => Some("DESCENDING"),
            _ => None,
        })
        .collect();
    let first = orders.first().copied().unwrap_or("ASCENDING");
    params
        .list("sortBy")
        .iter()
        .filter_map(|key| key.parse::<SortBy>().ok())
        .enumerate()
        .map(|(at, key)| {
            json!({
                "by": screaming(key.as_str()),
                "order": orders.get(at).copied().unwrap_or(first),
            })
        })
        .collect()
}

/// `startIndex` and `limit`; a negative limit is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    pub offset: i64,
    pub first: Option<i64>,
}

/// # Errors
/// 400 for what is no number.
pub fn paging(params: &Params) -> Result<Paging, RestError> {
    Ok(Paging {
        offset: params.integer("startIndex")?.unwrap_or(0).max(0).into(),
        first: params
            .integer("limit")?
            .filter(|limit| *limit >= 0)
            .map(i64::from),
    })
}

/// `BodyOptions` of a list.
///
/// # Errors
/// 400 for a bad flag or number.
pub fn body(params: &Params) -> Result<Value, RestError> {
    let mut options = Map::new();
    options.insert("fields".into(), json!(params.words("fields")));
    options.insert(
        "images".into(),
        json!(params.flag("enableImages")?.unwrap_or(true)),
    );
    if let Some(limit) = params.integer("imageTypeLimit")? {
        options.insert("imageTypeLimit".into(), json!(limit.max(0)));
    }
    options.insert("imageTypes".into(), json!(params.words("enableImageTypes")));
    options.insert(
        "userData".into(),
        json!(params.flag("enableUserData")?.unwrap_or(true)),
    );
    Ok(Value::Object(options))
}

/// `BodyOptions` of a detail.
pub fn whole_body() -> Value {
    json!({"allFields": true})
}

/// Whether the count is wanted (`enableTotalRecordCount`).
///
/// # Errors
/// 400 for a bad flag.
pub fn wants_total(params: &Params) -> Result<bool, RestError> {
    Ok(params.flag("enableTotalRecordCount")?.unwrap_or(true))
}
