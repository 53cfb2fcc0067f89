//! What is listed by name: people, artists, genres, studios.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calls::Call;
use super::item::hex;
use super::reply::{Refusal, Reply, ok, result};
use super::state::{State, User};

/// A kind of name: the type it shows, and where items carry it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    kind: &'static str,
    field: &'static str,
}

pub(super) fn kind(route: &str) -> Option<Kind> {
    let (kind, field) = match route {
        "genres" => ("Genre", "GenreItems"),
        "musicgenres" => ("MusicGenre", "GenreItems"),
        "studios" => ("Studio", "Studios"),
        "persons" => ("Person", "People"),
        "artists" => ("MusicArtist", "ArtistItems"),
        "albumartists" => ("MusicArtist", "AlbumArtists"),
        _ => return None,
    };
    Some(Kind { kind, field })
}

/// All names of a kind that the user's items carry, by name.
fn collect(state: &State, user: &User, kind: Kind, call: &Call) -> Result<Vec<Value>, Refusal> {
    let parent = call.params.id("parentid")?;
    let search = call.params.get("searchterm").map(str::to_lowercase);
    let library = state.library();
    let mut names: BTreeMap<String, Value> = BTreeMap::new();
    for item in library.iter() {
        if parent.is_some_and(|parent| !library.is_below(item, parent))
            || !user.sees(&library, item)
        {
            continue;
        }
        let music = item.kind.as_str().starts_with("Music") || item.kind.as_str() == "Audio";
        if kind.field == "GenreItems" && music != (kind.kind == "MusicGenre") {
            continue;
        }
        let body = item.body();
        let list = body.get(kind.field).and_then(Value::as_array);
        for entry in list.into_iter().flatten() {
            let name = entry["Name"].as_str().unwrap_or_default();
            let wanted = search
                .as_ref()
                .is_none_or(|term| name.to_lowercase().contains(term));
            if wanted && !names.contains_key(name) {
                names.insert(name.to_owned(), dto(state, kind, entry));
            }
        }
    }
    Ok(names.into_values().collect())
}

fn dto(state: &State, kind: Kind, entry: &Value) -> Value {
    let id = entry["Id"].as_str().unwrap_or_default();
    let tag = entry["PrimaryImageTag"].as_str();
    json!({
        "Name": entry["Name"], "ServerId": hex(state.id), "Id": id, "ChannelId": null,
        "Type": kind.kind,
        "UserData": { "PlaybackPositionTicks": 0, "PlayCount": 0, "IsFavorite": false,
            "Played": false, "Key": format!("{}-{}", kind.kind,
                entry["Name"].as_str().unwrap_or_default()), "ItemId": id },
        "ImageTags": tag.map_or_else(|| json!({}), |tag| json!({ "Primary": tag })),
        "BackdropImageTags": [], "ImageBlurHashes": {}, "LocationType": "FileSystem",
        "MediaType": "Unknown",
    })
}

/// `GET /Persons`, `/Artists`, `/Genres`, `/Studios`.
pub(super) fn list(state: &State, call: &Call, user: &User, kind: Kind) -> Reply {
    let names = collect(state, user, kind, call)?;
    let total = names.len();
    let start = call.params.int("startindex")?.unwrap_or(0).max(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let limit = call.params.int("limit")?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let page = names
        .into_iter()
        .skip(start)
        .take(limit.unwrap_or(usize::MAX));
    ok(&result(page.collect(), total, start))
}

/// `GET /Persons/{name}` and the like.
pub(super) fn one(state: &State, call: &Call, user: &User, kind: Kind, name: &str) -> Reply {
    let names = collect(state, user, kind, call)?;
    let found = names.into_iter().find(|entry| entry["Name"] == name);
    ok(&found.ok_or_else(Refusal::not_found)?)
}
