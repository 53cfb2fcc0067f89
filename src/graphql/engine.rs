//! Executes operations: documents from outside within limits, those of `rest` in process without.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::caller::{Caller, RequestMeta};
use super::error::{Code, GraphError, GraphResult};
use super::limits::{self, Limits};
use super::schema::{self, ManyfinSchema};
use super::transport::Params;
use super::{Services, mask};
use crate::accounts::Viewer;
use crate::model::Secret;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    /// With limits, for documents from outside.
    open: ManyfinSchema,
    /// For documents of our own, which were looked at when they were written.
    trusted: ManyfinSchema,
    /// None: a schema to look at, where every field that needs something fails.
    services: Option<Services>,
    limits: Limits,
}

/// A caller at the door.
#[derive(Clone)]
pub struct Entrance {
    viewer: Option<Arc<Viewer>>,
    token: Option<Secret>,
    meta: RequestMeta,
}

impl Entrance {
    /// Whether the token that came is one of ours.
    pub fn is_known(&self) -> bool {
        self.viewer.is_some()
    }
}

/// A document from outside that is within the limits.
pub struct Admitted {
    document: ExecutableDocument,
    operation: OperationType,
    params: Params,
}

impl Admitted {
    pub fn is_mutation(&self) -> bool {
        self.operation == OperationType::Mutation
    }
    pub fn is_subscription(&self) -> bool {
        self.operation == OperationType::Subscription
    }
    fn into_request(self, caller: Caller) -> Request {
        let mut request = Request::new(self.params.query)
            .variables(self.params.variables)
            .data(caller);
        request.operation_name = self.params.operation_name;
        request.set_parsed_query(self.document);
        request
    }
}

impl Engine {
    pub fn new(services: Services, limits: Limits) -> Self {
        Self::make(Some(services), limits)
    }

    /// Without services: introspection works, and nobody is known.
    pub fn bare(limits: Limits) -> Self {
        Self::make(None, limits)
    }

    fn make(services: Option<Services>, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            open: schema::with_limits(services.clone(), &limits),
            trusted: schema::trusted(services.clone()),
            services,
            limits,
        }))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Executes a request of our own in process, no limits applied.
    ///
    /// Errors are in the response, each with `extensions.code`.
    pub async fn run(
        &self,
        viewer: Option<Arc<Viewer>>,
        request: Request,
        meta: RequestMeta,
    ) -> Response {
        let request_id = meta.request_id.clone();
        let request = request.data(Caller::new(viewer, None, meta, true));
        let mut response = self.0.trusted.execute(request).await;
        mask::mask(&mut response.errors, &request_id);
        response
    }

    /// Looks a token up. One that is not known (any more) leaves the caller unknown: fields that
    /// need a viewer say so, and signing in stays possible.
    ///
    /// # Errors
    /// When accounts cannot be read.
    pub async fn enter(&self, token: Option<Secret>, meta: RequestMeta) -> GraphResult<Entrance> {
        let viewer = match &token {
            Some(token) => self.viewer(token).await?,
            None => None,
        };
        Ok(Entrance {
            viewer,
            token,
            meta,
        })
    }

    /// Who is at the other end of an open connection now: rights may have changed since it was opened.
    /// None: its token was taken back. A database that is silent changes nothing.
    pub async fn look_again(&self, entrance: &Entrance) -> Option<Entrance> {
        let (Some(token), Some(_)) = (&entrance.token, &entrance.viewer) else {
            return Some(entrance.clone());
        };
        let known = self.viewer(token).await;
        let viewer = known.unwrap_or_else(|_| entrance.viewer.clone())?;
        Some(Entrance {
            viewer: Some(viewer),
            ..entrance.clone()
        })
    }

    async fn viewer(&self, token: &Secret) -> GraphResult<Option<Arc<Viewer>>> {
        match &self.0.services {
            Some(services) => {
                let viewer = services.accounts.viewer_by_token(token).await?;
                if let (Some(viewer), Some(sync)) = (&viewer, &services.sync) {
                    let links: Vec<i64> = viewer.active_links().map(|link| link.id).collect();
                    sync.ensure_access(&links).await;
                }
                Ok(viewer)
            }
            None => Ok(None),
        }
    }

    /// Reads and measures a document from outside.
    ///
    /// # Errors
    /// `GRAPHQL_PARSE_FAILED`, `TOO_COMPLEX`, `BAD_INPUT` (no such operation).
    pub fn admit(&self, params: Params) -> GraphResult<Admitted> {
        let document = limits::admit(&params.query, &self.0.limits)?;
        let operation = chosen(&document, params.operation_name.as_deref())?;
        Ok(Admitted {
            document,
            operation,
            params,
        })
    }

    /// The answer to a document that was not admitted.
    pub fn refused(&self, error: GraphError, entrance: &Entrance) -> Response {
        Response::from_errors(vec![mask::masked(error, &entrance.meta.request_id)])
    }

    /// Executes a query or a mutation from outside.
    pub async fn answer(&self, admitted: Admitted, entrance: &Entrance) -> Response {
        let request = admitted.into_request(entrance.caller());
        let mut response = self.0.open.execute(request).await;
        mask::mask(&mut response.errors, &entrance.meta.request_id);
        response
    }

    /// Executes any operation from outside: a subscription answers until it ends, the others once.
    pub fn stream(&self, admitted: Admitted, entrance: &Entrance) -> BoxStream<'static, Response> {
        let request = admitted.into_request(entrance.caller());
        let request_id = entrance.meta.request_id.clone();
        self.0
            .open
            .execute_stream(request)
            .map(move |mut response| {
                mask::mask(&mut response.errors, &request_id);
                response
            })
            .boxed()
    }
}

impl Entrance {
    fn caller(&self) -> Caller {
        Caller::new(
            self.viewer.clone(),
            self.token.clone(),
            self.meta.clone(),
            false,
        )
    }
}

/// The type of the operation that a request means.
fn chosen(document: &ExecutableDocument, name: Option<&str>) -> GraphResult<OperationType> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name == wanted)),
        None => operations.next().filter(|_| operations.next().is_none()),
    };
    found
        .map(|(_, operation)| operation.node.ty)
        .ok_or_else(|| GraphError {
            field: Some("operationName".to_owned()),
            ..GraphError::new(
                Code::BadInput,
                "the document has no such operation, or several and none is named",
            )
        })
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
