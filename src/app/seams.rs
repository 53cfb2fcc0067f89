//! What layers ask of accounts without knowing them, answered.

use std::sync::Arc;

use axum::extract::ConnectInfo;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::request::Parts;

use crate::accounts::{Accounts, Link, LinkState};
use crate::catalog::sync::{self, Sync, SyncLink};
use crate::jellyfin::Account;
use crate::rest::{self, caller, params::Params};
use crate::stream::{self, StreamError};

/// Accounts as the crawler sees them.
pub struct People(pub Accounts);

impl sync::Accounts for People {
    fn crawler(&self, server_id: i64) -> BoxFuture<'_, Option<Account>> {
        async move { told("crawler", self.0.crawl_account(server_id).await) }.boxed()
    }

    fn crawler_refused(&self, server_id: i64) -> BoxFuture<'_, Option<Account>> {
        async move { told("crawler", self.0.renew_crawl_account(server_id).await) }.boxed()
    }

    fn links(&self, server_id: i64) -> BoxFuture<'_, Vec<SyncLink>> {
        async move {
            let all = told("links", self.0.all_links().await).unwrap_or_default();
            let here = all
                .into_iter()
                .map(|(_, link)| link)
                .filter(|link| link.server_id == server_id);
            here.filter_map(in_use).collect()
        }
        .boxed()
    }

    fn link(&self, id: i64) -> BoxFuture<'_, Option<SyncLink>> {
        async move {
            let all = told("links", self.0.all_links().await).unwrap_or_default();
            all.into_iter()
                .map(|(_, link)| link)
                .find(|link| link.id == id)
                .and_then(in_use)
        }
        .boxed()
    }

    fn link_refused(&self, id: i64) -> BoxFuture<'_, Option<SyncLink>> {
        async move {
            match told("link", self.0.check_link(id).await)? {
                LinkState::Active => sync::Accounts::link(self, id).await,
                LinkState::Refused { .. } => None,
            }
        }
        .boxed()
    }
}

/// A failure is logged; the crawler goes on without.
fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> Option<T> {
    result
        .inspect_err(|error| tracing::warn!(%error, "{what} could not be read: {error}"))
        .ok()
}

fn in_use(link: Link) -> Option<SyncLink> {
    (link.state == LinkState::Active).then_some(SyncLink {
        id: link.id,
        server_id: link.server_id,
        account: link.account,
    })
}

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
