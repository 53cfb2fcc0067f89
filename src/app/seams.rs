//! What layers ask of accounts without knowing them, answered.

use std::sync::Arc;

use axum::extract::ConnectInfo;
use futures::FutureExt;
use http::request::Parts;

use crate::accounts::Accounts;
use crate::catalog::sync::Sync;
use crate::rest::{self, caller, params::Params};
use crate::server::{self, AccountOf};
use crate::stream::{self, StreamError};

fn internal(error: impl std::fmt::Display) -> StreamError {
    tracing::error!(%error, "the accounts could not be read: {error}");
    StreamError::Internal
}

/// From a token to its viewer; what the viewer may see is renewed when it is old.
pub fn viewers(accounts: Accounts, sync: Sync) -> rest::Viewers {
    Arc::new(move |token| {
        let (accounts, sync) = (accounts.clone(), sync.clone());
        async move {
            let viewer = accounts.viewer_by_token(&token).await?;
            if let Some(viewer) = &viewer {
                let links: Vec<i64> = viewer.active_links().map(|link| link.id).collect();
                sync.ensure_access(&links).await;
            }
            Ok(viewer)
        }
        .boxed()
    })
}

/// Whose token a request carries; a database that fails is told by what comes after.
pub fn account_of(accounts: Accounts) -> AccountOf {
    Arc::new(move |parts: &Parts| {
        let accounts = accounts.clone();
        async move {
            let params = Params::parse(parts.uri.query());
            let token = caller::Credentials::read(&parts.headers, &params).token?;
            let viewer = accounts.viewer_by_token(&token).await.ok()??;
            Some(viewer.user_id)
        }
        .boxed()
    })
}

/// Whether a request comes from an administrator; none where it says nothing of who it is from.
pub fn administrator(accounts: Accounts) -> server::IsAdministrator {
    Arc::new(move |parts: &Parts| {
        let params = Params::parse(parts.uri.query());
        let token = caller::Credentials::read(&parts.headers, &params).token;
        let accounts = accounts.clone();
        async move {
            let viewer = match &token {
                Some(token) => accounts.viewer_by_token(token).await,
                None => return None,
            };
            // While the database is away nobody is known.
            let viewer = viewer.ok().flatten();
            Some(viewer.is_some_and(|viewer| viewer.is_administrator))
        }
        .boxed()
    })
}

/// Who asks for bytes, read as the Jellyfin side reads it.
pub fn identify(accounts: Accounts) -> stream::Identify {
    Arc::new(move |parts: &Parts| {
        let accounts = accounts.clone();
        async move {
            let params = Params::parse(parts.uri.query());
            let said = caller::Credentials::read(&parts.headers, &params);
            let viewer = match &said.token {
                Some(token) => accounts.viewer_by_token(token).await.map_err(internal)?,
                None => None,
            };
            let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
            Ok(stream::Caller {
                viewer,
                device_id: said.device_id,
                address: peer.map(|peer| peer.0.ip()),
            })
        }
        .boxed()
    })
}
