//! Which id of ours stands for which recorded one.

use manyfin::merge::name::fold;
use manyfin::model::{NameKind, ServerKey, UpstreamId};
use serde_json::Value;

use super::compare::is_id;
use super::ids::IdMap;
use crate::support::app::TestApp;
use crate::support::recorded::{self, USERS};

/// Everything that can be told from the catalog and the recording, before anything is asked.
pub async fn ids(app: &TestApp, server: usize, row: i64) -> IdMap {
    let mut ids = IdMap::default();
    let accounts = &app.app.accounts;
    let public = accounts.ids();
    let servers = accounts.servers().await.expect("the servers");
    let entry = servers
        .iter()
        .find(|entry| entry.id == row)
        .expect("the server");
    let key: ServerKey = entry.server_key.parse().expect("a key");
    let own = entry
        .upstream_id
        .as_deref()
        .expect("a server that was reached");
    ids.insert(own, &accounts.server_id().to_string());

    for user in recorded::lines(server, "system")
        .iter()
        .filter(|line| line["name"] == "/Users as admin")
        .flat_map(|line| line["response"]["body"].as_array().into_iter().flatten())
    {
        let name = user["Name"].as_str().expect("a name");
        let ours = accounts
            .user_by_name(name)
            .await
            .expect("the users")
            .expect(name);
        ids.insert(user["Id"].as_str().expect("an id"), &ours.id.to_string());
    }

    for (user, _) in USERS {
        for view in views(server, user) {
            let fixed = match view["CollectionType"].as_str() {
                Some("boxsets") => "collections",
                Some("playlists") => "playlists",
                _ => continue,
            };
            let id = view["Id"].as_str().expect("an id");
            ids.insert(id, &public.fixed(fixed).to_string());
        }
    }
    for library in accounts.source_libraries().await.expect("the libraries") {
        ids.insert(&library.library_id, &library.virtual_id);
    }
    for line in recorded::lines(server, "views") {
        if line["name"] == "root legacy" {
            let id = line["response"]["body"]["Id"].as_str().expect("an id");
            ids.insert(id, &public.fixed("root").to_string());
        }
    }
    add_items(&mut ids, app, row, key, server);
    ids
}

/// The items of the catalog as it is now; called again after a change.
pub fn add_items(ids: &mut IdMap, app: &TestApp, row: i64, key: ServerKey, server: usize) {
    let public = app.app.accounts.ids();
    let snapshot = app.app.catalog.snapshot();
    let position = snapshot.server_position(row).expect("the server");
    for (at, copy) in snapshot.copies.places() {
        if copy.server == position {
            let item = snapshot.item(snapshot.item_of(at));
            let recorded = copy.upstream_id().to_string();
            ids.insert(&recorded, &item.id.to_string());
            ids.insert(&recorded, &copy.id.to_string());
        }
    }
    for body in recorded::lines(server, "bulk-admin") {
        let sources = body["MediaSources"].as_array().into_iter().flatten();
        for source in sources.filter_map(|source| source["Id"].as_str()) {
            if let Ok(id) = source.parse::<UpstreamId>() {
                ids.insert(source, &public.copy(key, id).to_string());
            }
        }
        let is_music = matches!(
            body["Type"].as_str(),
            Some("Audio" | "MusicAlbum" | "MusicArtist")
        );
        let genre = if is_music {
            NameKind::MusicGenre
        } else {
            NameKind::Genre
        };
        for (field, kind) in [
            ("GenreItems", genre),
            ("Studios", NameKind::Studio),
            ("People", NameKind::Person),
            ("ArtistItems", NameKind::Artist),
            ("AlbumArtists", NameKind::Artist),
        ] {
            for name in body[field].as_array().into_iter().flatten() {
                if let (Some(id), Some(name)) = (name["Id"].as_str(), name["Name"].as_str()) {
                    ids.insert(id, &public.name(kind, &fold(name)).to_string());
                }
            }
        }
    }
}

fn views(server: usize, user: &str) -> Vec<Value> {
    let lines = recorded::lines(server, "views")
        .into_iter()
        .chain(recorded::lines(server, "watch"));
    lines
        .filter(|line| line["as"] == user)
        .filter(|line| {
            line["name"]
                .as_str()
                .is_some_and(|name| name.contains("views"))
        })
        .flat_map(|line| {
            line["response"]["body"]["Items"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .collect()
}

/// Pairs ids that neither side has told before: sessions, tags, playlists made meanwhile, years.
pub fn learn(recorded: &Value, ours: &Value, ids: &mut IdMap) {
    match (recorded, ours) {
        (Value::String(recorded), Value::String(ours)) if is_id(recorded) && is_id(ours) => {
            ids.pair(recorded, ours);
        }
        (Value::Object(recorded), Value::Object(ours)) => {
            for (key, value) in recorded {
                if let Some(other) = ours.get(key) {
                    learn(value, other, ids);
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            for (at, value) in recorded.iter().enumerate() {
                let other = match named(value) {
                    None => ours.get(at),
                    known => ours.iter().find(|other| named(other) == known),
                };
                if let Some(other) = other {
                    learn(value, other, ids);
                }
            }
        }
        _ => {}
    }
}

/// What names an element of a list: a session's device, else its name and type.
fn named(value: &Value) -> Option<(&Value, &Value)> {
    let keys = ["DeviceId", "Name"];
    let name = keys
        .iter()
        .find_map(|key| value.get(key).filter(|name| name.is_string()))?;
    Some((name, value.get("Type").unwrap_or(&Value::Null)))
}
