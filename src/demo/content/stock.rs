//! What the generated kinds of content share: ids, libraries, accounts.

use std::collections::HashMap;
use std::sync::RwLock;

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::demo::access::Sight;
use crate::demo::item::{hex, sort_name};
use crate::demo::library::{Library, View};
use crate::demo::reply::moment;
use crate::demo::spec::DemoSpec;
use crate::demo::state::{Stock, Thresholds, User};
use crate::wire::Body;

/// An id that is the same at every start.
pub fn id(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

/// 1 January 2024: when the demo's oldest item came.
pub const BEGINNING: i64 = 1_704_067_200_000;

pub fn view(server: &str, name: &str, kind: &str) -> View {
    let view = id(&["view", server, name]);
    let body = json!({
        "Name": name, "ServerId": "", "Id": hex(view), "Etag": hex(id(&["etag", server, name])),
        "DateCreated": moment(BEGINNING), "DateLastMediaAdded": "0001-01-01T00:00:00.0000000Z",
        "CanDelete": false, "CanDownload": false, "SortName": sort_name(name), "ExternalUrls": [],
        "Path": format!("/jellyfin/data/root/default/{name}"), "EnableMediaSourceDisplay": true,
        "ChannelId": null, "Taglines": [], "Genres": [], "PlayAccess": "Full",
        "RemoteTrailers": [], "ProviderIds": {}, "IsFolder": true,
        "ParentId": "e9d5075a555c1cbc394eec4cef295274", "Type": "CollectionFolder", "People": [],
        "Studios": [], "GenreItems": [], "LocalTrailerCount": 0, "ChildCount": 1,
        "SpecialFeatureCount": 0, "DisplayPreferencesId": hex(view), "Tags": [],
        "CollectionType": kind, "ImageTags": { "Primary": hex(id(&["view", name])) },
        "BackdropImageTags": [], "ImageBlurHashes": {}, "Chapters": [],
        "LocationType": "FileSystem", "MediaType": "Unknown", "LockedFields": [],
        "LockData": false,
    });
    let location = format!("/srv/{}/{}", server.to_lowercase(), name.to_lowercase());
    View {
        id: view,
        name: name.to_owned(),
        collection_type: Some(kind.to_owned()),
        options: json!({ "Enabled": true, "EnablePhotos": true,
            "PathInfos": [{ "Path": location }], "TypeOptions": [] }),
        locations: vec![location],
        body: match body {
            serde_json::Value::Object(body) => body,
            _ => Body::new(),
        },
    }
}

/// The server with the spec's accounts around a library.
pub fn stock(spec: &DemoSpec, library: Library) -> Stock {
    let users = spec.users.iter().map(|user| User {
        id: id(&["user", &spec.name, &user.name]),
        name: user.name.clone(),
        password: user.password.clone(),
        administrator: user.administrator,
        sight: RwLock::new(Sight::Rules(user.access.clone())),
        dto: None,
    });
    Stock {
        id: id(&["server", &spec.name]),
        name: spec.name.clone(),
        version: spec.version.clone(),
        users: users.collect(),
        library,
        data: HashMap::new(),
        thresholds: Thresholds::default(),
        recording: None,
    }
}
