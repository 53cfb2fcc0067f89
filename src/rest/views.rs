//! Libraries.

use serde::Deserialize;
use serde_json::{Value, json};

use super::present::list::{Bodies, Page};
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{filter, present, queries};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/userviews" User views;
    Get "/users/{userId}/views" User views;
    Get "/userviews/groupingoptions" User grouping_options;
    Get "/users/{userId}/groupingoptions" User grouping_options;
    Get "/items/root" User root;
    Get "/users/{userId}/items/root" User root;
    Get "/items/counts" User counts;
};

/// All libraries as one page.
async fn page(ask: &Ask, body: Value) -> Result<Page, super::error::RestError> {
    let mut data = ask.run(&queries::VIEWS, json!({"body": body})).await?;
    Ok(Page::whole(data.take("views")?))
}

async fn views(ask: Ask) -> Answer {
    ask.own()?;
    let page = page(&ask, filter::whole_body()).await?;
    Ok(present::list::page(page, 0))
}

/// `/Items` without parent, filter and recursion: apps rely on the libraries there.
pub(super) async fn as_items(ask: Ask) -> Answer {
    let body = filter::body(&ask.params)?;
    let paging = filter::paging(&ask.params)?;
    let mut page = page(&ask, body).await?;
    let first = paging
        .first
        .and_then(|first| usize::try_from(first).ok())
        .unwrap_or(usize::MAX);
    let all = page.bodies.each()?.into_iter();
    let skipped = all.skip(usize::try_from(paging.offset).unwrap_or(usize::MAX));
    page.bodies = Bodies::of(skipped.take(first));
    Ok(present::list::page(page, paging.offset))
}

pub(super) async fn media_folders(ask: Ask) -> Answer {
    let page = page(&ask, json!({"allFields": true, "userData": false})).await?;
    Ok(present::list::page(page, 0))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ViewRow {
    id: String,
    name: String,
    collection_type: Option<String>,
}

/// The libraries that Jellyfin can show as one: films and shows.
async fn grouping_options(ask: Ask) -> Answer {
    ask.own()?;
    let mut data = ask
        .run(
            &queries::VIEWS,
            json!({"body": {"userData": false, "images": false}}),
        )
        .await?;
    let rows: Vec<ViewRow> = data.take("views")?;
    let options: Vec<Value> = rows
        .into_iter()
        .filter(|row| {
            matches!(
                row.collection_type.as_deref(),
                None | Some("movies" | "tvshows" | "mixed")
            )
        })
        .map(|row| json!({"Name": row.name, "Id": row.id}))
        .collect();
    present::json(&options)
}

async fn root(ask: Ask) -> Answer {
    ask.own()?;
    let mut data = ask.run(&queries::ROOT, json!({})).await?;
    Ok(present::raw(Raw::from(data.value("root"))))
}

async fn counts(ask: Ask) -> Answer {
    ask.own()?;
    let favorite = ask.params.flag("isFavorite")?;
    let mut data = ask
        .run(&queries::COUNTS, json!({"favorite": favorite}))
        .await?;
    Ok(present::raw(Raw::from(data.value("counts"))))
}
