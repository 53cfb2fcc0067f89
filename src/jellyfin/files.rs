//! Connections that files come by: each holds little of what its reader does not take yet. reqwest
//! reads ahead by up to 400 KiB twice a stream, and has no setting for it; this is what it is made of.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::util::MapResponse;
use tower::{Layer, ServiceExt};
use tower_http::follow_redirect::policy::{And, Limited, PolicyExt, SameOrigin};
use tower_http::follow_redirect::{FollowRedirect, FollowRedirectLayer};
use url::Url;

use super::apart::{Answer, Connect, Failed};
use super::client::{IDLE, KEEP_ALIVE, REDIRECTS, USER_AGENT as OURS};
use super::read_ahead::{self, ReadAhead};
use super::response::Response;

type Body = Empty<Bytes>;
type Tls = MaybeHttpsStream<TokioIo<TcpStream>>;
type Io = TokioIo<ReadAhead<TokioIo<Tls>>>;
type Connector = MapResponse<HttpsConnector<HttpConnector>, fn(Tls) -> Io>;
type Http = legacy::Client<Connector, Body>;
type Policy = And<SameOrigin, Limited>;

/// See the module.
#[derive(Debug)]
pub(super) struct Files {
    /// Redirects stay on the same server: nothing of ours goes elsewhere.
    http: FollowRedirect<Http, Policy>,
    /// None where the bytes come encrypted: they are to be read before they are passed on.
    apart: Option<FollowRedirect<Connect, Policy>>,
}

impl Files {
    /// `tls` must not offer HTTP/2, where a stream that is not read can hold up others.
    ///
    /// None where a proxy stands before the server: reqwest knows how to pass.
    pub(super) fn new(
        base: &Url,
        tls: ClientConfig,
        connect: Duration,
        proxies: &Matcher,
    ) -> Option<Self> {
        let base: Uri = base.as_str().parse().ok()?;
        if proxies.intercept(&base).is_some() {
            return None;
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let apart = (base.scheme() == Some(&Scheme::HTTP)).then(|| Connect(tcp.clone()));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let paced: fn(Tls) -> Io = |io| TokioIo::new(ReadAhead::new(TokioIo::new(io)));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(read_ahead::MOST)
            .build(connector.map_response(paced));
        let policy = SameOrigin::new().and::<_, Body, legacy::Error>(Limited::new(REDIRECTS));
        let follow = FollowRedirectLayer::with_policy(policy);
        Some(Self {
            http: follow.layer(http),
            apart: apart.map(|connect| follow.layer(connect)),
        })
    }

    /// Sends a request without a body and waits for the headers; `apart`: by a connection of its own, where
    /// that is of use.
    ///
    /// # Errors
    /// What the connection failed by; any status is a success here.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
        apart: bool,
    ) -> Result<Response, Failed> {
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(OURS));
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        if let Some(connect) = self.apart.as_ref().filter(|_| apart) {
            let (head, body) = connect.clone().oneshot(request).await?.into_parts();
            return Ok(match body {
                Answer::Apart(body) => Response::apart(http::Response::from_parts(head, body)),
                Answer::Streamed(body) => Response::new(http::Response::from_parts(head, body)),
            });
        }
        let sent = self.http.clone().oneshot(request).await;
        sent.map(Response::new).map_err(|error| Failed {
            is_connect: error.is_connect(),
            source: error.into(),
        })
    }
}
