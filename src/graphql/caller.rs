//! Who asks, from where, and what a resolver may use: put beside every request.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::Context;

use tokio::sync::OnceCell;

use super::Services;
use super::error::{Code, GraphError, GraphResult};
use super::loaders::Loaders;
use crate::accounts::{Actor, Viewer};
use crate::catalog::scope::Scope;
use crate::model::Secret;

/// What the transport knows of a request beside its document.
///
/// The server's layers put one into the extensions of an HTTP request; `rest` hands one over.
#[derive(Debug, Clone)]
pub struct RequestMeta {
    /// The caller's address, seen through trusted proxies.
    pub client_addr: Option<IpAddr>,
    /// Names the request in the log and in masked errors.
    pub request_id: String,
}

impl RequestMeta {
    pub fn new(client_addr: Option<IpAddr>) -> Self {
        Self {
            client_addr,
            request_id: uuid::Uuid::new_v4().simple().to_string(),
        }
    }
}

/// The caller of one operation.
pub struct Caller {
    pub viewer: Option<Arc<Viewer>>,
    /// What the viewer came in by: a subscription looks again whether it still holds.
    pub token: Option<Secret>,
    pub meta: RequestMeta,
    /// A document of our own: no page is too long.
    pub trusted: bool,
    pub loaders: Loaders,
    /// What the viewer may see, of one moment for the whole operation.
    scope: OnceCell<Scope>,
}

impl Caller {
    pub fn new(
        viewer: Option<Arc<Viewer>>,
        token: Option<Secret>,
        meta: RequestMeta,
        trusted: bool,
    ) -> Self {
        Self {
            viewer,
            token,
            meta,
            trusted,
            loaders: Loaders::default(),
            scope: OnceCell::new(),
        }
    }
}

/// How resolvers reach the caller and the services.
pub trait Ask<'a> {
    /// # Errors
    /// `INTERNAL` when the transport put none beside the request.
    fn caller(&self) -> GraphResult<&'a Caller>;
    /// # Errors
    /// `INTERNAL` in a schema without services.
    fn services(&self) -> GraphResult<&'a Services>;

    /// # Errors
    /// `UNAUTHENTICATED` without one.
    fn viewer(&self) -> GraphResult<&'a Arc<Viewer>> {
        let caller = self.caller()?;
        caller
            .viewer
            .as_ref()
            .ok_or_else(GraphError::unauthenticated)
    }

    /// The viewer as one who changes something.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    fn actor(&self) -> GraphResult<Actor> {
        Ok(Actor::from(&**self.viewer()?))
    }

    /// # Errors
    /// `UNAUTHENTICATED`, or `FORBIDDEN` for those who are no administrators.
    fn administrator(&self) -> GraphResult<&'a Arc<Viewer>> {
        let viewer = self.viewer()?;
        if viewer.is_administrator {
            Ok(viewer)
        } else {
            Err(GraphError::forbidden("this is for administrators"))
        }
    }
}

impl<'a> Ask<'a> for Context<'a> {
    fn caller(&self) -> GraphResult<&'a Caller> {
        self.data_opt::<Caller>()
            .ok_or_else(|| GraphError::new(Code::Internal, "no caller beside the request"))
    }
    fn services(&self) -> GraphResult<&'a Services> {
        self.data_opt::<Services>()
            .ok_or_else(|| GraphError::new(Code::Internal, "a schema without services"))
    }
}

/// What the viewer may see, of one moment for the whole operation. Mutations ask the catalog anew.
///
/// # Errors
/// `UNAUTHENTICATED`; what the catalog says.
pub async fn scope(ctx: &Context<'_>) -> GraphResult<Scope> {
    let (caller, viewer) = (ctx.caller()?, ctx.viewer()?);
    let catalog = &ctx.services()?.catalog;
    let scope = caller
        .scope
        .get_or_try_init(|| catalog.scope(viewer))
        .await?;
    Ok(scope.clone())
}
