//! Users, their settings and passwords.

use serde_json::{Value, json};

use super::error::RestError;
use super::present::user::{User, user};
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::model::PublicId;
use crate::wire::UserConfiguration;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/users/public" Nobody public;
    Get "/users/me" User me;
    Get "/users" User all;
    Get "/users/{userId}" User one;
    Post "/users/configuration" User configure;
    Post "/users/{userId}/configuration" User configure;
    Post "/users/password" User password;
    Post "/users/{userId}/password" User password;
    Post "/userimage" User no_picture;
    Delete "/userimage" User no_picture;
};

/// Users have no pictures.
async fn no_picture(_: Ask) -> Answer {
    Err(RestError::Refused)
}

async fn public(ask: Ask) -> Answer {
    if !ask.state.settings.public_users {
        return present::json(&json!([]));
    }
    let mut data = ask.run(&queries::PUBLIC_USERS, json!({})).await?;
    list(&ask, data.take("publicUsers")?)
}

async fn all(ask: Ask) -> Answer {
    let mut data = ask.run(&queries::USERS, json!({})).await?;
    list(&ask, data.take("users")?)
}

fn list(ask: &Ask, users: Vec<User>) -> Answer {
    let users: Vec<_> = users
        .into_iter()
        .map(|found| user(found, &ask.state.settings))
        .collect();
    present::json(&users)
}

async fn me(ask: Ask) -> Answer {
    let id = ask.viewer()?.user_id;
    tell(&ask, id).await
}

async fn one(ask: Ask) -> Answer {
    let id = ask.id("userId")?;
    tell(&ask, id).await
}

async fn tell(ask: &Ask, id: PublicId) -> Answer {
    let mut data = ask.run(&queries::USER, json!({"id": id})).await?;
    present::json(&user(data.found("user")?, &ask.state.settings))
}

/// The user of path or query; others are for administrators.
fn target(ask: &Ask) -> Result<PublicId, RestError> {
    let viewer = ask.viewer()?;
    let named = match ask.segment("userId") {
        "" => ask.params.id("userId")?,
        _ => Some(ask.id("userId")?),
    };
    match named {
        Some(id) if id != viewer.user_id && !viewer.is_administrator => Err(RestError::Refused),
        Some(id) => Ok(id),
        None => Ok(viewer.user_id),
    }
}

async fn configure(ask: Ask) -> Answer {
    let user_id = target(&ask)?;
    let body = ask.json("userConfig", UserConfiguration::KEYS)?;
    ask.run(
        &queries::UPDATE_SETTINGS,
        json!({"userId": user_id, "body": body}),
    )
    .await?;
    present::nothing()
}

async fn password(ask: Ask) -> Answer {
    let user_id = target(&ask)?;
    let body = ask.json(
        "request",
        &["CurrentPassword", "CurrentPw", "NewPw", "ResetPassword"],
    )?;
    if body.get("ResetPassword") == Some(&Value::Bool(true)) {
        // A password that is empty for a while is an open door: set a new one instead.
        return Err(RestError::Refused);
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let variables = json!({
        "userId": user_id,
        "current": text("CurrentPw").or(text("CurrentPassword")),
        "new": text("NewPw").unwrap_or_default(),
    });
    ask.run(&queries::CHANGE_PASSWORD, variables)
        .await
        .map_err(|error| match error {
            RestError::WrongLogin => RestError::Refused,
            other => other,
        })?;
    present::nothing()
}
