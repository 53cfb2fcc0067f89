//! Played, favourite, rating.

use serde_json::{Value, json};

use super::error::RestError;
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{params, present, queries};
use crate::wire::UpdateUserItemData;

pub(super) const ROUTES: &[Route] = routes! {
    Post "/userplayeditems/{itemId}" User played;
    Post "/users/{userId}/playeditems/{itemId}" User played;
    Delete "/userplayeditems/{itemId}" User unplayed;
    Delete "/users/{userId}/playeditems/{itemId}" User unplayed;
    Post "/userfavoriteitems/{itemId}" User favorite;
    Post "/users/{userId}/favoriteitems/{itemId}" User favorite;
    Delete "/userfavoriteitems/{itemId}" User no_favorite;
    Delete "/users/{userId}/favoriteitems/{itemId}" User no_favorite;
    Post "/useritems/{itemId}/rating" User rate;
    Post "/users/{userId}/items/{itemId}/rating" User rate;
    Delete "/useritems/{itemId}/rating" User unrate;
    Delete "/users/{userId}/items/{itemId}/rating" User unrate;
    Get "/useritems/{itemId}/userdata" User get;
    Get "/users/{userId}/items/{itemId}/userdata" User get;
    Post "/useritems/{itemId}/userdata" User update;
    Post "/users/{userId}/items/{itemId}/userdata" User update;
};

async fn played(ask: Ask) -> Answer {
    ask.own()?;
    let at = match ask.params.text("datePlayed") {
        Some(text) => Some(
            params::time(text)
                .ok_or_else(|| RestError::bad_value("datePlayed", text))?
                .to_rfc3339(),
        ),
        None => None,
    };
    let variables = json!({"id": ask.id("itemId")?, "played": true, "at": at});
    let mut data = ask.run(&queries::SET_PLAYED, variables).await?;
    Ok(present::raw(Raw::from(data.value("setPlayed"))))
}

async fn unplayed(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.id("itemId")?, "played": false});
    let mut data = ask.run(&queries::SET_PLAYED, variables).await?;
    Ok(present::raw(Raw::from(data.value("setPlayed"))))
}

async fn set_favorite(ask: Ask, favorite: bool) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.id("itemId")?, "favorite": favorite});
    let mut data = ask.run(&queries::SET_FAVORITE, variables).await?;
    Ok(present::raw(Raw::from(data.value("setFavorite"))))
}

async fn favorite(ask: Ask) -> Answer {
    set_favorite(ask, true).await
}

async fn no_favorite(ask: Ask) -> Answer {
    set_favorite(ask, false).await
}

async fn set_likes(ask: Ask, likes: Option<bool>) -> Answer {
    ask.own()?;
    let variables = json!({"id": ask.id("itemId")?, "likes": likes});
    let mut data = ask.run(&queries::SET_LIKES, variables).await?;
    Ok(present::raw(Raw::from(data.value("setLikes"))))
}

async fn rate(ask: Ask) -> Answer {
    let likes = ask.params.flag("likes")?;
    set_likes(ask, likes).await
}

async fn unrate(ask: Ask) -> Answer {
    set_likes(ask, None).await
}

async fn get(ask: Ask) -> Answer {
    ask.own()?;
    let variables = json!({
        "id": ask.id("itemId")?,
        "body": {"images": false, "userData": true},
    });
    let mut data = ask.run(&queries::ITEM, variables).await?;
    let node: super::present::list::Node = data.found("item")?;
    let mut body = node
        .body
        .parse()
        .map_err(|error| RestError::Internal(error.to_string()))?;
    present::json(&body["UserData"].take())
}

async fn update(ask: Ask) -> Answer {
    ask.own()?;
    let changes: UpdateUserItemData = ask.typed("userDataDto", UpdateUserItemData::KEYS)?;
    let changes: Value =
        serde_json::to_value(changes).map_err(|error| RestError::Internal(error.to_string()))?;
    let variables = json!({"id": ask.id("itemId")?, "changes": changes});
    let mut data = ask.run(&queries::UPDATE_USER_DATA, variables).await?;
    Ok(present::raw(Raw::from(data.value("updateUserData"))))
}
