//! What a user did with items, as the socket tells it: the items and what holds them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::{Engine, OnBehalf};
use super::error::RestError;
use super::present::list::Bodies;
use super::queries;
use crate::model::PublicId;

/// Where an item's body names what holds it and counts what is played in it.
const HOLDERS: &[&str] = &["SeriesId", "SeasonId", "AlbumId"];

#[derive(Deserialize)]
struct Found {
    bodies: Bodies,
}

/// `UserItemDataDto` of these items and of the series, seasons and albums that hold them. Items that
/// the caller does not see are left out.
///
/// # Errors
/// What the engine says.
pub(super) async fn user_data(
    engine: &Engine,
    behalf: &OnBehalf,
    items: &BTreeSet<PublicId>,
) -> Result<Vec<Value>, RestError> {
    let bodies = bodies(engine, behalf, items).await?;
    let holders: BTreeSet<PublicId> = bodies
        .iter()
        .flat_map(|body| HOLDERS.iter().filter_map(|key| body[*key].as_str()))
        .filter_map(|id| id.parse().ok())
        .filter(|id| !items.contains(id))
        .collect();
    let above = match holders.is_empty() {
        true => Vec::new(),
        false => self::bodies(engine, behalf, &holders).await?,
    };
    let told = bodies.into_iter().chain(above);
    Ok(told
        .map(|mut body| body["UserData"].take())
        .filter(Value::is_object)
        .collect())
}

async fn bodies(
    engine: &Engine,
    behalf: &OnBehalf,
    ids: &BTreeSet<PublicId>,
) -> Result<Vec<Value>, RestError> {
    let variables = json!({
        "filter": {"ids": ids},
        "body": {"images": false, "userData": true},
    });
    let mut data = engine.execute(behalf, &queries::WATCHED, variables).await?;
    let found: Found = data.take("items")?;
    let bodies = found.bodies.each()?;
    Ok(bodies.iter().filter_map(|body| body.parse().ok()).collect())
}
