//! A name for each request: in every line that the log has of it, in errors whose cause stays inside, and in
//! the answer, so that who reports a failure can say which.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use super::client_addr::TrustedProxies;
use crate::graphql::RequestMeta;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

/// The name that was given to a request.
#[derive(Clone)]
pub(super) struct RequestId(pub HeaderValue);

impl RequestId {
    /// For the log; empty never happens.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Names the request, as a trusted proxy did where one has.
pub(super) async fn name(
    State(proxies): State<TrustedProxies>,
    mut request: Request,
    next: Next,
) -> Response {
    // The client's own address is not yet put in the place of the proxy's.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_trusted = peer.is_some_and(|peer| proxies.trusts(peer.0.ip()));
    let told = request.headers().get(HEADER).cloned();
    let id = told
        .filter(|told| is_trusted && is_well_formed(told))
        .unwrap_or_else(made);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(HEADER, id);
    answer
}

/// Hands the name on to those who execute; after the client's address is known.
pub(super) async fn hand_on(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let mut meta = RequestMeta::new(peer.map(|peer| peer.0.ip()));
    if let Some(id) = request.extensions().get::<RequestId>() {
        meta.request_id = id.as_str().to_owned();
    }
    request.extensions_mut().insert(meta);
    next.run(request).await
}

fn is_well_formed(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=LONGEST).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn made() -> HeaderValue {
    let id = uuid::Uuid::new_v4().simple().to_string();
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}
