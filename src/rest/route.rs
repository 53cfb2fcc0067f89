//! A route: what it answers to, who may call it, and who answers. The router is built from these
//! alone, so a route without a decision on access cannot exist.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, header};
use serde_json::Value;

use super::RestState;
use super::caller::Credentials;
use super::engine::{Data, OnBehalf, Operation};
use super::error::RestError;
use super::params::Params;
use crate::accounts::Viewer;
use crate::error::Unread;
use crate::model::PublicId;
use crate::wire::any_case;

/// The longest body that is read: a device profile is the longest thing that clients send.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Nobody,
    /// Whoever has signed in.
    User,
    Administrator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Also answers `HEAD`.
    Get,
    Post,
    Delete,
}

impl Verb {
    pub fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

pub type Answer = Result<Response, RestError>;
pub type Handler = fn(Ask) -> BoxFuture<'static, Answer>;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Route {
    pub verb: Verb,
    /// In lower case, save the names of what stands in braces.
    pub path: &'static str,
    pub access: Access,
    pub handler: Handler,
}

/// Rows of a table: `Get "/items" User items::list`.
macro_rules! routes {
    ($($verb:ident $path:literal $access:ident $handler:path;)*) => {
        &[$($crate::rest::route::Route {
            verb: $crate::rest::route::Verb::$verb,
            path: $path,
            access: $crate::rest::route::Access::$access,
            handler: |ask| Box::pin($handler(ask)),
        },)*]
    };
}
pub(super) use routes;

/// A request that may pass: the caller is known and allowed.
pub struct Ask {
    pub state: RestState,
    pub behalf: OnBehalf,
    pub credentials: Credentials,
    pub params: Params,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub upgrade: Option<WebSocketUpgrade>,
    path: Vec<(String, String)>,
}

/// Checks the caller against the route and answers.
pub async fn answer(route: Route, state: RestState, request: Request) -> Response {
    match admit(route, state, request).await {
        Ok(ask) => (route.handler)(ask)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(error) => error.into_response(),
    }
}

async fn admit(route: Route, state: RestState, request: Request) -> Result<Ask, RestError> {
    let (mut parts, body) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    let credentials = Credentials::read(&parts.headers, &params);
    let viewer = match &credentials.token {
        Some(token) => (state.viewers)(token.clone())
            .await
            .map_err(|error| RestError::Internal(error.to_string()))?,
        None => None,
    };
    match (route.access, &viewer) {
        (Access::Nobody, _) | (Access::User, Some(_)) => {}
        (_, None) => return Err(RestError::Unauthenticated),
        (Access::Administrator, Some(viewer)) if viewer.is_administrator => {}
        (Access::Administrator, Some(_)) => return Err(RestError::NotForUser),
    }
    let path = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(values) => values
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => return Err(RestError::NotFound),
    };
    let upgrade = if parts.headers.contains_key(header::UPGRADE) {
        WebSocketUpgrade::from_request_parts(&mut parts, &())
            .await
            .ok()
    } else {
        None
    };
    let client_addr = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip());
    let body = axum::body::to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|error| match Unread::of(&error) {
            Unread::TooLarge => RestError::TooLarge,
            Unread::TooSlow => RestError::TooSlow,
            Unread::Broken => RestError::BadRequest,
        })?;
    Ok(Ask {
        behalf: OnBehalf {
            viewer,
            token: credentials.token.clone(),
            client_addr,
            request_id: OnBehalf::request_id(&parts.extensions),
        },
        state,
        credentials,
        params,
        headers: parts.headers,
        body,
        upgrade,
        path,
    })
}

impl Ask {
    /// # Errors
    /// [`RestError::Unauthenticated`] on a route that nobody needs a token for.
    pub fn viewer(&self) -> Result<&Arc<Viewer>, RestError> {
        self.behalf
            .viewer
            .as_ref()
            .ok_or(RestError::Unauthenticated)
    }

    pub fn client_addr(&self) -> Option<IpAddr> {
        self.behalf.client_addr
    }

    pub async fn run(
        &self,
        operation: &'static Operation,
        variables: Value,
    ) -> Result<Data, RestError> {
        self.state
            .engine
            .execute(&self.behalf, operation, variables)
            .await
    }

    /// What stood in braces; decoded.
    pub fn segment(&self, name: &str) -> &str {
        self.path
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// An id in the path.
    ///
    /// # Errors
    /// 400 for what is no id.
    pub fn id(&self, name: &str) -> Result<PublicId, RestError> {
        let text = self.segment(name);
        text.parse().map_err(|_| RestError::bad_value(name, text))
    }

    /// Refuses whoever acts for somebody else: `userId` in path and query must be the caller's.
    ///
    /// # Errors
    /// 400 for what is no id, 403 for another user.
    pub fn own(&self) -> Result<(), RestError> {
        let viewer = self.viewer()?;
        let in_path = match self.path.iter().any(|(key, _)| key == "userId") {
            true => Some(self.id("userId")?),
            false => None,
        };
        let in_query = self.params.id("userId")?;
        for user in [in_path, in_query].into_iter().flatten() {
            if user != viewer.user_id {
                return Err(RestError::Refused);
            }
        }
        Ok(())
    }

    /// Adds a seed to a filter whose order is random. A page that names its start belongs to an
    /// order that holds for the hour; one that does not is a shuffle of its own.
    pub fn seed(&self, filter: &mut super::filter::Filter, sort: &Value) {
        let random = sort
            .as_array()
            .is_some_and(|keys| keys.iter().any(|key| key["by"] == "RANDOM"));
        if !random {
            return;
        }
        let seed = match (&self.behalf.viewer, self.params.has("startIndex")) {
            (Some(viewer), true) => {
                let (session, _) = viewer.session.id.0.as_u64_pair();
                let hour = self.state.clock.millis() / 3_600_000;
                (session as i64) ^ hour
            }
            _ => rand::random(),
        };
        filter.set("randomSeed", seed);
    }

    fn is_json(&self) -> bool {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_none_or(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    /// The body as JSON with our spelling of its outer keys. `name` is what Jellyfin calls it.
    ///
    /// # Errors
    /// 415 for a form, 400 for no or broken JSON.
    pub fn json(&self, name: &'static str, known: &[&str]) -> Result<Value, RestError> {
        match self.optional_json(name)? {
            Some(value) => Ok(any_case::pascal_top(value, known)),
            None => Err(RestError::BadBody {
                name,
                path: String::new(),
                problem: "A non-empty request body is required.".to_owned(),
            }),
        }
    }

    /// As [`Ask::json`], for bodies that may be empty; keys as they came.
    pub fn optional_json(&self, name: &'static str) -> Result<Option<Value>, RestError> {
        let body = self
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        if !self.is_json() {
            return Err(RestError::UnsupportedMediaType);
        }
        serde_json::from_slice(body)
            .map(Some)
            .map_err(|error| RestError::BadBody {
                name,
                path: "$".to_owned(),
                problem: format!(
                    "The JSON is not valid. LineNumber: {} | BytePositionInLine: {}.",
                    error.line().saturating_sub(1),
                    error.column()
                ),
            })
    }

    /// A body as `T`, outer keys in any case.
    pub fn typed<T: serde::de::DeserializeOwned>(
        &self,
        name: &'static str,
        known: &[&str],
    ) -> Result<T, RestError> {
        serde_json::from_value(self.json(name, known)?).map_err(|error| RestError::BadBody {
            name,
            path: "$".to_owned(),
            problem: error.to_string(),
        })
    }
}
