//! The bytes of a film or a track: whole, by range, as a download.

use http::{StatusCode, header};
use serde_json::Value;
use uuid::Uuid;

use super::calls::Call;
use super::details;
use super::item::{Item, Source, hex};
use super::media::{File, QUALITIES, Quality, set};
use super::reply::{Refusal, Reply};
use super::state::{State, User};
use crate::model::ItemKind;

/// `stream`, `stream.mp4`, `universal` …
pub(super) fn is_stream(route: &str) -> bool {
    route == "universal" || route == "stream" || route.starts_with("stream.")
}

/// The media source of an item by its id; without one, the first.
pub(super) fn source_of(item: &Item, id: Option<&str>) -> Option<Value> {
    let body = item.body();
    let sources = body.get("MediaSources")?.as_array()?;
    let found = match id {
        // Upstream compares the id as it is written.
        Some(id) => sources.iter().find(|source| source["Id"] == id),
        None => sources.first(),
    };
    found.cloned()
}

/// The quality whose picture has the height of the source's, or the next one below.
pub(super) fn quality_of(source: &Value) -> Quality {
    let streams = source["MediaStreams"].as_array();
    let height = streams
        .into_iter()
        .flatten()
        .find_map(|stream| stream["Height"].as_i64())
        .unwrap_or(0);
    let fitting = QUALITIES
        .iter()
        .rev()
        .find(|quality| i64::from(quality.height) <= height);
    *fitting.unwrap_or(&QUALITIES[0])
}

/// The file behind a media source: made to the size that the source tells.
fn file(item: &Item, source: &Value) -> File {
    let ticks = source["RunTimeTicks"]
        .as_i64()
        .or(item.runtime)
        .unwrap_or(0);
    let size = source["Size"]
        .as_u64()
        .and_then(|size| usize::try_from(size).ok());
    // What is generated has the size that its bytes come to; a recorded file keeps its own.
    let size = size.filter(|_| matches!(item.source, Source::Body(_)));
    match item.kind {
        ItemKind::Audio | ItemKind::AudioBook => File::sound(ticks, size),
        _ => File::film(quality_of(source), ticks, size),
    }
}

/// `GET /Videos/{id}/stream`, `/Audio/{id}/stream`, `/Audio/{id}/universal`: anonymous, as upstream.
pub(super) fn stream(state: &State, call: &Call, id: Uuid) -> Reply {
    let found = {
        let library = state.library();
        library.owner(id).cloned()
    };
    let Some(item) = found.filter(|item| item.is_leaf()) else {
        return Err(Refusal::processing(StatusCode::NOT_FOUND));
    };
    let own = hex(id);
    let asked = call.params.get("mediasourceid").filter(|id| !id.is_empty());
    let source = source_of(&item, asked)
        .or_else(|| asked.is_none().then(|| source_of(&item, Some(&own)))?);
    let source = source.ok_or_else(|| Refusal::processing(StatusCode::NOT_FOUND))?;
    Ok(file(&item, &source).serve(&call.method, &call.headers))
}

/// `GET /Items/{id}/Download` and `/File`.
pub(super) fn download(state: &State, call: &Call, user: &User, id: Uuid, attached: bool) -> Reply {
    let item = details::find(state, user, id)?;
    let own = hex(id);
    let source = source_of(&item, Some(&own)).or_else(|| source_of(&item, None));
    let source = source.ok_or_else(Refusal::not_found)?;
    let mut response = file(&item, &source).serve(&call.method, &call.headers);
    if attached {
        let path = source["Path"].as_str().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let plain: String = name.chars().filter(char::is_ascii).collect();
        let encoded =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
        set(response.headers_mut(), header::CONTENT_DISPOSITION, &value);
    }
    Ok(response)
}
