//! Subtitles, written when they are asked for.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::item::Item;
use super::reply::{Refusal, Reply, json_with, text};
use super::state::State;
use super::streams::source_of;

/// One line: start and end in milliseconds.
struct Cue {
    start: i64,
    end: i64,
    text: String,
}

/// The recorded films carry five lines; the demo's a line each half minute.
fn cues(state: &State, item: &Item) -> Vec<Cue> {
    if state.recording.is_some() {
        return (0..5)
            .map(|number| Cue {
                start: number * 2000,
                end: number * 2000 + 1500,
                text: format!("Line {}: café, 東京 & <i>more</i>", number + 1),
            })
            .collect();
    }
    let length = item.runtime.unwrap_or(0) / 10_000;
    (0..length / 30_000)
        .map(|number| Cue {
            start: number * 30_000 + 2_000,
            end: number * 30_000 + 6_000,
            text: format!("{}: minute {}", item.name, number / 2 + 1),
        })
        .collect()
}

fn clock(millis: i64, point: char) -> String {
    let (seconds, rest) = (millis / 1000, millis % 1000);
    format!(
        "{:02}:{:02}:{:02}{point}{rest:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `GET /Videos/{id}/{source}/Subtitles/{index}[/{ticks}]/Stream.{format}`.
pub(super) fn serve(state: &State, id: Uuid, source: &str, index: &str, name: &str) -> Reply {
    let item = {
        let library = state.library();
        library.owner(id).cloned()
    };
    let item = item.ok_or_else(Refusal::not_found)?;
    let source = source_of(&item, Some(source)).ok_or_else(Refusal::not_found)?;
    let streams = source["MediaStreams"].as_array();
    let known = streams.into_iter().flatten().any(|stream| {
        stream["Type"] == "Subtitle"
            && Some(index)
                == stream["Index"]
                    .as_i64()
                    .map(|index| index.to_string())
                    .as_deref()
    });
    if !known {
        return Err(Refusal::processing(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let cues = cues(state, &item);
    let format = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (kind, body) = match format.as_str() {
        "vtt" => ("text/vtt", vtt(&cues)),
        "srt" => ("application/x-subrip", srt(&cues)),
        "ass" | "ssa" => ("text/x-ssa", ass(&cues)),
        "js" | "json" => return Ok(json_with(StatusCode::OK, &js(&cues))),
        _ => return Err(Refusal::processing(StatusCode::INTERNAL_SERVER_ERROR)),
    };
    Ok(text(StatusCode::OK, kind, body))
}

fn vtt(cues: &[Cue]) -> String {
    let lines: Vec<String> = cues
        .iter()
        .map(|cue| {
            let text = cue.text.replace('&', "&amp;");
            format!(
                "{} --> {}\n{text}",
                clock(cue.start, '.'),
                clock(cue.end, '.')
            )
        })
        .collect();
    format!("WEBVTT\n\n{}", lines.join("\n\n"))
}

fn srt(cues: &[Cue]) -> String {
    let lines = cues.iter().enumerate().map(|(number, cue)| {
        let (start, end) = (clock(cue.start, ','), clock(cue.end, ','));
        format!("{}\n{start} --> {end}\n{}\n\n", number + 1, cue.text)
    });
    lines.collect()
}

fn ass(cues: &[Cue]) -> String {
    let mut out = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, \
                   Fontsize, PrimaryColour, Alignment\nStyle: Default,Arial,20,&H00FFFFFF,2\n\n\
                   [Events]\nFormat: Layer, Start, End, Style, Text\n"
        .to_owned();
    for cue in cues {
        let time = |millis| clock(millis, '.')[1..11].to_owned();
        out.push_str(&format!(
            "Dialogue: 0,{},{},Default,{}\n",
            time(cue.start),
            time(cue.end),
            cue.text
        ));
    }
    out
}

fn js(cues: &[Cue]) -> Value {
    let events: Vec<Value> = cues
        .iter()
        .enumerate()
        .map(|(number, cue)| {
            json!({ "Id": (number + 1).to_string(), "Text": cue.text,
                "StartPositionTicks": cue.start * 10_000, "EndPositionTicks": cue.end * 10_000 })
        })
        .collect();
    json!({ "TrackEvents": events })
}
