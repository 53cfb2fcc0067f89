//! Sessions, and what clients report of playback.

use chrono::Duration;
use serde_json::{Map, Value, json};

use super::error::RestError;
use super::present::session::{Session, session};
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::wire::{ClientCapabilities, PLAYBACK_KEYS, PlaybackReport, SessionInfo};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/sessions" User list;
    Post "/sessions/capabilities" User capabilities;
    Post "/sessions/capabilities/full" User capabilities_full;
    Post "/sessions/viewing" User viewing;
    Post "/sessions/playing" User started;
    Post "/sessions/playing/progress" User progress;
    Post "/sessions/playing/stopped" User stopped;
    Post "/sessions/playing/ping" User ping;
    Post "/playingitems/{itemId}" User started_by_query;
    Post "/users/{userId}/playingitems/{itemId}" User started_by_query;
    Post "/playingitems/{itemId}/progress" User progress_by_query;
    Post "/users/{userId}/playingitems/{itemId}/progress" User progress_by_query;
    Delete "/playingitems/{itemId}" User stopped_by_query;
    Delete "/users/{userId}/playingitems/{itemId}" User stopped_by_query;
};

/// What `NowPlayingItem` shows of an item.
pub(super) fn playing_body() -> Value {
    json!({
        "userData": false,
        "fields": [
            "chapters", "datecreated", "enablemediasourcedisplay", "externalurls", "genres",
            "height", "ishd", "localtrailercount", "mediastreams", "originaltitle", "overview",
            "parentid", "path", "primaryimageaspectratio", "providerids", "specialfeaturecount",
            "studios", "taglines", "trickplay", "width"
        ],
    })
}

/// The sessions that the caller may see.
pub(super) async fn visible(
    engine: &super::Engine,
    behalf: &super::OnBehalf,
    settings: &super::RestSettings,
) -> Result<Vec<SessionInfo>, RestError> {
    let all = behalf
        .viewer
        .as_ref()
        .is_some_and(|viewer| viewer.is_administrator);
    let variables = json!({"all": all, "body": playing_body()});
    let mut data = engine
        .execute(behalf, &queries::SESSIONS, variables)
        .await?;
    let sessions: Vec<Session> = data.take("sessions")?;
    Ok(sessions
        .into_iter()
        .map(|found| session(found, settings))
        .collect())
}

async fn list(ask: Ask) -> Answer {
    if ask.params.has("controllableByUserId") {
        // Remote control of other devices is not offered, so none can be controlled.
        return present::json(&json!([]));
    }
    let device = ask.params.text("deviceId").map(str::to_owned);
    let within = ask.params.integer("activeWithinSeconds")?;
    let now = ask.state.clock.now();
    let mut sessions = visible(&ask.state.engine, &ask.behalf, &ask.state.settings).await?;
    sessions.retain(|session| {
        device.as_ref().is_none_or(|id| *id == session.device_id)
            && within.is_none_or(|seconds| {
                session.last_activity_date.0 >= now - Duration::seconds(seconds.into())
            })
    });
    present::json(&sessions)
}

async fn capabilities(ask: Ask) -> Answer {
    let told = ClientCapabilities {
        playable_media_types: ask.params.list("playableMediaTypes"),
        supported_commands: ask.params.list("supportedCommands"),
        supports_media_control: ask.params.flag("supportsMediaControl")?.unwrap_or(false),
        supports_persistent_identifier: ask
            .params
            .flag("supportsPersistentIdentifier")?
            .unwrap_or(true),
        ..ClientCapabilities::default()
    };
    keep(&ask, told).await
}

async fn capabilities_full(ask: Ask) -> Answer {
    let told = ask.typed("capabilities", ClientCapabilities::KEYS)?;
    keep(&ask, told).await
}

async fn keep(ask: &Ask, told: ClientCapabilities) -> Answer {
    let body =
        serde_json::to_value(told).map_err(|error| RestError::Internal(error.to_string()))?;
    ask.run(&queries::SET_CAPABILITIES, json!({"body": body}))
        .await?;
    present::nothing()
}

/// What somebody looks at is not kept.
async fn viewing(_: Ask) -> Answer {
    present::nothing()
}

async fn report(ask: &Ask, event: &str, report: Value) -> Answer {
    // Numbers come as texts and flags as `True`: the domain gets them in one form.
    let report = match serde_json::from_value::<PlaybackReport>(report.clone()) {
        Ok(read) => {
            serde_json::to_value(read).map_err(|error| RestError::Internal(error.to_string()))?
        }
        Err(_) => report,
    };
    ask.run(
        &queries::REPORT_PLAYBACK,
        json!({"event": event, "report": report}),
    )
    .await?;
    present::nothing()
}

async fn started(ask: Ask) -> Answer {
    let body = ask.json("playbackStartInfo", PLAYBACK_KEYS)?;
    report(&ask, "STARTED", body).await
}

async fn progress(ask: Ask) -> Answer {
    let body = ask.json("playbackProgressInfo", PLAYBACK_KEYS)?;
    report(&ask, "PROGRESS", body).await
}

async fn stopped(ask: Ask) -> Answer {
    let body = ask.json("playbackStopInfo", PLAYBACK_KEYS)?;
    report(&ask, "STOPPED", body).await
}

async fn ping(ask: Ask) -> Answer {
    let Some(session) = ask.params.text("playSessionId") else {
        return Err(RestError::Invalid {
            field: "playSessionId".to_owned(),
            problem: "The playSessionId field is required.".to_owned(),
        });
    };
    let body = json!({"PlaySessionId": session});
    report(&ask, "PING", body).await
}

/// The old routes say in the query what the new ones say in the body.
fn by_query(ask: &Ask) -> Result<Value, RestError> {
    let params = &ask.params;
    let mut report = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            report.insert(key.to_owned(), value);
        }
    };
    put("ItemId", Some(json!(ask.id("itemId")?)));
    for (name, key) in [
        ("mediaSourceId", "MediaSourceId"),
        ("playSessionId", "PlaySessionId"),
        ("liveStreamId", "LiveStreamId"),
        ("playMethod", "PlayMethod"),
        ("nextMediaType", "NextMediaType"),
        ("repeatMode", "RepeatMode"),
    ] {
        put(key, params.text(name).map(Value::from));
    }
    put(
        "PositionTicks",
        params.long("positionTicks")?.map(Value::from),
    );
    for (name, key) in [
        ("audioStreamIndex", "AudioStreamIndex"),
        ("subtitleStreamIndex", "SubtitleStreamIndex"),
        ("volumeLevel", "VolumeLevel"),
    ] {
        put(key, params.integer(name)?.map(Value::from));
    }
    for (name, key) in [
        ("canSeek", "CanSeek"),
        ("isPaused", "IsPaused"),
        ("isMuted", "IsMuted"),
    ] {
        put(key, params.flag(name)?.map(Value::from));
    }
    Ok(Value::Object(report))
}

async fn started_by_query(ask: Ask) -> Answer {
    ask.own()?;
    report(&ask, "STARTED", by_query(&ask)?).await
}

async fn progress_by_query(ask: Ask) -> Answer {
    ask.own()?;
    report(&ask, "PROGRESS", by_query(&ask)?).await
}

async fn stopped_by_query(ask: Ask) -> Answer {
    ask.own()?;
    report(&ask, "STOPPED", by_query(&ask)?).await
}
