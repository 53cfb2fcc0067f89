//! Whether this process lives, and whether it can serve. Sources that are down do not count: lists are
//! served from the catalog.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::db::{Db, installation};

/// What readiness depends on.
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
    match installation::get(&health.db, "server_id").await {
        Ok(_) => Json(json!({ "status": "ready" })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let told = json!({ "status": "unavailable", "reason": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(told)).into_response()
        }
    }
}
