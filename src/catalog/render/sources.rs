//! The copies of an item as Jellyfin clients see them: its versions (`MediaSources`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::Bodies;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, CopyIx};
use crate::merge::quality;
use crate::model::{BodyOptions, PublicId, UpstreamId};
use crate::wire::{Body, LightSource};

/// How many versions an item offers.
pub fn count(scope: &Scope, copies: &[CopyIx]) -> usize {
    copies
        .iter()
        .map(|copy| scope.snapshot().copy(*copy).light.media_sources().len())
        .sum()
}

/// Adds `MediaSources` of all copies and `MediaStreams` of the first.
pub fn add(
    scope: &Scope,
    entry: &ItemEntry,
    copies: &[CopyIx],
    options: &BodyOptions,
    bodies: &Bodies,
    out: &mut Body,
) {
    let mut sources = Vec::new();
    let mut streams = None;
    for copy in copies {
        let Some(full) = bodies.get(copy) else {
            continue;
        };
        if streams.is_none() {
            streams = full.get("MediaStreams").cloned();
        }
        let listed = full
            .get("MediaSources")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for source in listed.filter_map(Value::as_object) {
            let lead = sources.is_empty().then_some(entry.id);
            sources.push(Value::Object(map(
                scope,
                *copy,
                source,
                lead,
                copies.len() > 1,
            )));
        }
    }
    let playable = streams.is_some() || !sources.is_empty();
    if options.wants("mediasources") && playable {
        out.insert("MediaSources".into(), Value::Array(sources));
    }
    if let Some(streams) = streams.filter(|_| options.wants("mediastreams")) {
        out.insert("MediaStreams".into(), streams);
    }
}

/// A source as we tell it. `under` is the id that the first source carries: the one asked for.
pub fn map(
    scope: &Scope,
    copy: CopyIx,
    source: &Body,
    under: Option<PublicId>,
    labelled: bool,
) -> Body {
    let snapshot = scope.snapshot();
    let copy = snapshot.copy(copy);
    let id = under.unwrap_or_else(|| source_id(scope, copy, source));
    let mut out = source.clone();
    out.insert("Id".into(), json!(id));
    if labelled {
        out.insert("Name".into(), json!(label(scope, copy, source)));
    }
    let own = source_id(scope, copy, source);
    let tag = scope.projection.ids.stream_tag(scope.viewer.user_id, own);
    out.insert("ETag".into(), json!(tag));
    out
}

/// The id of a source's own copy or, for a further version within a copy, of that version.
pub fn source_id(scope: &Scope, copy: &Copy, source: &Body) -> PublicId {
    let upstream: Option<UpstreamId> = source
        .get("Id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok());
    match upstream {
        Some(id) => scope
            .projection
            .ids
            .copy(scope.snapshot().server_of(copy).key, id),
        None => copy.id,
    }
}

/// "Attic · 1080p HEVC · 4.1 GB"; versions within one server keep their own name too.
fn label(scope: &Scope, copy: &Copy, source: &Body) -> String {
    let server = &scope.snapshot().server_of(copy).name;
    let light = LightSource::deserialize(source).ok();
    let quality = light
        .map(|source| quality::label(&source))
        .unwrap_or_default();
    let version = source
        .get("Name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // "1080p" tells nothing beside "1080p H264"; "Director's Cut" does.
    let told = quality.to_lowercase().contains(&version.to_lowercase());
    let several = copy.light.media_sources().len() > 1 && !told;
    let parts = [
        server.as_str(),
        quality.as_str(),
        if several { version } else { "" },
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}
