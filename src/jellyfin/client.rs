//! The one send: a request goes out here and nowhere else, and what comes back is told apart here.

use std::sync::Arc;
use std::time::Duration;

use ::url::Url;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION};
use http::{HeaderValue, Method};
use http_body_util::Empty;
use hyper_util::client::proxy::matcher::Matcher;
use serde_json::Value;

use super::files::Files;
use super::response::Response;
use super::tls::{self, Refusal, TlsTrust};
use super::{Limits, TlsProblem, UpstreamError, url};

/// Answers above this are parsed on a blocking thread.
const PARSE_APART: usize = 512 << 10;
/// Unused connections are closed before the server does it.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// Between two signs of life on a connection where nothing is said.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Redirects that are followed before the answer is taken as it is.
pub(super) const REDIRECTS: usize = 5;
pub(super) const USER_AGENT: &str = concat!("Manyfin/", env!("CARGO_PKG_VERSION"));

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    files: Option<Files>,
    base: Url,
    refusal: Refusal,
    /// For the socket, which must not offer HTTP/2.
    pub(super) socket_tls: Arc<rustls::ClientConfig>,
    max_json_bytes: usize,
}

/// A request before it is sent.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, String)],
    pub(super) authorization: Option<HeaderValue>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl<'a> Request<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            query: &[],
            authorization: None,
            headers: HeaderMap::new(),
            body: None,
        }
    }
}

impl Client {
    /// # Errors
    /// `Malformed` when the trust cannot be used.
    pub(super) fn new(
        base: &Url,
        trust: &TlsTrust,
        limits: &Limits,
    ) -> Result<Self, UpstreamError> {
        let (mut config, refusal) = tls::client_config(trust)?;
        let files = Files::new(
            base,
            config.clone(),
            limits.connect,
            &Matcher::from_system(),
        );
        let socket_tls = Arc::new(config.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(limits.connect)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(KEEP_ALIVE)
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::custom(follow_at_home))
            .build()
            .map_err(|_| UpstreamError::malformed("the connection settings are unusable"))?;
        Ok(Self {
            http,
            files,
            base: url::base(base),
            refusal,
            socket_tls,
            max_json_bytes: limits.max_json_bytes,
        })
    }

    pub(super) fn endpoint(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Url, UpstreamError> {
        url::endpoint(&self.base, path, query)
    }

    /// Sends once and waits for the headers.
    ///
    /// # Errors
    /// What the connection failed by; any status is a success here.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
    ) -> Result<reqwest::Response, UpstreamError> {
        let url = self.endpoint(request.path, request.query)?;
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .headers(request.headers.clone());
        if let Some(authorization) = &request.authorization {
            builder = builder.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        builder.send().await.map_err(|e| self.classify(&e))
    }

    /// Sends a request without a body, whose answer may be large, and waits for the headers. `apart`: see
    /// [`Files::send`].
    ///
    /// # Errors
    /// What the connection failed by; any status is a success here.
    pub(super) async fn open(
        &self,
        request: &Request<'_>,
        apart: bool,
    ) -> Result<Response, UpstreamError> {
        let Some(files) = &self.files else {
            return Ok(Response::new(self.send(request).await?.into()));
        };
        let url = self.endpoint(request.path, request.query)?;
        let mut asked = http::Request::builder()
            .method(&request.method)
            .uri(url.as_str())
            .body(Empty::new())
            .map_err(|_| UpstreamError::malformed("its address is unusable"))?;
        *asked.headers_mut() = request.headers.clone();
        if let Some(authorization) = &request.authorization {
            asked
                .headers_mut()
                .insert(AUTHORIZATION, authorization.clone());
        }
        let sent = files.send(asked, apart).await;
        sent.map_err(|e| self.classify_below(&e, e.is_connect))
    }

    /// Sends once and reads JSON; none for an answer without content.
    pub(super) async fn json(
        &self,
        mut request: Request<'_>,
    ) -> Result<Option<Value>, UpstreamError> {
        request
            .headers
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut response = self.send(&request).await?;
        let status = response.status();
        if status.is_redirection() {
            return Err(redirected(&self.base, &response));
        }
        if !status.is_success() {
            return Err(UpstreamError::from_status(status.as_u16()));
        }
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.to_ascii_lowercase().contains("json"));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.classify(&e))? {
            if bytes.len() + chunk.len() > self.max_json_bytes {
                return Err(UpstreamError::malformed("it is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        if !is_json {
            return Err(UpstreamError::malformed("it is not JSON"));
        }
        let parsed = if bytes.len() > PARSE_APART {
            tokio::task::spawn_blocking(move || serde_json::from_slice(&bytes))
                .await
                .map_err(|_| UpstreamError::malformed("parsing was given up"))?
        } else {
            serde_json::from_slice(&bytes)
        };
        // Only the place: the text of the error could quote the answer.
        parsed.map(Some).map_err(|e: serde_json::Error| {
            UpstreamError::malformed(format!("bad JSON at line {}", e.line()))
        })
    }

    /// reqwest's own text holds the URL, so only what lies below it is looked at.
    fn classify(&self, error: &reqwest::Error) -> UpstreamError {
        if error.is_timeout() {
            return if error.is_connect() {
                UpstreamError::unreachable("no connection in time")
            } else {
                UpstreamError::Timeout
            };
        }
        self.classify_below(error, error.is_connect())
    }

    fn classify_below(
        &self,
        error: &(dyn std::error::Error + 'static),
        is_connect: bool,
    ) -> UpstreamError {
        let mut source = error.source();
        while let Some(inner) = source {
            let io = inner.downcast_ref::<std::io::Error>();
            if inner.is::<rustls::Error>() {
                return self.tls_refusal();
            }
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
                return UpstreamError::unreachable("no connection in time");
            }
            // An IO error's `source` skips what it wraps.
            let wrapped = io.and_then(std::io::Error::get_ref);
            if let (Some(io), None) = (io, wrapped) {
                return UpstreamError::unreachable(match io.kind() {
                    std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                    std::io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
                    kind => kind.to_string(),
                });
            }
            if inner.to_string().starts_with("dns error") {
                return UpstreamError::unreachable("its name is not known");
            }
            source = match wrapped {
                Some(wrapped) => Some(wrapped),
                None => inner.source(),
            };
        }
        UpstreamError::unreachable(if is_connect {
            "no connection"
        } else {
            "the connection broke"
        })
    }

    pub(super) fn tls_refusal(&self) -> UpstreamError {
        let mut refusal = self.refusal.lock().unwrap_or_else(|e| e.into_inner());
        refusal.take().unwrap_or(UpstreamError::Tls {
            problem: TlsProblem::Handshake,
            fingerprint: None,
        })
    }
}

/// Redirects stay on the same server: nothing of ours goes elsewhere.
fn follow_at_home(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let at_home = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if at_home && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn redirected(base: &Url, response: &reqwest::Response) -> UpstreamError {
    let to = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| base.join(location).ok());
    match to {
        Some(to) => UpstreamError::Redirected {
            to: url::shown(&to),
        },
        None => UpstreamError::Status {
            status: response.status().as_u16(),
        },
    }
}
