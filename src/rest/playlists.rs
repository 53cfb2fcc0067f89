//! Playlists, to read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::{Data, Operation};
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

/// What `operation` says of the list, which must be there.
async fn found(
    ask: &Ask,
    operation: &'static Operation,
    variables: Value,
) -> Result<Data, RestError> {
    let mut data = ask.run(operation, variables).await?;
    match data.value("parent") {
        async_graphql::Value::Null => Err(RestError::NotFound),
        _ => Ok(data),
    }
}

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
    let mut data = found(&ask, &queries::CHILDREN, variables).await?;
    Ok(list::page(data.take::<Page>("items")?, paging.offset))
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
    ask.own()?;
    let variables = json!({"parent": ask.id("itemId")?});
    let mut data = found(&ask, &queries::CHILD_IDS, variables).await?;
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
