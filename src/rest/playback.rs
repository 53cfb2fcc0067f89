//! Which form of an item a client can play.

use serde_json::{Value, json};

use super::error::RestError;
use super::present::raw::Raw;
use super::route::{Answer, Ask, Route, routes};
use super::{present, queries};
use crate::wire::PLAYBACK_KEYS;
use crate::wire::any_case::pascal_keys;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/items/{itemId}/playbackinfo" User info;
    Post "/items/{itemId}/playbackinfo" User info;
};

async fn info(ask: Ask) -> Answer {
    ask.own()?;
    let id = ask.id("itemId")?;
    let request = request(&ask)?;
    let mut data = ask
        .run(
            &queries::PLAYBACK_INFO,
            json!({"id": id, "request": request}),
        )
        .await?;
    match Raw::from(data.value("playbackInfo")) {
        Raw(text) if text == "null" => Err(RestError::NotFound),
        body => Ok(present::raw(body)),
    }
}

/// The body, which may be absent, under the query, which wins: Roku sends all but the profile there.
fn request(ask: &Ask) -> Result<Value, RestError> {
    let params = &ask.params;
    let mut request = match ask.optional_json("playbackInfoDto")? {
        Some(body @ Value::Object(_)) => pascal_keys(body, PLAYBACK_KEYS),
        _ => json!({}),
    };
    if let Some(user) = request.get("UserId").and_then(Value::as_str)
        && let Ok(user) = user.parse::<crate::model::PublicId>()
        && !user.is_nil()
        && user != ask.viewer()?.user_id
    {
        return Err(RestError::Refused);
    }
    for (name, key) in [
        ("mediaSourceId", "MediaSourceId"),
        ("liveStreamId", "LiveStreamId"),
    ] {
        if let Some(text) = params.text(name) {
            request[key] = json!(text);
        }
    }
    for (name, key) in [
        ("maxStreamingBitrate", "MaxStreamingBitrate"),
        ("startTimeTicks", "StartTimeTicks"),
        ("audioStreamIndex", "AudioStreamIndex"),
        ("subtitleStreamIndex", "SubtitleStreamIndex"),
        ("maxAudioChannels", "MaxAudioChannels"),
    ] {
        if let Some(number) = params.long(name)? {
            request[key] = json!(number);
        }
    }
    for (name, key) in [
        ("autoOpenLiveStream", "AutoOpenLiveStream"),
        ("enableDirectPlay", "EnableDirectPlay"),
        ("enableDirectStream", "EnableDirectStream"),
        ("enableTranscoding", "EnableTranscoding"),
        ("allowVideoStreamCopy", "AllowVideoStreamCopy"),
        ("allowAudioStreamCopy", "AllowAudioStreamCopy"),
    ] {
        if let Some(flag) = params.flag(name)? {
            request[key] = json!(flag);
        }
    }
    Ok(request)
}
