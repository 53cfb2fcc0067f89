//! Lists of items, and one item with what belongs to it.

use async_graphql::Value;
use chrono::Duration;
use serde::Deserialize;
use serde_json::json;

use super::error::RestError;
use super::localization::language;
use super::present::hints::hint;
use super::present::list::{self, Node, Page};
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{filter, present, queries, views};
use crate::model::PublicId;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/items" User list;
    Get "/users/{userId}/items" User list;
    Delete "/items" User no_delete;
    Delete "/items/{itemId}" User no_delete;
    Get "/items/{itemId}" User one;
    Get "/users/{userId}/items/{itemId}" User one;
    Get "/items/latest" User latest;
    Get "/users/{userId}/items/latest" User latest;
    Get "/useritems/resume" User resume;
    Get "/users/{userId}/items/resume" User resume;
    Get "/items/suggestions" User suggestions;
    Get "/users/{userId}/suggestions" User suggestions;
    Get "/items/filters" User filters;
    Get "/items/filters2" User filters2;
    Get "/search/hints" User search_hints;
    Get "/trailers" User trailers;
    Get "/items/{itemId}/similar" User similar;
    Get "/albums/{itemId}/similar" User similar;
    Get "/artists/{itemId}/similar" User similar;
    Get "/movies/{itemId}/similar" User similar;
    Get "/shows/{itemId}/similar" User similar;
    Get "/trailers/{itemId}/similar" User similar;
    Get "/items/{itemId}/ancestors" User ancestors;
    Get "/items/{itemId}/collections" User collections;
    Get "/shows/upcoming" User upcoming;
};

/// A page of items. An unknown parent is a bad argument, as in Jellyfin.
async fn page(
    ask: &Ask,
    mut filter: filter::Filter,
    sort: serde_json::Value,
    body: serde_json::Value,
) -> Answer {
    let paging = filter::paging(&ask.params)?;
    let parent = filter.get("parentId").cloned();
    ask.seed(&mut filter, &sort);
    let variables = json!({
        "withParent": parent.is_some(),
        "parent": parent.unwrap_or_else(|| json!("")),
        "filter": filter.into_value(),
        "sort": sort,
        "offset": paging.offset,
        "first": paging.first,
        "body": body,
    });
    let with_parent = variables["withParent"] == json!(true);
    let mut data = ask
        .run(&queries::ITEMS, variables)
        .await
        .map_err(|error| match error {
            RestError::NotFound if with_parent => RestError::BadRequest,
            other => other,
        })?;
    if with_parent && data.value("parent") == Value::Null {
        return Err(RestError::BadRequest);
    }
    let page: Page = data.take("items")?;
    let page = page.counted(filter::wants_total(&ask.params)?)?;
    Ok(list::page(page, paging.offset))
}

async fn list(ask: Ask) -> Answer {
    ask.own()?;
    let mut filter = filter::items(&ask.params)?;
    let recursive = filter.is_true("recursive");
    let has_ids = filter.get("ids").is_some();
    let has_parent = filter.get("parentId").is_some();
    if !recursive && !has_ids && !has_parent && filter.get("search").is_none() {
        return views::as_items(ask).await;
    }
    // The kinds asked for lie deeper than the children of a library.
    if ask.params.flag("recursive")?.is_none() && filter.get("kinds").is_some() {
        filter.set("recursive", true);
    }
    if !has_parent && filter.get("search").is_some() {
        filter.set("recursive", true);
    }
    if only_kind(&filter, "PLAYLIST") || only_kind(&filter, "BOX_SET") {
        // They lie in no library: a parent would hide them.
        filter.remove("parentId");
        filter.set("recursive", true);
    }
    let sort = filter::sort(&ask.params);
    let body = filter::body(&ask.params)?;
    page(&ask, filter, sort, body).await
}

fn only_kind(filter: &filter::Filter, kind: &str) -> bool {
    filter.get("kinds") == Some(&json!([kind]))
}

async fn trailers(ask: Ask) -> Answer {
    ask.own()?;
    let mut filter = filter::items(&ask.params)?;
    filter
        .set("kinds", json!(["TRAILER"]))
        .set("recursive", true);
    let sort = filter::sort(&ask.params);
    let body = filter::body(&ask.params)?;
    page(&ask, filter, sort, body).await
}

/// Deleting on a source is not offered.
async fn no_delete(_: Ask) -> Answer {
    Err(RestError::Refused)
}

async fn one(ask: Ask) -> Answer {
    ask.own()?;
    let id = ask.id("itemId")?;
    let mut data = ask
        .run(
            &queries::ITEM,
            json!({"id": id, "body": filter::whole_body()}),
        )
        .await?;
    match data.take::<Option<Node>>("item")? {
        Some(node) => Ok(present::raw(node.body)),
        None => {
            let mut data = ask.run(&queries::EXTRA, json!({"id": id})).await?;
            Ok(present::raw(data.found("extra")?))
        }
    }
}

/// A bare list, not a page.
async fn latest(ask: Ask) -> Answer {
    ask.own()?;
    let params = &ask.params;
    let hides_played = ask
        .viewer()?
        .settings
        .get("HidePlayedInLatest")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(true);
    let is_played = params.flag("isPlayed")?.or(hides_played.then_some(false));
    let variables = json!({
        "libraryId": params.id("parentId")?,
        "kinds": filter::kinds(params, "includeItemTypes"),
        "isPlayed": is_played,
        "groupItems": params.flag("groupItems")?.unwrap_or(true),
        "limit": params.integer("limit")?.unwrap_or(20).max(0),
        "body": without_child_count(filter::body(params)?),
    });
    let mut data = ask.run(&queries::LATEST, variables).await?;
    let nodes: Vec<Node> = data.take("latest")?;
    Ok(list::array(nodes.into_iter().map(|node| {
        node.body
            .with_field("ChildCount", node.child_count.unwrap_or(0))
    })))
}

/// Here the count is of the new ones in a group, and is told unasked.
fn without_child_count(mut body: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = body["fields"].as_array_mut() {
        fields.retain(|field| field != "childcount");
    }
    body
}

async fn resume(ask: Ask) -> Answer {
    ask.own()?;
    let paging = filter::paging(&ask.params)?;
    let mut filter = filter::items(&ask.params)?;
    filter.set("recursive", true);
    let variables = json!({
        "filter": filter.into_value(),
        "offset": paging.offset,
        "first": paging.first,
        "body": filter::body(&ask.params)?,
    });
    let mut data = ask.run(&queries::RESUME, variables).await?;
    let page: Page = data.take("resume")?;
    let page = page.counted(filter::wants_total(&ask.params)?)?;
    Ok(list::page(page, paging.offset))
}

async fn suggestions(ask: Ask) -> Answer {
    ask.own()?;
    let paging = filter::paging(&ask.params)?;
    let variables = json!({
        "kinds": filter::kinds(&ask.params, "type"),
        "mediaTypes": ask.params.list("mediaType"),
        "offset": paging.offset,
        "first": paging.first,
        "body": filter::whole_body(),
    });
    let mut data = ask.run(&queries::SUGGESTIONS, variables).await?;
    let page: Page = data.take("suggestions")?;
    // Jellyfin counts all only when asked to, here alone.
    let total = ask.params.flag("enableTotalRecordCount")?.unwrap_or(false);
    let page = page.counted(total)?;
    Ok(list::page(page, paging.offset))
}

#[derive(Deserialize)]
struct NameRef {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterValues {
    genres: Vec<NameRef>,
    tags: Vec<String>,
    official_ratings: Vec<String>,
    years: Vec<i32>,
    audio_languages: Vec<NameRef>,
    subtitle_languages: Vec<NameRef>,
}

async fn filter_values(ask: &Ask) -> Result<FilterValues, RestError> {
    ask.own()?;
    let mut filter = filter::items(&ask.params)?;
    filter.set("recursive", true);
    let mut data = ask
        .run(
            &queries::FILTER_VALUES,
            json!({"filter": filter.into_value()}),
        )
        .await?;
    data.take("filterValues")
}

async fn filters(ask: Ask) -> Answer {
    let found = filter_values(&ask).await?;
    let genres: Vec<String> = found.genres.into_iter().map(|genre| genre.name).collect();
    present::json(&json!({
        "Genres": genres,
        "Tags": found.tags,
        "OfficialRatings": found.official_ratings,
        "Years": found.years,
    }))
}

/// Jellyfin leaves `Tags` empty here.
async fn filters2(ask: Ask) -> Answer {
    let found = filter_values(&ask).await?;
    let genres: Vec<_> = found
        .genres
        .into_iter()
        .map(|genre| json!({"Name": genre.name, "Id": genre.id}))
        .collect();
    let languages = |refs: Vec<NameRef>| -> Vec<serde_json::Value> {
        let mut named: Vec<_> = refs
            .iter()
            .map(|one| (language(&one.id), &one.id))
            .collect();
        named.sort();
        let shown = named
            .iter()
            .map(|(name, code)| json!({"Name": name, "Value": code}));
        shown.collect()
    };
    present::json(&json!({
        "Genres": genres,
        "Tags": [],
        "AudioLanguages": languages(found.audio_languages),
        "SubtitleLanguages": languages(found.subtitle_languages),
    }))
}

/// The names that are hinted at, each with the parameter that leaves it out.
const HINTED: [(&str, &str); 4] = [
    ("PERSON", "includePeople"),
    ("GENRE", "includeGenres"),
    ("MUSIC_GENRE", "includeGenres"),
    ("STUDIO", "includeStudios"),
];

async fn search_hints(ask: Ask) -> Answer {
    ask.own()?;
    if !ask.params.has("searchTerm") {
        return Err(RestError::Invalid {
            field: "searchTerm".to_owned(),
            problem: "The searchTerm field is required.".to_owned(),
        });
    }
    let paging = filter::paging(&ask.params)?;
    let mut filter = filter::items(&ask.params)?;
    filter.set("recursive", true);
    let wanted = |flag: &'static str| Ok::<_, RestError>(ask.params.flag(flag)?.unwrap_or(true));
    let kinds = filter.get("kinds").and_then(serde_json::Value::as_array);
    let asked = |kind: &str| kinds.is_none_or(|kinds| kinds.iter().any(|asked| asked == kind));
    let mut names = Vec::new();
    for (kind, flag) in HINTED {
        if asked(kind) && wanted(flag)? {
            names.push(kind);
        }
    }
    let variables = json!({
        "names": names,
        "items": wanted("includeMedia")?,
        "filter": filter.into_value(),
        "offset": paging.offset,
        "first": paging.first,
        "body": {"fields": ["primaryimageaspectratio"], "userData": false},
    });
    let mut data = ask.run(&queries::SEARCH_HINTS, variables).await?;
    // Jellyfin counts the hints that it gives.
    let bodies = data.take::<Page>("searchHints")?.bodies.each()?;
    let hints: Vec<_> = bodies.iter().filter_map(hint).collect();
    present::json(&json!({"SearchHints": hints, "TotalRecordCount": bodies.len()}))
}

/// Similar items are told with their provider ids, unasked.
fn with_provider_ids(mut body: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = body["fields"].as_array_mut() {
        fields.push(json!("providerids"));
    }
    body
}

async fn similar(ask: Ask) -> Answer {
    ask.own()?;
    let id = ask.id("itemId")?;
    let variables = json!({
        "id": id,
        "limit": filter::paging(&ask.params)?.first,
        "body": with_provider_ids(filter::body(&ask.params)?),
    });
    let mut data = ask.run(&queries::SIMILAR, variables).await?;
    if data.value("item") == Value::Null {
        return Err(RestError::NotFound);
    }
    Ok(list::page(Page::whole(data.take("similar")?), 0))
}

async fn ancestors(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.id("itemId")?, "body": filter::whole_body()});
    let mut data = ask.run(&queries::ANCESTORS, variables).await?;
    if data.value("item") == Value::Null {
        return Err(RestError::NotFound);
    }
    let nodes: Vec<Node> = data.take("ancestors")?;
    Ok(list::array(nodes.into_iter().map(|node| node.body)))
}

/// The box sets that hold an item (12.0).
async fn collections(ask: Ask) -> Answer {
    ask.own()?;
    let paging = filter::paging(&ask.params)?;
    let variables = json!({
        "id": ask.id("itemId")?,
        "offset": paging.offset,
        "first": paging.first,
        "body": filter::body(&ask.params)?,
    });
    let mut data = ask.run(&queries::COLLECTIONS, variables).await?;
    let page: Page = data.take("collections")?;
    Ok(list::page(page, paging.offset))
}

/// # Errors
/// 404 for what is not there or not visible.
pub(super) async fn exists(ask: &Ask, id: PublicId) -> Result<(), RestError> {
    let body = json!({"images": false, "userData": false});
    let mut data = ask
        .run(&queries::ITEM, json!({"id": id, "body": body}))
        .await?;
    match Raw::from(data.value("item")).0.as_str() {
        "null" => Err(RestError::NotFound),
        _ => Ok(()),
    }
}

/// Episodes that air from today on.
async fn upcoming(ask: Ask) -> Answer {
    ask.own()?;
    let mut filter = filter::items(&ask.params)?;
    let today = ask.state.clock.now() - Duration::days(1);
    filter
        .set("kinds", json!(["EPISODE"]))
        .set("recursive", true)
        .set("minPremiereDate", today.to_rfc3339());
    let sort = json!([{"by": "PREMIERE_DATE"}, {"by": "SORT_NAME"}]);
    let body = filter::body(&ask.params)?;
    page(&ask, filter, sort, body).await
}
