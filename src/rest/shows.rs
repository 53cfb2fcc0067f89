//! Seasons, episodes, next up.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RestError;
use super::filter::Filter;
use super::present::list::{self, Bodies, Page};
use super::route::{Answer, Ask, Route, routes};
use super::{filter, queries};
use crate::model::PublicId;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/shows/{itemId}/seasons" User seasons;
    Get "/shows/{itemId}/episodes" User episodes;
    Get "/shows/nextup" User next_up;
};

async fn children(
    ask: &Ask,
    series: PublicId,
    mut filter: Filter,
    sort: Value,
    offset: i64,
    first: Option<i64>,
) -> Result<super::engine::Data, RestError> {
    ask.seed(&mut filter, &sort);
    let variables = json!({
        "parent": series,
        "filter": filter.into_value(),
        "sort": sort,
        "offset": offset,
        "first": first,
        "body": filter::body(&ask.params)?,
    });
    let missing = RestError::Missing("Series not found");
    let mut data = match ask.run(&queries::CHILDREN, variables).await {
        Err(RestError::NotFound) => return Err(missing),
        other => other?,
    };
    match data.value("parent") {
        async_graphql::Value::Null => Err(missing),
        _ => Ok(data),
    }
}

async fn seasons(ask: Ask) -> Answer {
    ask.own()?;
    let series = ask.id("itemId")?;
    let mut filter = Filter::default();
    filter
        .set("parentId", series.to_string())
        .set("kinds", json!(["SEASON"]));
    if let Some(missing) = ask.params.flag("isMissing")? {
        filter.set("isMissing", missing);
    }
    if let Some(id) = ask.params.id("adjacentTo")? {
        filter.set("adjacentTo", id.to_string());
    }
    let special = ask.params.flag("isSpecialSeason")?;
    if special == Some(true) {
        filter.set("indexNumber", 0);
    }
    let sort = json!([{"by": "INDEX_NUMBER"}, {"by": "SORT_NAME"}]);
    let mut data = children(&ask, series, filter, sort, 0, None).await?;
    let mut page: Page = data.take("items")?;
    if special == Some(false) {
        let mut bodies = page.bodies.each()?;
        bodies.retain(|body| !body.0.contains("\"IndexNumber\":0,"));
        page.total_count = bodies.len() as i64;
        page.bodies = Bodies::of(bodies.into_iter());
    }
    Ok(list::page(page, 0))
}

async fn episodes(ask: Ask) -> Answer {
    ask.own()?;
    let series = ask.id("itemId")?;
    let paging = filter::paging(&ask.params)?;
    let mut filter = Filter::default();
    filter
        .set("kinds", json!(["EPISODE"]))
        .set("recursive", true);
    // The season wins over the series: apps send a series that the season is not of.
    let anchor = match ask.params.id("seasonId")? {
        Some(season) => {
            filter.set("seasonId", season.to_string());
            season
        }
        None => {
            filter.set("seriesId", series.to_string());
            if let Some(number) = ask.params.integer("season")? {
                filter.set("seasonNumber", number);
            }
            series
        }
    };
    if let Some(missing) = ask.params.flag("isMissing")? {
        filter.set("isMissing", missing);
    }
    if let Some(id) = ask.params.id("adjacentTo")? {
        filter.set("adjacentTo", id.to_string());
    }
    let sort = match filter::sort(&ask.params) {
        Value::Array(keys) if keys.is_empty() => {
            json!([{"by": "AIRED_EPISODE_ORDER"}, {"by": "SORT_NAME"}])
        }
        sort => sort,
    };
    let skipped = match ask.params.id("startItemId")? {
        Some(start) => before(&ask, filter.clone(), sort.clone(), start).await?,
        None => 0,
    };
    let mut data = children(
        &ask,
        anchor,
        filter,
        sort,
        paging.offset + skipped,
        paging.first,
    )
    .await?;
    let mut page: Page = data.take("items")?;
    page.total_count = (page.total_count - skipped).max(0);
    Ok(list::page(page, paging.offset))
}

#[derive(Deserialize)]
struct Ids {
    nodes: Vec<IdNode>,
}

#[derive(Deserialize)]
struct IdNode {
    id: PublicId,
}

/// How many episodes come before `start`; none when it is not among them.
async fn before(ask: &Ask, filter: Filter, sort: Value, start: PublicId) -> Result<i64, RestError> {
    let variables = json!({
        "filter": filter.into_value(),
        "sort": sort,
        "start": start,
    });
    let mut data = ask.run(&queries::EPISODE_IDS, variables).await?;
    // It may be asked by the id of a copy.
    let known: Option<IdNode> = data.take("start")?;
    let ids: Ids = data.take("items")?;
    let at = ids.nodes.iter().position(|node| {
        node.id == start || known.as_ref().is_some_and(|known| known.id == node.id)
    });
    Ok(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(0))
}

async fn next_up(ask: Ask) -> Answer {
    ask.own()?;
    let params = &ask.params;
    let paging = filter::paging(params)?;
    let variables = json!({
        "seriesId": params.id("seriesId")?,
        "libraryId": params.id("parentId")?,
        "offset": paging.offset,
        "first": paging.first,
        "enableResumable": params.flag("enableResumable")?.unwrap_or(true),
        "enableRewatching": params.flag("enableRewatching")?.unwrap_or(false),
        "cutoff": params.time("nextUpDateCutoff")?.map(|at| at.to_rfc3339()),
        "body": filter::body(params)?,
    });
    let mut data = ask.run(&queries::NEXT_UP, variables).await?;
    let page: Page = data.take("nextUp")?;
    let page = page.counted(filter::wants_total(params)?)?;
    Ok(list::page(page, paging.offset))
}
