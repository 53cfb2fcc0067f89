//! Whether this process lives, and whether it can serve. Sources that are down do not count: lists are
//! served from the catalog.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::db::{Db, installation};

/// How long the database may take; whoever asks does not wait for ever.
const PATIENCE: Duration = Duration::from_secs(3);

/// What readiness depends on. The catalog is not among it: nothing listens before it is loaded.
#[derive(Clone)]
pub struct Health {
    pub db: Db,
}

/// Answers as long as the process can answer anything.
pub async fn live() -> &'static str {
    "Healthy"
}

/// Answers 200 when the database does.
pub async fn ready(State(health): State<Health>) -> Response {
    let asked = installation::get(&health.db, "server_id");
    let answer = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    };
    match answer {
        Ok(()) => Json(json!({ "status": "ready" })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: {error}");
            let told = json!({ "status": "unavailable", "reason": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(told)).into_response()
        }
    }
}
