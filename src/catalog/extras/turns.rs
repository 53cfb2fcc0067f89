//! One copy's server after the other, until one has what is looked for. Nobody waits long for a server
//! while another can be asked.

use std::time::Duration;

use serde_json::Value;

use crate::catalog::scope::Scope;
use crate::catalog::snapshot::CopyIx;
use crate::catalog::{Catalog, CatalogError};
use crate::jellyfin::UpstreamError;
use crate::model::UpstreamId;

/// How long a server is waited for while there is another to ask.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long any is waited for before it is asked whether it is there at all.
const DOUBT: Duration = Duration::from_millis(1_500);

/// What came of asking.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The answer that has it; else the first one that came.
    pub answer: Option<(CopyIx, Value)>,
    /// Whether the answer has it.
    pub found: bool,
    /// Why somebody did not answer.
    pub silent: Option<CatalogError>,
}

impl Catalog {
    /// Asks the servers of these copies in turn. What a server refuses or does not know, it does not have.
    pub(super) async fn in_turn(
        &self,
        scope: &Scope,
        copies: &[CopyIx],
        path: impl Fn(UpstreamId) -> String,
        query: &[(&str, String)],
        has: impl Fn(&Value) -> bool,
    ) -> Turns {
        let mut turns = Turns::default();
        for (at, copy) in copies.iter().enumerate() {
            let is_last = at + 1 == copies.len();
            let path = path(scope.snapshot().copy(*copy).upstream_id());
            let patience = (!is_last).then_some(PATIENCE);
            match self.ask_copy(scope, *copy, &path, query, patience).await {
                Ok(Some(answer)) if has(&answer) => {
                    turns.answer = Some((*copy, answer));
                    turns.found = true;
                    return turns;
                }
                Ok(Some(answer)) => {
                    turns.answer.get_or_insert((*copy, answer));
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a server is passed over: {error}");
                    turns.silent = Some(error);
                }
            }
        }
        turns
    }

    /// Asks a copy's server as the viewer; none where it refuses or does not know.
    ///
    /// # Errors
    /// `Unavailable` and `Upstream` when it is silent.
    pub(super) async fn ask_copy(
        &self,
        scope: &Scope,
        copy: CopyIx,
        path: &str,
        query: &[(&str, String)],
        patience: Option<Duration>,
    ) -> Result<Option<Value>, CatalogError> {
        let copy = scope.snapshot().copy(copy);
        let server_id = scope.snapshot().server_of(copy).id;
        let server = self.registry().get(server_id);
        let server = server.filter(|server| server.is_available());
        let (Some(link), Some(server)) = (scope.viewer.link_to(server_id), server) else {
            return Err(CatalogError::Unavailable(copy.id));
        };
        let user = ("userId", link.account.user_id.to_string());
        let query: Vec<_> = query.iter().cloned().chain([user]).collect();
        let asked = async {
            tokio::select! {
                answer = server.get(&link.account, path, &query) => answer,
                () = server.gone(DOUBT) => Err(UpstreamError::Timeout),
            }
        };
        let answer = match patience {
            Some(patience) => tokio::time::timeout(patience, asked)
                .await
                .unwrap_or(Err(UpstreamError::Timeout)),
            None => asked.await,
        };
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_outage() => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}
