//! Playlists, to read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::Data;
use super::error::RestError;
use super::present::list::{self, Page};
use super::route::{Answer, Ask, Route, routes};
use super::{filter, items, present, queries};
use crate::model::PublicId;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/playlists/{itemId}" User one;
    Get "/playlists/{itemId}/items" User items;
    Get "/playlists/{itemId}/users" User users;
    Get "/playlists/{itemId}/users/{userId}" User rights;
};

async fn children(ask: &Ask, body: Value) -> Result<(Data, i64), RestError> {
    ask.own()?;
    let id = ask.id("itemId")?;
    let paging = filter::paging(&ask.params)?;
    let variables = json!({
        "parent": id,
        "filter": {"parentId": id},
        "sort": [],
        "offset": paging.offset,
        "first": paging.first,
        "body": body,
    });
    let mut data = ask.run(&queries::CHILDREN, variables).await?;
    match data.value("parent") {
        async_graphql::Value::Null => Err(RestError::NotFound),
        _ => Ok((data, paging.offset)),
    }
}

async fn items(ask: Ask) -> Answer {
    let body = filter::body(&ask.params)?;
    let (mut data, offset) = children(&ask, body).await?;
    Ok(list::page(data.take::<Page>("items")?, offset))
}

#[derive(Deserialize)]
struct Ids {
    nodes: Vec<IdNode>,
}

#[derive(Deserialize)]
struct IdNode {
    id: PublicId,
}

async fn one(ask: Ask) -> Answer {
    let body = json!({"images": false, "userData": false});
    let (mut data, _) = children(&ask, body).await?;
    let ids: Ids = data.take("items")?;
    let ids: Vec<_> = ids.nodes.into_iter().map(|node| node.id).collect();
    present::json(&json!({"OpenAccess": false, "Shares": [], "ItemIds": ids}))
}

/// Playlists lie on their servers and are not shared from here.
async fn users(ask: Ask) -> Answer {
    items::exists(&ask, ask.id("itemId")?).await?;
    present::json(&json!([]))
}

async fn rights(ask: Ask) -> Answer {
    ask.own()?;
    items::exists(&ask, ask.id("itemId")?).await?;
    present::json(&json!({"UserId": ask.viewer()?.user_id, "CanEdit": false}))
}
