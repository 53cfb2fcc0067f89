//! "Because you watched …": films like those that a user saw or likes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RestError;
use super::present::list::Node;
use super::route::{Answer, Ask, Route, routes};
use super::{filter, present, queries};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/movies/recommendations" User recommendations;
};

#[derive(Deserialize)]
struct Base {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Bases {
    nodes: Vec<Base>,
}

async fn recommendations(ask: Ask) -> Answer {
    ask.own()?;
    let categories = ask.params.integer("categoryLimit")?.unwrap_or(5).max(0) as usize;
    let limit = ask.params.integer("itemLimit")?.unwrap_or(8).max(0);
    let body = filter::body(&ask.params)?;
    let parent = ask.params.id("parentId")?;
    let films = |state: &str| {
        let mut filter = filter::Filter::default();
        filter
            .set("kinds", json!(["MOVIE"]))
            .set("recursive", true)
            .set(state, true);
        if let Some(parent) = parent {
            filter.set("parentId", parent.to_string());
        }
        filter
    };
    let played = bases(&ask, films("played"), "DATE_PLAYED").await?;
    let mut liked = bases(&ask, films("favoriteOrLikes"), "RANDOM").await?;
    liked.retain(|one| !played.iter().any(|other| other.id == one.id));
    let mut found: Vec<Value> = Vec::new();
    let mut played = played.into_iter();
    let mut liked = liked.into_iter();
    // By turns, as Jellyfin does, so that one kind does not push out the other.
    loop {
        let turn = [
            played.next().map(|one| (one, "SimilarToRecentlyPlayed")),
            liked.next().map(|one| (one, "SimilarToLikedItem")),
        ];
        if turn.iter().all(Option::is_none) {
            return present::json(&found);
        }
        for (base, kind) in turn.into_iter().flatten() {
            if found.len() >= categories {
                return present::json(&found);
            }
            found.extend(category(&ask, base, kind, limit, &body).await?);
        }
    }
}

async fn bases(ask: &Ask, filter: filter::Filter, by: &str) -> Result<Vec<Base>, RestError> {
    let variables = json!({
        "filter": filter.into_value(),
        "sort": [{"by": by, "order": "DESCENDING"}],
        "first": 7,
    });
    let mut data = ask.run(&queries::RECOMMENDATIONS, variables).await?;
    Ok(data.take::<Bases>("items")?.nodes)
}

async fn category(
    ask: &Ask,
    base: Base,
    kind: &str,
    limit: i32,
    body: &Value,
) -> Result<Option<Value>, RestError> {
    let variables = json!({"id": base.id, "limit": limit, "body": body});
    let mut data = ask.run(&queries::SIMILAR, variables).await?;
    let nodes: Vec<Node> = data.take("similar")?;
    let items: Vec<Value> = nodes
        .iter()
        .filter_map(|node| node.body.parse().ok())
        .collect();
    Ok((!items.is_empty()).then(|| {
        json!({
            "Items": items,
            "RecommendationType": kind,
            "BaselineItemName": base.name,
            "CategoryId": base.id,
        })
    }))
}
