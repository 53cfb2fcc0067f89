//! Signing in and out.

use serde::Deserialize;
use serde_json::json;

use super::error::RestError;
use super::present::session::{Session, session};
use super::present::user::{User, user};
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::wire::{AuthenticateUserByName, AuthenticationResult};

pub(super) const ROUTES: &[Route] = routes! {
    Post "/users/authenticatebyname" Nobody by_name;
    Post "/sessions/logout" User log_out;
    Post "/users/forgotpassword" Nobody forgot;
    Post "/users/forgotpassword/pin" Nobody forgot_pin;
};

#[derive(Deserialize)]
struct SignedIn {
    token: String,
    user: User,
    session: Session,
}

async fn by_name(ask: Ask) -> Answer {
    let login: AuthenticateUserByName = ask.typed("request", AuthenticateUserByName::KEYS)?;
    let who = &ask.credentials;
    if !who.names_device() {
        return Err(RestError::BadRequest);
    }
    let name = login.username.ok_or(RestError::BadRequest)?;
    let password = login.pw.unwrap_or_default();
    let variables = json!({
        "username": name,
        "password": password.expose(),
        "device": {
            "client": who.client,
            "deviceName": who.device,
            "deviceId": who.device_id,
            "version": who.version,
        },
    });
    let mut data = ask.run(&queries::SIGN_IN, variables).await?;
    let signed: SignedIn = data.take("signIn")?;
    let settings = &ask.state.settings;
    present::json(&AuthenticationResult {
        user: user(signed.user, settings),
        session_info: session(signed.session, settings),
        access_token: signed.token,
        server_id: settings.server_id.clone(),
    })
}

async fn log_out(ask: Ask) -> Answer {
    ask.run(&queries::SIGN_OUT, json!({})).await?;
    present::nothing()
}

async fn forgot(_: Ask) -> Answer {
    present::json(&json!({"Action": "ContactAdmin"}))
}

async fn forgot_pin(_: Ask) -> Answer {
    present::json(&json!({"Success": false, "UsersReset": []}))
}
