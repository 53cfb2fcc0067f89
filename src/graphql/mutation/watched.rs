//! Played, favourite, likes, and the rest of what Jellyfin calls user data.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::found;
use crate::catalog::render;
use crate::catalog::scope::{Entry, Scope};
use crate::catalog::watch::Marks;
use crate::graphql::caller::Ask;
use crate::graphql::error::{GraphError, GraphResult};
use crate::graphql::scalars::Json;

#[derive(Default)]
pub struct WatchedMutation;

#[Object]
impl WatchedMutation {
    /// Marks an item as played or not; a folder, everything in it. Answers Jellyfin's `UserData`.
    async fn set_played(
        &self,
        ctx: &Context<'_>,
        id: ID,
        played: bool,
        #[graphql(desc = "When it was played; now, if nothing is said.")] at: Option<DateTime<Utc>>,
    ) -> GraphResult<Json> {
        let marks = Marks {
            played: Some(played),
            last_played_at: at.filter(|_| played),
            ..Marks::default()
        };
        mark(ctx, &id, marks).await
    }

    /// Marks an item or a name as a favourite or not. Answers Jellyfin's `UserData`.
    async fn set_favorite(&self, ctx: &Context<'_>, id: ID, favorite: bool) -> GraphResult<Json> {
        let marks = Marks {
            favorite: Some(favorite),
            ..Marks::default()
        };
        mark(ctx, &id, marks).await
    }

    /// Likes, dislikes, or neither (null). Answers Jellyfin's `UserData`.
    async fn set_likes(&self, ctx: &Context<'_>, id: ID, likes: Option<bool>) -> GraphResult<Json> {
        let marks = Marks {
            likes: Some(likes),
            ..Marks::default()
        };
        mark(ctx, &id, marks).await
    }

    /// Changes what Jellyfin's `UpdateUserItemDataDto` names. Answers Jellyfin's `UserData`.
    async fn update_user_data(
        &self,
        ctx: &Context<'_>,
        id: ID,
        changes: Json,
    ) -> GraphResult<Json> {
        let changes = changes.parsed()?;
        if !changes.is_object() {
            return Err(GraphError::bad_input(
                "changes",
                "no object",
                "fields of `UserData`",
            ));
        }
        mark(ctx, &id, marks_of(&changes)?).await
    }
}

async fn mark(ctx: &Context<'_>, id: &ID, marks: Marks) -> GraphResult<Json> {
    let (scope, entry) = found(ctx, id).await?;
    let catalog = &ctx.services()?.catalog;
    catalog.mark(&scope, &entry, &marks).await?;
    let scope = catalog.scope(ctx.viewer()?).await?;
    user_data(&scope, &entry)
}

/// Jellyfin's `UserData` of an entry.
fn user_data(scope: &Scope, entry: &Entry) -> GraphResult<Json> {
    match entry {
        Entry::Item(item) => Json::of_body(&render::user_data(scope, item)),
        Entry::Name(name) => Json::of_body(&render::user_data_of_name(scope, *name)),
        Entry::Library(_) | Entry::Root => Err(GraphError::bad_input(
            "id",
            "a library has no marks",
            "an item or a name",
        )),
    }
}

fn marks_of(changes: &Value) -> GraphResult<Marks> {
    let field = |name: &str| changes.get(name).filter(|value| !value.is_null());
    let flag = |name: &str| field(name).and_then(Value::as_bool);
    let date = field("LastPlayedDate").and_then(Value::as_str);
    let last_played_at = date
        .map(|text| {
            text.parse::<DateTime<Utc>>()
                .map_err(|_| GraphError::bad_input("LastPlayedDate", "no time", "RFC 3339"))
        })
        .transpose()?;
    Ok(Marks {
        played: flag("Played"),
        play_count: field("PlayCount")
            .and_then(Value::as_i64)
            .and_then(|count| i32::try_from(count.max(0)).ok()),
        position_ticks: field("PlaybackPositionTicks")
            .and_then(Value::as_i64)
            .map(|position| position.max(0)),
        position_runtime_ticks: None,
        last_played_at,
        favorite: flag("IsFavorite"),
        likes: flag("Likes").map(Some),
    })
}
