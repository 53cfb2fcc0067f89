//! Playlists, to read.

use serde_json::json;

use super::error::RestError;
use super::present::list::{self, Page};
use super::route::{Answer, Ask, Route, routes};
use super::{filter, queries};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/playlists/{itemId}/items" User items;
};

async fn items(ask: Ask) -> Answer {
    ask.own()?;
    let id = ask.id("itemId")?;
    let paging = filter::paging(&ask.params)?;
    let variables = json!({
        "parent": id,
        "filter": {"parentId": id},
        "sort": [],
        "offset": paging.offset,
        "first": paging.first,
        "body": filter::body(&ask.params)?,
    });
    let mut data = ask.run(&queries::CHILDREN, variables).await?;
    if data.value("parent") == async_graphql::Value::Null {
        return Err(RestError::NotFound);
    }
    let page: Page = data.take("items")?;
    Ok(list::page(page, paging.offset))
}
