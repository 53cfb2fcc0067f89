//! One request as the handlers see it.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::params::{Params, parse_id};
use super::reply::Refusal;
use super::sessions::Session;
use super::state::{State, User};

pub(super) struct Call {
    pub method: Method,
    /// The path's parts, percent-decoded, as written.
    pub parts: Vec<String>,
    pub query: String,
    pub params: Params,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub token: Option<String>,
}

impl Call {
    /// The caller's session, or 401.
    pub fn session(&self, state: &State) -> Result<Session, Refusal> {
        let token = self.token.as_deref();
        let found = token.and_then(|token| state.sessions().get(token).cloned());
        let session = found.ok_or_else(|| Refusal::status(StatusCode::UNAUTHORIZED))?;
        match state.user(session.user) {
            Some(user) if !user.disabled() => Ok(session),
            _ => Err(Refusal::status(StatusCode::UNAUTHORIZED)),
        }
    }

    /// The user whose token came along, or 401.
    pub fn caller<'s>(&self, state: &'s State) -> Result<&'s User, Refusal> {
        let session = self.session(state)?;
        let user = state.user(session.user);
        user.ok_or_else(|| Refusal::status(StatusCode::UNAUTHORIZED))
    }

    /// The user in whose name is asked: `userId` where given. Only an administrator may name another.
    pub fn user<'s>(&self, state: &'s State) -> Result<&'s User, Refusal> {
        let asked = self.params.id("userid")?;
        self.user_or(state, asked)
    }

    pub fn user_or<'s>(&self, state: &'s State, asked: Option<Uuid>) -> Result<&'s User, Refusal> {
        let caller = self.caller(state)?;
        match asked {
            None => Ok(caller),
            Some(id) if id == caller.id => Ok(caller),
            Some(id) if caller.administrator => state.user(id).ok_or_else(Refusal::not_found),
            Some(_) => Err(Refusal::status(StatusCode::FORBIDDEN)),
        }
    }

    pub fn administrator<'s>(&self, state: &'s State) -> Result<&'s User, Refusal> {
        let caller = self.caller(state)?;
        if caller.administrator {
            Ok(caller)
        } else {
            Err(Refusal::status(StatusCode::FORBIDDEN))
        }
    }

    /// The id in part `index` of the path; 400 if it is none.
    pub fn id(&self, index: usize) -> Result<Uuid, Refusal> {
        parse_id("itemId", self.parts.get(index).map_or("", String::as_str))
    }

    /// The JSON body; an empty one is null, a broken one 400.
    pub fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| Refusal::bad_request("One or more validation errors occurred."))
    }

    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A member of an object, whatever its case.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let found = object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}
