//! `PlaybackInfo`: what a device can play as it is, and where it gets the rest.

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::{Call, member};
use super::content::recorded::Exchange;
use super::details;
use super::item::hex;
use super::reply::{Reply, ok};
use super::state::{State, User};

/// What the request says, in the query or in the body.
struct Asked<'c> {
    call: &'c Call,
    body: Value,
}

impl Asked<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let plain = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let query = self.call.params.get(&name.to_ascii_lowercase());
        let query = query.filter(|value| !value.is_empty()).map(str::to_owned);
        query.or_else(|| member(&self.body, name).and_then(plain))
    }
    fn int(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|text| text.parse().ok())
    }
    fn profile(&self) -> Option<&Value> {
        member(&self.body, "DeviceProfile")
    }
}

/// `GET`/`POST /Items/{id}/PlaybackInfo`.
pub(super) fn info(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let asked = Asked {
        call,
        body: call.json()?,
    };
    let item = details::find(state, user, id)?;
    let session = call.session(state)?;
    let play_session = hex(Uuid::new_v4());
    let recorded = state.recording.as_ref().and_then(|recording| {
        let mut known = recording.playback.iter();
        known.find(|exchange| same_question(exchange, id, &asked))
    });
    if let Some(exchange) = recorded {
        let answer = replay(exchange, &play_session, &session.token, &session.device_id);
        return ok(&answer);
    }
    let body = item.body();
    let sources = body.get("MediaSources").and_then(Value::as_array);
    let mut sources: Vec<Value> = sources.cloned().unwrap_or_default();
    let wanted = asked.text("MediaSourceId");
    match &wanted {
        Some(wanted) => sources.retain(|source| source["Id"] == wanted.as_str()),
        None if item.id != id => sources.sort_by_key(|source| source["Id"] != hex(id)),
        None => {}
    }
    for source in &mut sources {
        if let Some(index) = asked.int("AudioStreamIndex") {
            source["DefaultAudioStreamIndex"] = json!(index);
        }
        if let Some(profile) = asked.profile() {
            fit(source, profile, &asked, &play_session, &session.token);
        }
    }
    let mut answer = json!({ "MediaSources": sources, "PlaySessionId": play_session });
    if sources.is_empty() {
        answer["ErrorCode"] = json!("NoCompatibleStream");
    }
    ok(&answer)
}

fn same_question(exchange: &Exchange, item: Uuid, asked: &Asked<'_>) -> bool {
    let recorded = |name: &str| {
        exchange
            .params
            .get(&name.to_ascii_lowercase())
            .map(str::to_owned)
    };
    exchange.item == item
        && member(&exchange.request, "DeviceProfile") == asked.profile()
        && [
            "MediaSourceId",
            "MaxStreamingBitrate",
            "SubtitleStreamIndex",
            "AudioStreamIndex",
        ]
        .iter()
        .all(|name| recorded(name) == asked.text(name))
}

/// The recorded answer with this session's token, device and play session.
fn replay(exchange: &Exchange, play_session: &str, token: &str, device: &str) -> Value {
    let mut answer = exchange.answer.clone();
    let old = answer["PlaySessionId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    answer["PlaySessionId"] = json!(play_session);
    let swap = |text: &str| {
        let mut pairs: Vec<String> = Vec::new();
        for pair in text.split('&') {
            pairs.push(match pair.split_once('=') {
                Some((name, _)) if name.ends_with("ApiKey") => format!("{name}={token}"),
                Some((name, _)) if name.ends_with("DeviceId") => format!("{name}={device}"),
                _ => pair.to_owned(),
            });
        }
        let text = pairs.join("&");
        if old.is_empty() {
            text
        } else {
            text.replace(&old, play_session)
        }
    };
    for source in answer["MediaSources"].as_array_mut().into_iter().flatten() {
        if let Some(url) = source["TranscodingUrl"].as_str() {
            source["TranscodingUrl"] = json!(swap(url));
        }
        for stream in source["MediaStreams"].as_array_mut().into_iter().flatten() {
            if let Some(url) = stream["DeliveryUrl"].as_str() {
                stream["DeliveryUrl"] = json!(swap(url));
            }
        }
    }
    answer
}

/// Whether a comma list names a value; an absent or empty list names all.
fn lists(list: Option<&Value>, value: &str) -> bool {
    match list.and_then(Value::as_str).filter(|list| !list.is_empty()) {
        None => true,
        Some(list) => list
            .split(',')
            .any(|entry| entry.trim().eq_ignore_ascii_case(value)),
    }
}

fn codec<'s>(source: &'s Value, kind: &str) -> Option<&'s str> {
    let mut streams = source["MediaStreams"].as_array()?.iter();
    streams.find(|stream| stream["Type"] == kind)?["Codec"].as_str()
}

/// Says how a device of this profile gets the source.
fn fit(source: &mut Value, profile: &Value, asked: &Asked<'_>, play_session: &str, token: &str) {
    let video = codec(source, "Video").map(str::to_owned);
    let audio = codec(source, "Audio").unwrap_or_default().to_owned();
    let kind = if video.is_some() { "Video" } else { "Audio" };
    let container = source["Container"].as_str().unwrap_or_default().to_owned();
    let entries = |name: &str| {
        let list = member(profile, name).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let of_kind = |entry: &Value| member(entry, "Type").is_some_and(|found| found == kind);
    let mut reasons: Vec<&str> = Vec::new();
    let mut note = |fails: bool, reason: &'static str| {
        if fails && !reasons.contains(&reason) {
            reasons.push(reason);
        }
        !fails
    };
    let mut direct = entries("DirectPlayProfiles")
        .iter()
        .filter(|entry| of_kind(entry))
        .any(|entry| {
            let container = note(
                !lists(member(entry, "Container"), &container),
                "ContainerNotSupported",
            );
            let picture = video.as_ref().is_none_or(|codec| {
                note(
                    !lists(member(entry, "VideoCodec"), codec),
                    "VideoCodecNotSupported",
                )
            });
            let sound = note(
                !lists(member(entry, "AudioCodec"), &audio),
                "AudioCodecNotSupported",
            );
            container && picture && sound
        });
    let limit = asked
        .int("MaxStreamingBitrate")
        .or_else(|| member(profile, "MaxStreamingBitrate").and_then(Value::as_i64));
    if direct && limit.is_some_and(|limit| source["Bitrate"].as_i64() > Some(limit)) {
        direct = false;
        reasons = vec!["ContainerBitrateExceedsLimit"];
    }
    let off = |name: &str| {
        asked.text(name).is_some_and(|value| value == "false")
            || member(&asked.body, name) == Some(&json!(false))
    };
    if off("EnableDirectPlay") && direct {
        direct = false;
        reasons = vec!["DirectPlayError"];
    }
    deliver_subtitles(source, &entries("SubtitleProfiles"), token);
    if direct {
        return;
    }
    source["SupportsDirectPlay"] = json!(false);
    source["SupportsDirectStream"] = json!(false);
    let profiles = entries("TranscodingProfiles");
    let Some(transcoding) = profiles.iter().find(|entry| of_kind(entry)) else {
        source["SupportsTranscoding"] = json!(false);
        return;
    };
    let id = source["Id"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok())
        .unwrap_or_default();
    let device = asked.call.params.get("deviceid").unwrap_or("manyfin");
    let text = |name: &str| {
        member(transcoding, name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let common = format!(
        "DeviceId={device}&MediaSourceId={}&AudioCodec={}&PlaySessionId={play_session}\
         &ApiKey={token}&Tag={}&TranscodeReasons={}",
        hex(id),
        text("AudioCodec"),
        source["ETag"].as_str().unwrap_or_default(),
        reasons.join(","),
    );
    let (url, protocol, container) = if kind == "Video" {
        let bitrate = limit
            .unwrap_or(120_000_000)
            .saturating_sub(192_000)
            .max(64_000);
        let url = format!(
            "/videos/{}/master.m3u8?{common}&VideoCodec=h264&VideoBitrate={bitrate}\
             &AudioBitrate=192000&AudioStreamIndex=1&SegmentContainer=mp4&MinSegments=1",
            id.hyphenated()
        );
        (url, "hls", "mp4")
    } else {
        let url = format!("/audio/{}/stream.mp3?{common}", id.hyphenated());
        (url, "http", "mp3")
    };
    source["TranscodingUrl"] = json!(url);
    source["TranscodingSubProtocol"] = json!(protocol);
    source["TranscodingContainer"] = json!(container);
}

/// Gives each text subtitle the address of a form that the device reads.
fn deliver_subtitles(source: &mut Value, profiles: &[Value], token: &str) {
    let Some(id) = source["Id"].as_str().map(str::to_owned) else {
        return;
    };
    let dashed = Uuid::try_parse(&id)
        .unwrap_or_default()
        .hyphenated()
        .to_string();
    let formats: Vec<&str> = profiles
        .iter()
        .filter(|entry| member(entry, "Method").is_some_and(|method| method == "External"))
        .filter_map(|entry| member(entry, "Format")?.as_str())
        .collect();
    for stream in source["MediaStreams"].as_array_mut().into_iter().flatten() {
        if stream["Type"] != "Subtitle" || stream["IsTextSubtitleStream"] != true {
            continue;
        }
        let own = match stream["Codec"].as_str() {
            Some("subrip") => "srt",
            Some(codec) => codec,
            None => continue,
        };
        let fitting = formats
            .iter()
            .find(|format| **format == own)
            .or(formats.first());
        if let Some(format) = fitting {
            let index = stream["Index"].as_i64().unwrap_or(0);
            stream["DeliveryMethod"] = json!("External");
            stream["DeliveryUrl"] = json!(format!(
                "/Videos/{dashed}/{id}/Subtitles/{index}/0/Stream.{format}?ApiKey={token}"
            ));
            stream["IsExternalUrl"] = json!(false);
        }
    }
}
