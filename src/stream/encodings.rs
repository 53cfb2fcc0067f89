//! Ending a transcode: at the server that runs it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use futures::future::join_all;
use http::StatusCode;
use moka::future::Cache;

use super::call::Call;
use super::{StreamError, StreamState, StreamTarget};
use crate::jellyfin::{Account, Server};
use crate::model::PublicId;

const PATH: &str = "/Videos/ActiveEncodings";

/// Where each play session runs, as far as this process has seen. Only a short cut: a session that is
/// not known is ended everywhere.
#[derive(Clone)]
pub(super) struct Sessions(Cache<(PublicId, String), (Arc<Server>, Account)>);

impl Default for Sessions {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(Duration::from_secs(12 * 3600))
            .build();
        Self(cache)
    }
}

impl Sessions {
    pub(super) async fn remember(&self, user: PublicId, session: &str, target: &StreamTarget) {
        let key = (user, session.to_owned());
        if !self.0.contains_key(&key) {
            let runs_at = (target.server.clone(), target.account.clone());
            self.0.insert(key, runs_at).await;
        }
    }

    async fn take(&self, user: PublicId, session: &str) -> Option<(Arc<Server>, Account)> {
        self.0.remove(&(user, session.to_owned())).await
    }
}

/// `DELETE /Videos/ActiveEncodings?deviceId=…&playSessionId=…`. Succeeds when there is nothing to end.
pub(super) async fn stop(
    State(state): State<StreamState>,
    request: Request,
) -> Result<StatusCode, StreamError> {
    let call = Call::read(&state, request).await?;
    let viewer = call.caller.viewer.ok_or(StreamError::Unauthenticated)?;
    let session = call
        .query
        .get("playSessionId")
        .ok_or_else(|| StreamError::Invalid("playSessionId is missing".to_owned()))?;
    let at = match state.sessions.take(viewer.user_id, session).await {
        Some(known) => vec![known],
        None => viewer
            .active_links()
            .filter_map(|link| Some((state.resolve.server(link.server_id)?, link.account.clone())))
            .collect(),
    };
    join_all(at.iter().map(|(server, account)| async move {
        let query = [
            ("deviceId", account.device_id.clone()),
            ("playSessionId", session.to_owned()),
        ];
        if let Err(error) = server.delete(account, PATH, &query).await {
            // It ends by itself a minute after its last segment.
            tracing::debug!(server = server.id, %error, "a transcode was not ended");
        }
    }))
    .await;
    Ok(StatusCode::NO_CONTENT)
}
