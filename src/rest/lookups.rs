//! What belongs to an item and only its servers know: extras, intros, theme media, segments, lyrics.

use serde_json::{Value, json};

use super::error::RestError;
use super::present::list::{self, Page};
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{filter, items, present, queries};
use crate::model::PublicId;
use crate::wire::QueryResult;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/items/{itemId}/specialfeatures" User special_features;
    Get "/users/{userId}/items/{itemId}/specialfeatures" User special_features;
    Get "/items/{itemId}/localtrailers" User local_trailers;
    Get "/users/{userId}/items/{itemId}/localtrailers" User local_trailers;
    Get "/items/{itemId}/intros" User intros;
    Get "/users/{userId}/items/{itemId}/intros" User intros;
    Get "/items/{itemId}/thememedia" User theme_media;
    Get "/items/{itemId}/themesongs" User theme_songs;
    Get "/items/{itemId}/themevideos" User theme_videos;
    Get "/mediasegments/{itemId}" User segments;
    Get "/items/{itemId}/images" User image_infos;
    Get "/items/{itemId}/externalidinfos" Administrator external_ids;
    Get "/items/{itemId}/criticreviews" User no_reviews;
    Get "/videos/{itemId}/additionalparts" User additional_parts;
    Get "/audio/{itemId}/lyrics" User lyrics;
    Get "/episode/{itemId}/introtimestamps" User no_timestamps;
    Get "/episode/{itemId}/timestamps" User no_timestamps;
    Get "/items/{itemId}/instantmix" User instant_mix;
    Get "/albums/{itemId}/instantmix" User instant_mix;
    Get "/artists/{itemId}/instantmix" User instant_mix;
    Get "/songs/{itemId}/instantmix" User instant_mix;
    Get "/playlists/{itemId}/instantmix" User instant_mix;
    Get "/artists/instantmix" User instant_mix;
    Get "/musicgenres/instantmix" User instant_mix;
    Get "/musicgenres/{name}/instantmix" User genre_mix;
};

/// What the item's server answered, ids mapped.
async fn asked(ask: &Ask, what: &str) -> Result<Value, RestError> {
    ask.own()?;
    let variables = json!({
        "id": ask.id("itemId")?,
        "what": what,
        "inherit": ask.params.flag("inheritFromParent")?.unwrap_or(false),
    });
    let mut data = ask.run(&queries::UPSTREAM_LIST, variables).await?;
    Raw::from(data.value("upstreamList"))
        .parse()
        .map_err(|error| RestError::Internal(error.to_string()))
}

/// The elements, whether they came as a list or as a page.
fn elements(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(items) => items,
        Value::Object(mut page) => match page.remove("Items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

async fn special_features(ask: Ask) -> Answer {
    let found = asked(&ask, "SPECIAL_FEATURES").await?;
    present::json(&elements(found))
}

async fn local_trailers(ask: Ask) -> Answer {
    let found = asked(&ask, "LOCAL_TRAILERS").await?;
    present::json(&elements(found))
}

async fn intros(ask: Ask) -> Answer {
    let found = asked(&ask, "INTROS").await?;
    present::json(&QueryResult::whole(elements(found)))
}

async fn segments(ask: Ask) -> Answer {
    let found = asked(&ask, "MEDIA_SEGMENTS").await?;
    present::json(&QueryResult::whole(elements(found)))
}

async fn image_infos(ask: Ask) -> Answer {
    let found = asked(&ask, "IMAGE_INFOS").await?;
    present::json(&elements(found))
}

async fn themes(ask: &Ask) -> Result<Value, RestError> {
    let id = ask.id("itemId")?;
    let found = asked(ask, "THEME_MEDIA").await?;
    let none = |owner: &str| {
        json!({
            "OwnerId": owner, "Items": [], "TotalRecordCount": 0, "StartIndex": 0
        })
    };
    let part = |name: &str, owner: &str| found.get(name).cloned().unwrap_or_else(|| none(owner));
    let owner = id.to_string();
    Ok(json!({
        "ThemeVideosResult": part("ThemeVideosResult", &owner),
        "ThemeSongsResult": part("ThemeSongsResult", &owner),
        "SoundtrackSongsResult":
            part("SoundtrackSongsResult", "00000000000000000000000000000000"),
    }))
}

async fn theme_media(ask: Ask) -> Answer {
    present::json(&themes(&ask).await?)
}

async fn theme_songs(ask: Ask) -> Answer {
    present::json(&themes(&ask).await?["ThemeSongsResult"])
}

async fn theme_videos(ask: Ask) -> Answer {
    present::json(&themes(&ask).await?["ThemeVideosResult"])
}

async fn external_ids(ask: Ask) -> Answer {
    items::exists(&ask, ask.id("itemId")?).await?;
    present::json(&json!([]))
}

async fn no_reviews(_: Ask) -> Answer {
    present::json(&QueryResult::<()>::empty())
}

async fn additional_parts(ask: Ask) -> Answer {
    let found = asked(&ask, "ADDITIONAL_PARTS").await?;
    present::json(&QueryResult::whole(elements(found)))
}

async fn lyrics(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.id("itemId")?});
    let mut data = ask.run(&queries::LYRICS, variables).await?;
    Ok(present::raw(data.found("lyrics")?))
}

/// A plugin's route: clients take 404 for "not installed".
async fn no_timestamps(_: Ask) -> Answer {
    Err(RestError::NotFound)
}

async fn instant_mix(ask: Ask) -> Answer {
    match ask.segment("itemId") {
        "" => {
            let id = ask.params.id("id")?.ok_or_else(|| RestError::Invalid {
                field: "id".to_owned(),
                problem: "The id field is required.".to_owned(),
            })?;
            mix(ask, id).await
        }
        _ => {
            let id = ask.id("itemId")?;
            mix(ask, id).await
        }
    }
}

async fn mix(ask: Ask, id: PublicId) -> Answer {
    ask.own()?;
    let variables = json!({
        "id": id,
        "first": filter::paging(&ask.params)?.first,
        "body": filter::body(&ask.params)?,
    });
    let mut data = ask.run(&queries::INSTANT_MIX, variables).await?;
    let page: Page = data.take("instantMix")?;
    Ok(list::page(page, 0))
}

/// A genre is named, not identified: what nobody carries is an empty list, as in Jellyfin.
async fn genre_mix(ask: Ask) -> Answer {
    ask.own()?;
    let mut filter = filter::Filter::default();
    filter
        .set("kinds", json!(["AUDIO"]))
        .set("recursive", true)
        .set("genres", json!([ask.segment("name")]));
    let sort = json!([{"by": "RANDOM"}]);
    ask.seed(&mut filter, &sort);
    let variables = json!({
        "withParent": false,
        "parent": "",
        "filter": filter.into_value(),
        "sort": sort,
        "offset": 0,
        "first": filter::paging(&ask.params)?.first.unwrap_or(200),
        "body": filter::body(&ask.params)?,
    });
    let mut data = ask.run(&queries::ITEMS, variables).await?;
    let page: Page = data.take("items")?;
    Ok(list::page(page, 0))
}
