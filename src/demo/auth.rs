//! Signing in, and reading who asks.

use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Sight;
use super::calls::{Call, member};
use super::item::hex;
use super::params::Params;
use super::reply::{Refusal, Reply, moment, ok};
use super::sessions::{Session, info};
use super::state::{State, User};

/// A plain user's policy and configuration, as 12.0 tells them.
const POLICY: &str = include_str!("templates/policy.json");
const CONFIGURATION: &str = include_str!("templates/configuration.json");

const ADMINISTRATORS_RIGHTS: [&str; 5] = [
    "EnableCollectionManagement",
    "EnableSubtitleManagement",
    "EnableLyricManagement",
    "EnableRemoteControlOfOtherUsers",
    "EnableContentDeletion",
];

/// What an `Authorization: MediaBrowser …` header says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Identity {
    pub client: Option<String>,
    pub device: Option<String>,
    pub device_id: Option<String>,
    pub version: Option<String>,
    pub token: Option<String>,
}

/// Reads the header's value; another scheme gives `None`.
pub(super) fn identity(value: &str, legacy: bool) -> Option<Identity> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("MediaBrowser")
        || legacy && scheme.eq_ignore_ascii_case("Emby");
    if !known {
        return None;
    }
    let mut out = Identity::default();
    for pair in split_outside_quotes(rest) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"').replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "client" => &mut out.client,
            "device" => &mut out.device,
            "deviceid" => &mut out.device_id,
            "version" => &mut out.version,
            "token" => &mut out.token,
            _ => continue,
        };
        *slot = Some(value).filter(|value| !value.is_empty());
    }
    Some(out)
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

/// The token of a request, by the forms that the server's version takes.
pub(super) fn token(headers: &HeaderMap, params: &Params, legacy: bool) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let from_header = text(header::AUTHORIZATION.as_str())
        .and_then(|value| identity(value, legacy))
        .and_then(|identity| identity.token);
    if from_header.is_some() {
        return from_header;
    }
    if legacy {
        let old = text("x-emby-authorization").and_then(|value| identity(value, true));
        if let Some(token) = old.and_then(|identity| identity.token) {
            return Some(token);
        }
        for name in ["x-emby-token", "x-mediabrowser-token"] {
            if let Some(token) = text(name) {
                return Some(token.to_owned());
            }
        }
        if let Some(token) = params.get("api_key") {
            return Some(token.to_owned());
        }
    }
    params.get("apikey").map(str::to_owned)
}

/// `POST /Users/AuthenticateByName`.
pub(super) fn sign_in(state: &State, call: &Call) -> Reply {
    let kind = call.header(header::CONTENT_TYPE).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported Media Type",
            None,
        ));
    }
    let body = call.json()?;
    if body.is_null() {
        return Err(Refusal::bad_request(
            "A non-empty request body is required.",
        ));
    }
    let legacy = state.takes_legacy_tokens();
    let mut who = call
        .header(header::AUTHORIZATION)
        .and_then(|value| identity(value, legacy));
    if who.is_none() && legacy {
        let old = call.header("x-emby-authorization");
        who = old.and_then(|value| identity(value, true));
    }
    let Some(Identity {
        client: Some(client),
        device: Some(device),
        device_id: Some(device_id),
        version: Some(version),
        ..
    }) = who
    else {
        return Err(Refusal::processing(StatusCode::BAD_REQUEST));
    };
    let field = |name| {
        member(&body, name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let user = state.user_named(field("username"));
    let Some(user) = user.filter(|user| user.password.expose() == field("pw")) else {
        return Err(Refusal::processing(StatusCode::UNAUTHORIZED));
    };
    if user.disabled() {
        return Err(Refusal::processing(StatusCode::FORBIDDEN));
    }
    let session = Session {
        token: hex(Uuid::new_v4()),
        user: user.id,
        device_id,
        device,
        client,
        version,
        active: state.clock.millis(),
        playing: None,
    };
    let answer = json!({
        "User": dto(state, user),
        "SessionInfo": info(state, &session),
        "AccessToken": session.token,
        "ServerId": hex(state.id),
    });
    state.sessions().open(session);
    ok(&answer)
}

/// A user as `/Users/Me` shows it.
pub(super) fn dto(state: &State, user: &User) -> Value {
    if let Some(recorded) = &user.dto {
        return Value::Object(recorded.clone());
    }
    let now = moment(state.clock.millis());
    let (mut folders, mut all, mut max, mut tags) = (Vec::new(), true, Value::Null, Vec::new());
    let mut disabled = false;
    if let Sight::Rules(access) = &*user.sight() {
        all = access.hidden_libraries.is_empty();
        if !all {
            let library = state.library();
            let seen = library
                .views
                .iter()
                .filter(|view| !access.hidden_libraries.contains(&view.name));
            folders = seen.map(|view| hex(view.id)).collect();
        }
        if access.max_rating.is_some() {
            max = json!(13);
        }
        tags.clone_from(&access.blocked_tags);
        disabled = access.disabled;
    }
    let mut policy: Value = serde_json::from_str(POLICY).unwrap_or_default();
    policy["IsAdministrator"] = json!(user.administrator);
    for right in ADMINISTRATORS_RIGHTS {
        policy[right] = json!(user.administrator);
    }
    policy["IsDisabled"] = json!(disabled);
    policy["MaxParentalRating"] = max;
    policy["BlockedTags"] = json!(tags);
    policy["EnabledFolders"] = json!(folders);
    policy["EnableAllFolders"] = json!(all);
    let configuration: Value = serde_json::from_str(CONFIGURATION).unwrap_or_default();
    json!({
        "Name": user.name, "ServerId": hex(state.id), "Id": hex(user.id),
        "HasPassword": true, "HasConfiguredPassword": true, "HasConfiguredEasyPassword": false,
        "EnableAutoLogin": false, "LastLoginDate": now, "LastActivityDate": now,
        "Configuration": configuration, "Policy": policy,
    })
}

/// `GET /Users/Me`.
pub(super) fn me(state: &State, call: &Call) -> Reply {
    ok(&dto(state, call.caller(state)?))
}

/// `GET /Users/{id}`.
pub(super) fn user(state: &State, call: &Call) -> Reply {
    call.caller(state)?;
    let user = state.user(call.id(1)?).ok_or_else(Refusal::not_found)?;
    ok(&dto(state, user))
}

/// `GET /Users`.
pub(super) fn users(state: &State, call: &Call) -> Reply {
    call.caller(state)?;
    ok(&state.users.iter().map(|user| dto(state, user)).collect())
}
