//! "Scan all libraries": asks the source servers what is new. Jellyfin has it as a scheduled task, of
//! which dashboards show how far it is.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RestError;
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::wire::time::Stamp;

pub(super) const ROUTES: &[Route] = routes! {
    Post "/library/refresh" Administrator scan;
    Get "/scheduledtasks" Administrator tasks;
    Get "/scheduledtasks/{taskId}" Administrator task;
    Post "/scheduledtasks/running/{taskId}" Administrator start;
};

/// The id that this task has on every Jellyfin; scripts know it by heart.
const SCAN: &str = "7738148ffcd07979c7ceb148e06b3aed";
const KEY: &str = "RefreshLibrary";
const NAME: &str = "Scan Media Library";

/// How far a server's crawl is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Crawl {
    phase: String,
    done: i64,
    total: i64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Server {
    crawl: Option<Crawl>,
}

async fn scan(ask: Ask) -> Answer {
    ask.run(&queries::CRAWL_SERVERS, json!({})).await?;
    present::nothing()
}

async fn start(ask: Ask) -> Answer {
    known(&ask)?;
    scan(ask).await
}

async fn tasks(ask: Ask) -> Answer {
    let hidden = ask.params.flag("isHidden")?.unwrap_or(false);
    let enabled = ask.params.flag("isEnabled")?.unwrap_or(true);
    match hidden || !enabled {
        true => present::json(&json!([])),
        false => present::json(&json!([scanning(&ask).await?])),
    }
}

async fn task(ask: Ask) -> Answer {
    known(&ask)?;
    present::json(&scanning(&ask).await?)
}

fn known(ask: &Ask) -> Result<(), RestError> {
    match ask
        .segment("taskId")
        .replace('-', "")
        .eq_ignore_ascii_case(SCAN)
    {
        true => Ok(()),
        false => Err(RestError::NotFound),
    }
}

/// All crawls as one task: it runs while one of them does.
async fn scanning(ask: &Ask) -> Result<Value, RestError> {
    let mut data = ask.run(&queries::CRAWLS, json!({})).await?;
    let servers: Vec<Server> = data.take("servers")?;
    let crawls: Vec<Crawl> = servers.into_iter().filter_map(|one| one.crawl).collect();
    let running: Vec<&Crawl> = crawls
        .iter()
        .filter(|crawl| crawl.phase != "idle")
        .collect();
    let mut task = json!({
        "Name": NAME,
        "State": if running.is_empty() { "Idle" } else { "Running" },
        "Id": SCAN,
        "Triggers": [],
        "Description": "Asks every server of Manyfin what is new.",
        "Category": "Library",
        "IsHidden": false,
        "Key": KEY,
    });
    if !running.is_empty() {
        let done: i64 = running.iter().map(|crawl| crawl.done).sum();
        let total: i64 = running.iter().map(|crawl| crawl.total).sum();
        let part = done as f64 / total.max(1) as f64;
        task["CurrentProgressPercentage"] = json!((part * 100.0).clamp(0.0, 100.0));
    }
    // Jellyfin's has its own state here; ours is the last crawl of each server, taken together.
    let ended = crawls.iter().filter_map(|crawl| crawl.finished_at).max();
    if let (Some(ended), Some(started)) = (ended, crawls.iter().filter_map(|c| c.started_at).min())
    {
        let failed = crawls.iter().find_map(|crawl| crawl.error.as_deref());
        task["LastExecutionResult"] = json!({
            "StartTimeUtc": Stamp(started.min(ended)),
            "EndTimeUtc": Stamp(ended),
            "Status": if failed.is_some() { "Failed" } else { "Completed" },
            "Name": NAME,
            "Key": KEY,
            "Id": SCAN,
            "ErrorMessage": failed,
        });
    }
    Ok(task)
}
