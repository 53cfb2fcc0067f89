//! From a REST request to the one engine: named operations on the same schema that external
//! clients use.
//!
//! The only file here that knows `crate::graphql`.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Name, Request, Response, Value, Variables};
use futures::future::BoxFuture;
use http::Extensions;
use serde::de::DeserializeOwned;

use super::error::RestError;
use crate::accounts::Viewer;
use crate::graphql::RequestMeta;
use crate::model::Secret;

/// A document of ours, parsed once.
#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub document: &'static str,
    parsed: OnceLock<Option<ExecutableDocument>>,
}

impl Operation {
    pub const fn new(name: &'static str, document: &'static str) -> Self {
        Self {
            name,
            document,
            parsed: OnceLock::new(),
        }
    }

    fn request(&'static self) -> Request {
        let mut request = Request::new(self.document).operation_name(self.name);
        let parsed = self
            .parsed
            .get_or_init(|| async_graphql::parser::parse_query(self.document).ok());
        if let Some(parsed) = parsed {
            request.set_parsed_query(parsed.clone());
        }
        request
    }
}

/// On whose behalf an operation runs.
#[derive(Debug, Clone, Default)]
pub struct OnBehalf {
    pub viewer: Option<Arc<Viewer>>,
    /// What the viewer came in by.
    pub token: Option<Secret>,
    /// The caller's address, seen through trusted proxies.
    pub client_addr: Option<IpAddr>,
    /// What the request is called in the log.
    pub request_id: Option<String>,
}

impl OnBehalf {
    /// What the server's layers call a request.
    pub fn request_id(extensions: &Extensions) -> Option<String> {
        let meta = extensions.get::<RequestMeta>()?;
        Some(meta.request_id.clone())
    }
}

type Execute = dyn Fn(OnBehalf, Request) -> BoxFuture<'static, Response> + Send + Sync;

/// Runs operations. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    execute: Arc<Execute>,
}

impl Engine {
    /// An engine over anything that answers GraphQL requests.
    pub fn new(
        execute: impl Fn(OnBehalf, Request) -> BoxFuture<'static, Response> + Send + Sync + 'static,
    ) -> Self {
        Self {
            execute: Arc::new(execute),
        }
    }

    /// The engine of the one schema.
    pub fn over(engine: crate::graphql::Engine) -> Self {
        Self::new(move |behalf, request| {
            let engine = engine.clone();
            Box::pin(async move {
                let mut meta = RequestMeta::new(behalf.client_addr);
                if let Some(id) = behalf.request_id {
                    meta.request_id = id;
                }
                engine.run(behalf.viewer, request, meta).await
            })
        })
    }

    /// Runs `operation`; `variables` is a JSON object.
    ///
    /// # Errors
    /// The first GraphQL error, as Jellyfin would word it.
    pub async fn execute(
        &self,
        behalf: &OnBehalf,
        operation: &'static Operation,
        variables: serde_json::Value,
    ) -> Result<Data, RestError> {
        let request = operation
            .request()
            .variables(Variables::from_json(variables));
        let answer = (self.execute)(behalf.clone(), request).await;
        if let Some(error) = answer.errors.into_iter().next() {
            return Err(refusal(operation.name, error));
        }
        match answer.data {
            Value::Object(fields) => Ok(Data { fields }),
            _ => Err(RestError::Internal(format!(
                "{}: no data in the answer",
                operation.name
            ))),
        }
    }
}

/// The fields of an answer.
#[derive(Debug)]
pub struct Data {
    fields: async_graphql::indexmap::IndexMap<Name, Value>,
}

impl Data {
    /// Takes a field out as it is; absent and null are [`Value::Null`].
    pub fn value(&mut self, field: &str) -> Value {
        self.fields.swap_remove(field).unwrap_or(Value::Null)
    }

    /// Takes a field out as `T`.
    ///
    /// # Errors
    /// [`RestError::Internal`] when the engine's answer has another form.
    pub fn take<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, RestError> {
        async_graphql::from_value(self.value(field))
            .map_err(|error| RestError::Internal(format!("{field}: {error}")))
    }

    /// As [`Data::take`], where null means that there is no such thing.
    ///
    /// # Errors
    /// [`RestError::NotFound`] for null.
    pub fn found<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, RestError> {
        self.take::<Option<T>>(field)?.ok_or(RestError::NotFound)
    }
}

fn refusal(operation: &str, error: async_graphql::ServerError) -> RestError {
    let extension = |key: &str| match error.extensions.as_ref().and_then(|all| all.get(key)) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    match extension("code").as_deref() {
        Some("UNAUTHENTICATED") => RestError::Unauthenticated,
        Some("FORBIDDEN" | "CONFLICT") => RestError::Refused,
        Some("NOT_FOUND") => RestError::NotFound,
        Some("BAD_INPUT") => match extension("field") {
            Some(field) => RestError::Invalid {
                field,
                problem: error.message.clone(),
            },
            None => RestError::BadRequest,
        },
        Some("INVALID_CREDENTIALS") => RestError::WrongLogin,
        Some("RATE_LIMITED") => RestError::TooManyAttempts,
        Some("UPSTREAM_UNAVAILABLE") => RestError::Unavailable,
        _ => RestError::Internal(format!("{operation}: {}", error.message)),
    }
}
