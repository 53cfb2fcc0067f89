//! One source server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, COOKIE, HOST, HeaderMap};
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio::time::Instant;

use super::auth::authorization;
use super::batch::Batcher;
use super::breaker::Breaker;
use super::client::{Client, Request};
use super::counters::{Counters, Purpose};
use super::guard::Plan;
use super::renewal::Renewals;
use super::response::Response;
use super::speed::{Meter, Speed};
use super::status::read_public_info;
use super::{
    Account, Authenticated, Limits, PublicInfo, RequestCounts, ServerSpec, ServerStatus,
    StatusChange, TlsTrust, UpstreamError,
};
use crate::clock::Clock;
use crate::model::{Secret, ServerKey, UpstreamId};
use crate::telemetry::Metrics;
use crate::wire::Body;

/// What a server has to do before there are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Read them: a part of a file, an image, a subtitle.
    LiesThere,
    /// Read them as well, and so many that they get a connection of their own, where a
    /// [`Passage`](crate::splice::Passage) may take them from.
    Apart,
    /// Begin to make them, which takes a while: a transcode, its playlists and segments.
    WhenAsked,
}

/// A source with its connections, limits and state. Handed out by the `Registry`.
pub struct Server {
    pub id: i64,
    pub key: ServerKey,
    name: RwLock<String>,
    pub(super) spec: Mutex<ServerSpec>,
    /// An error when its trust settings are unusable: every call tells it.
    pub(super) client: Result<Client, UpstreamError>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) breaker: Breaker,
    pub(super) counters: Counters,
    pub(super) meter: Meter,
    pub(super) metrics: Metrics,
    pub(super) batcher: Batcher,
    pub(super) status: watch::Sender<ServerStatus>,
    pub(super) changes: broadcast::Sender<StatusChange>,
    pub(super) renewals: Renewals,
    /// Wakes the background question.
    pub(super) wake: Arc<Notify>,
    /// When [`Self::doubt`] last had an answer.
    pub(super) looked: tokio::sync::Mutex<Option<Instant>>,
    pub(super) resume: RwLock<Option<super::ResumeRules>>,
    pub(super) slots: Semaphore,
    stream_slots: Semaphore,
}

impl Server {
    pub(super) fn new(
        spec: ServerSpec,
        limits: Limits,
        clock: Clock,
        changes: broadcast::Sender<StatusChange>,
        renewals: Renewals,
        metrics: Metrics,
    ) -> Self {
        Self {
            id: spec.id,
            key: spec.key,
            name: RwLock::new(spec.name.clone()),
            client: Client::new(&spec.base_url, &spec.tls, &limits),
            spec: Mutex::new(spec),
            breaker: Breaker::new(&limits),
            counters: Counters::default(),
            meter: Meter::default(),
            metrics,
            batcher: Batcher::default(),
            status: watch::Sender::new(ServerStatus::Unknown),
            changes,
            renewals,
            wake: Arc::new(Notify::new()),
            looked: tokio::sync::Mutex::default(),
            resume: RwLock::default(),
            slots: Semaphore::new(limits.concurrency.max(1)),
            stream_slots: Semaphore::new(limits.stream_concurrency.max(1)),
            limits,
            clock,
        }
    }

    pub fn name(&self) -> String {
        self.name.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    pub(super) fn rename(&self, name: &str) {
        name.clone_into(&mut self.name.write().unwrap_or_else(|e| e.into_inner()));
    }

    pub fn status(&self) -> ServerStatus {
        self.status.borrow().clone()
    }

    /// Tells every change of the status, the present one first.
    pub fn watch(&self) -> watch::Receiver<ServerStatus> {
        self.status.subscribe()
    }

    /// Whether it is asked: 0 yes, 1 one request tries, 2 no.
    pub fn breaker_state(&self) -> i64 {
        self.breaker.state()
    }

    /// What was sent to it since it was registered.
    pub fn requests(&self) -> RequestCounts {
        self.counters.read()
    }

    /// How fast it is, as far as that was measured.
    pub fn speed(&self) -> Speed {
        self.meter.speed()
    }

    /// Tells that so many bytes of a file were passed on in this time, during so much of which they
    /// were waited for. It says nothing where the client was what the source waited for.
    pub fn passed(&self, bytes: u64, took: Duration, waited: Duration) {
        self.meter.passed(bytes, took, waited);
    }

    /// Whether it is worth asking: one that was not asked yet is.
    pub fn is_available(&self) -> bool {
        matches!(
            *self.status.borrow(),
            ServerStatus::Online { .. } | ServerStatus::Unknown
        )
    }

    /// Asks what lives at an address, before there is a row for it.
    ///
    /// # Errors
    /// Whatever is wrong with the address: each kind has its own variant.
    pub async fn probe(base_url: &::url::Url, tls: &TlsTrust) -> Result<PublicInfo, UpstreamError> {
        let limits = Limits::default();
        let client = Client::new(base_url, tls, &limits)?;
        let asked = public_info(&client);
        tokio::time::timeout(limits.total, asked)
            .await
            .unwrap_or(Err(UpstreamError::Timeout))
    }

    /// Logs in. A token that the same user got for the same device earlier ends by it.
    ///
    /// # Errors
    /// `Unauthorized` for wrong credentials, `Forbidden` for an account that may not log in.
    pub async fn authenticate(
        &self,
        username: &str,
        password: &Secret,
        device_id: &str,
    ) -> Result<Authenticated, UpstreamError> {
        let body = json!({ "Username": username, "Pw": password.expose() });
        let request = Request {
            method: Method::POST,
            authorization: Some(authorization(device_id, None)),
            body: Some(Bytes::from(body.to_string())),
            ..Request::get("/Users/AuthenticateByName")
        };
        let answer = self.json(request, Purpose::Call, self.limits.total).await?;
        let Some(Value::Object(mut answer)) = answer else {
            return Err(UpstreamError::malformed("the login has no content"));
        };
        let token = match answer.remove("AccessToken") {
            Some(Value::String(token)) if !token.is_empty() => Secret::new(token),
            _ => return Err(UpstreamError::malformed("the login has no token")),
        };
        let user = answer.remove("User").unwrap_or_default();
        let user_id = user["Id"].as_str().and_then(|id| id.parse().ok());
        let policy = match user.get("Policy") {
            Some(Value::Object(policy)) => policy.clone(),
            _ => Body::new(),
        };
        Ok(Authenticated {
            user_id: user_id.ok_or_else(|| UpstreamError::malformed("the login has no user"))?,
            name: user["Name"].as_str().unwrap_or(username).to_owned(),
            token,
            is_administrator: policy.get("IsAdministrator") == Some(&Value::Bool(true)),
            policy,
        })
    }

    /// A question, retried within the deadline. `Null` for an answer without content.
    ///
    /// # Errors
    /// See [`UpstreamError`].
    pub async fn get(
        &self,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Value, UpstreamError> {
        self.read(account, path, query, Purpose::Call, self.limits.total)
            .await
    }

    /// Like [`Self::get`] with a deadline of its own: crawls ask for large pages.
    ///
    /// # Errors
    /// See [`UpstreamError`].
    pub async fn get_within(
        &self,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
        deadline: Duration,
    ) -> Result<Value, UpstreamError> {
        self.read(account, path, query, Purpose::Crawl, deadline)
            .await
    }

    async fn read(
        &self,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
        purpose: Purpose,
        deadline: Duration,
    ) -> Result<Value, UpstreamError> {
        let call = |authorization, _: &Secret| {
            let request = Request {
                query,
                authorization: Some(authorization),
                ..Request::get(path)
            };
            self.json(request, purpose, deadline)
        };
        let answer = self.as_account(account, call).await?;
        Ok(answer.unwrap_or_default())
    }

    /// A change; never retried where nobody knows whether a lost one arrived.
    ///
    /// # Errors
    /// See [`UpstreamError`].
    pub async fn post(
        &self,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Option<Value>, UpstreamError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        let call = |authorization, _: &Secret| {
            let request = Request {
                method: Method::POST,
                query,
                authorization: Some(authorization),
                body: body.clone(),
                ..Request::get(path)
            };
            self.json(request, Purpose::Call, self.limits.total)
        };
        self.as_account(account, call).await
    }

    /// # Errors
    /// See [`UpstreamError`].
    pub async fn delete(
        &self,
        account: &Account,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Option<Value>, UpstreamError> {
        let call = |authorization, _: &Secret| {
            let request = Request {
                method: Method::DELETE,
                query,
                authorization: Some(authorization),
                ..Request::get(path)
            };
            self.json(request, Purpose::Call, self.limits.total)
        };
        self.as_account(account, call).await
    }

    /// The whole bodies of items, without what is one account's. Calls of one account that come
    /// together share requests of at most 100 ids; ids that the server does not show are absent.
    ///
    /// # Errors
    /// See [`UpstreamError`]; one bad id does not cost the others theirs.
    pub async fn bodies(
        self: &Arc<Self>,
        account: &Account,
        ids: &[UpstreamId],
    ) -> Result<HashMap<UpstreamId, Arc<Body>>, UpstreamError> {
        self.batcher.bodies(self, account, ids).await
    }

    /// Opens a stream or an image: the body is the caller's to read, whatever its length. Bytes come
    /// as they are, never compressed on the way. `account`: none for what is open to everybody.
    ///
    /// # Errors
    /// When there are no headers in the time that `made` may take, or they say 401, 403, 404, 502, 503, 504; any other status
    /// is an answer.
    pub async fn open(
        &self,
        account: Option<&Account>,
        made: Made,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        mut headers: HeaderMap,
    ) -> Result<Response, UpstreamError> {
        for ours in [AUTHORIZATION, COOKIE, HOST, CONNECTION] {
            headers.remove(ours);
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let call = |authorization| {
            let request = Request {
                method: method.clone(),
                path,
                query,
                authorization,
                headers: headers.clone(),
                body: None,
            };
            self.open_as(request, made)
        };
        match account {
            Some(account) => {
                let call = |by, token: &Secret| {
                    let (answer, token) = (call(Some(by)), token.clone());
                    async move { Ok(answer.await?.by(token)) }
                };
                self.as_account(account, call).await
            }
            None => call(None).await,
        }
    }

    async fn open_as(&self, request: Request<'_>, made: Made) -> Result<Response, UpstreamError> {
        let idempotent = request.method == Method::GET || request.method == Method::HEAD;
        let attempt = || async {
            let response = self.client()?.open(&request, made == Made::Apart).await?;
            match response.status().as_u16() {
                status @ (401 | 403 | 404 | 502 | 503 | 504) => {
                    Err(UpstreamError::from_status(status))
                }
                _ => Ok(response),
            }
        };
        self.client()?.endpoint(request.path, request.query)?;
        let attempts = if idempotent { self.limits.attempts } else { 1 };
        let plan = Plan {
            purpose: Purpose::Stream,
            attempts,
            deadline: match made {
                Made::LiesThere | Made::Apart => self.limits.file_headers,
                Made::WhenAsked => self.limits.headers,
            },
            slots: &self.stream_slots,
        };
        self.guarded(plan, attempt).await
    }

    pub(super) fn client(&self) -> Result<&Client, UpstreamError> {
        self.client.as_ref().map_err(Clone::clone)
    }
}

/// `/System/Info/Public`, read strictly: what answers otherwise is no Jellyfin.
pub(super) async fn public_info(client: &Client) -> Result<PublicInfo, UpstreamError> {
    match client.json(Request::get("/System/Info/Public")).await {
        Ok(answer) => read_public_info(&answer.unwrap_or_default()),
        Err(
            UpstreamError::Malformed { .. }
            | UpstreamError::Unauthorized
            | UpstreamError::Forbidden
            | UpstreamError::NotFound,
        ) => Err(UpstreamError::NotJellyfin),
        Err(UpstreamError::Status { status }) if status < 500 => Err(UpstreamError::NotJellyfin),
        Err(error) => Err(error),
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("id", &self.id)
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
