//! Lists that the catalogue does not hold: asked of the server of the leading copy, as the viewer.

use serde_json::{Map, Value, json};

use super::error::{GraphError, GraphResult};
use super::query::UpstreamList;
use super::scalars::Json;
use crate::catalog::Catalog;
use crate::catalog::render::IdMap;
use crate::catalog::scope::{ItemEntry, Scope};
use crate::model::{NameKind, UpstreamId};

/// The list, ids mapped; empty where the server is silent or does not know.
///
/// # Errors
/// Only `UNAUTHENTICATED` kinds of our own: a server's failure is an empty list.
pub async fn list(
    catalog: &Catalog,
    scope: &Scope,
    entry: &ItemEntry,
    what: UpstreamList,
) -> GraphResult<Json> {
    let copy = scope.snapshot().copy(entry.lead);
    let server_id = scope.snapshot().server_of(copy).id;
    let server = catalog.registry().get(server_id);
    let (Some(server), Some(link)) = (server, scope.viewer.link_to(server_id)) else {
        return Ok(nothing(what));
    };
    let path = path(what, copy.upstream_id());
    let query = [("userId", link.account.user_id.to_string())];
    let mut answer = match server.get(&link.account, &path, &query).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(server = server_id, %error, "no {path} from this server");
            return Ok(nothing(what));
        }
    };
    if what == UpstreamList::Intros {
        keep_known(scope, copy.server, &mut answer);
    }
    let map = Mapping {
        ids: IdMap::new(scope, entry),
        server_id: &catalog.identity().server_id,
    };
    map.value(&mut answer);
    Ok(Json::from_value(&answer))
}

/// What is answered where there is nothing.
pub fn nothing(what: UpstreamList) -> Json {
    Json::from_text(match what {
        UpstreamList::ThemeMedia => "{}",
        _ => "[]",
    })
}

fn path(what: UpstreamList, id: UpstreamId) -> String {
    match what {
        UpstreamList::Intros => format!("/Items/{id}/Intros"),
        UpstreamList::SpecialFeatures => format!("/Items/{id}/SpecialFeatures"),
        UpstreamList::LocalTrailers => format!("/Items/{id}/LocalTrailers"),
        UpstreamList::ThemeMedia => format!("/Items/{id}/ThemeMedia"),
        UpstreamList::MediaSegments => format!("/MediaSegments/{id}"),
        UpstreamList::ImageInfos => format!("/Items/{id}/Images"),
    }
}

/// An intro that cannot be opened here would keep the film from starting.
fn keep_known(scope: &Scope, server: u32, answer: &mut Value) {
    let Some(items) = answer.get_mut("Items").and_then(Value::as_array_mut) else {
        return;
    };
    items.retain(|item| {
        let id = item.get("Id").and_then(Value::as_str);
        id.and_then(|id| id.parse().ok())
            .is_some_and(|id| scope.snapshot().copy_by_upstream(server, id).is_some())
    });
    let count = items.len();
    answer["TotalRecordCount"] = json!(count);
}

/// Maps a server's answer: ids, server id, and what is an account's own.
struct Mapping<'a> {
    ids: IdMap<'a>,
    server_id: &'a str,
}

impl Mapping<'_> {
    fn value(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|each| self.value(each)),
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn object(&self, object: &mut Map<String, Value>) {
        for own in ["CanDelete", "CanDownload", "PlayAccess"] {
            object.remove(own);
        }
        if object
            .get("Protocol")
            .is_some_and(|protocol| protocol == "Http")
            || object.contains_key("ImageType")
        {
            object.remove("Path");
        }
        for (key, value) in object.iter_mut() {
            match key.as_str() {
                "ServerId" => *value = json!(self.server_id),
                "GenreItems" => self.names(NameKind::Genre, value),
                "Studios" => self.names(NameKind::Studio, value),
                "People" => self.names(NameKind::Person, value),
                "ArtistItems" | "AlbumArtists" => self.names(NameKind::Artist, value),
                "UserData" => {}
                "Id"
                | "ItemId"
                | "OwnerId"
                | "ParentId"
                | "SeriesId"
                | "SeasonId"
                | "AlbumId"
                | "ChannelId"
                | "ParentBackdropItemId"
                | "ParentLogoItemId"
                | "ParentThumbItemId"
                | "ParentArtItemId"
                | "ParentPrimaryImageItemId" => {
                    *value = self.ids.item_value(value);
                }
                _ => self.value(value),
            }
        }
        if object.contains_key("UserData") {
            let id = object.get("Id").cloned().unwrap_or_default();
            object.insert("UserData".to_owned(), unseen(&id));
        }
    }

    fn names(&self, kind: NameKind, value: &mut Value) {
        let Some(list) = value.as_array_mut() else {
            return;
        };
        for named in list.iter_mut().filter_map(Value::as_object_mut) {
            let name = named
                .get("Name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let id = self.ids.name(kind, name);
            named.insert("Id".to_owned(), json!(id));
        }
    }
}

/// Nothing is kept of what was watched of extras.
fn unseen(id: &Value) -> Value {
    json!({
        "PlaybackPositionTicks": 0,
        "PlayCount": 0,
        "IsFavorite": false,
        "Played": false,
        "Key": id,
        "ItemId": id,
    })
}

impl From<serde_json::Error> for GraphError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}
