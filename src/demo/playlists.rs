//! Playlists: made, filled, emptied.

use serde_json::{Value, json};
use uuid::Uuid;

use super::calls::{Call, member};
use super::item::{Item, hex, sort_name};
use super::items::ids;
use super::render::{self, Shape};
use super::reply::{Refusal, Reply, all, moment, no_content, ok};
use super::state::{State, User};

/// `POST /Playlists`.
pub(super) fn create(state: &State, call: &Call) -> Reply {
    let caller = call.caller(state)?;
    let body = call.json()?;
    let name = member(&body, "Name").and_then(Value::as_str);
    let name = name
        .or(call.params.get("name"))
        .unwrap_or("Playlist")
        .to_owned();
    let listed = member(&body, "Ids").and_then(Value::as_array);
    let mut members: Vec<Uuid> = listed
        .into_iter()
        .flatten()
        .filter_map(|id| Uuid::try_parse(id.as_str()?).ok())
        .collect();
    members.extend(ids(&call.params, "ids"));
    let id = Uuid::new_v4();
    let now = state.saved_now();
    let playlist = json!({
        "Name": name, "Id": hex(id), "ServerId": "", "Etag": hex(Uuid::new_v4()),
        "DateCreated": moment(now), "CanDelete": true, "CanDownload": false,
        "SortName": sort_name(&name), "ExternalUrls": [], "ChannelId": null, "Genres": [],
        "PlayAccess": "Full", "ProviderIds": {}, "IsFolder": true, "Type": "Playlist",
        "People": [], "Studios": [], "GenreItems": [], "Tags": [], "ImageTags": {},
        "BackdropImageTags": [], "ImageBlurHashes": {}, "ChildCount": members.len(),
        "LocationType": "FileSystem",
        "MediaType": member(&body, "MediaType").cloned().unwrap_or(json!("Video")),
    });
    let Value::Object(playlist) = playlist else {
        return Err(Refusal::bad_request("no playlist"));
    };
    let Some(item) = Item::from_body(playlist, now) else {
        return Err(Refusal::bad_request("no playlist"));
    };
    {
        let mut library = state.library_mut();
        library.insert(item);
        library.members.insert(id, members);
    }
    state.show_to(caller, id);
    state.announce_library(&[id], &[], &[], &[]);
    ok(&json!({ "Id": hex(id) }))
}

/// `GET /Playlists/{id}/Items`.
pub(super) fn items(state: &State, call: &Call, user: &User, id: Uuid) -> Reply {
    let shape = Shape::list(&call.params)?;
    let library = state.library();
    let members = library.members.get(&id).ok_or_else(Refusal::not_found)?;
    let members = members.iter().filter_map(|id| library.get(*id));
    let seen = members.filter(|item| user.sees(&library, item));
    let bodies = seen.map(|item| {
        let mut body = render::body(state, &library, user, item, &shape);
        body["PlaylistItemId"] = json!(hex(item.id));
        body
    });
    ok(&all(bodies.collect()))
}

/// `POST /Playlists/{id}/Items?ids=`.
pub(super) fn add(state: &State, call: &Call, id: Uuid) -> Reply {
    call.caller(state)?;
    edit(state, id, |members| {
        members.extend(ids(&call.params, "ids"))
    })
}

/// `DELETE /Playlists/{id}/Items?entryIds=`.
pub(super) fn remove(state: &State, call: &Call, id: Uuid) -> Reply {
    call.caller(state)?;
    let gone = ids(&call.params, "entryids");
    edit(state, id, |members| {
        members.retain(|member| !gone.contains(member))
    })
}

/// `POST /Playlists/{id}/Items/{entry}/Move/{index}`.
pub(super) fn relocate(state: &State, call: &Call, id: Uuid) -> Reply {
    call.caller(state)?;
    let entry = call.id(3)?;
    let index = call
        .parts
        .get(5)
        .and_then(|index| index.parse::<usize>().ok());
    let index = index.ok_or_else(|| Refusal::bad_request("newIndex"))?;
    edit(state, id, |members| {
        members.retain(|member| *member != entry);
        members.insert(index.min(members.len()), entry);
    })
}

fn edit(state: &State, id: Uuid, change: impl FnOnce(&mut Vec<Uuid>)) -> Reply {
    {
        let mut library = state.library_mut();
        let members = library.members.get_mut(&id);
        change(members.ok_or_else(Refusal::not_found)?);
    }
    state.announce_library(&[], &[id], &[], &[]);
    no_content()
}
