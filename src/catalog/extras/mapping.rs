//! A server's answer as it is told: ids mapped, nothing of its account, no way around us.

use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::catalog::playback::urls;
use crate::catalog::render::{IdMap, trickplay};
use crate::catalog::scope::Scope;
use crate::model::{NameKind, UpstreamId};

/// See the module.
pub(super) struct Mapping<'a> {
    scope: &'a Scope,
    ids: IdMap<'a>,
    server_id: &'a str,
}

impl Catalog {
    pub(super) fn mapping<'a>(&'a self, scope: &'a Scope, ids: IdMap<'a>) -> Mapping<'a> {
        Mapping {
            scope,
            ids,
            server_id: &self.identity().server_id,
        }
    }
}

impl Mapping<'_> {
    pub(super) fn value(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|each| self.value(each)),
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn object(&self, object: &mut Map<String, Value>) {
        // An account's own, and addresses with its token in them.
        for own in ["CanDelete", "CanDownload", "PlayAccess", "DeliveryUrl"] {
            object.remove(own);
        }
        // The folder of an image, and what lies elsewhere.
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
                "MediaSources" => self.sources(value),
                "Trickplay" => *value = trickplay(value, &self.ids),
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

    /// Each with its public id and the tag that it is streamed by, its addresses ours.
    fn sources(&self, value: &mut Value) {
        // One that cannot be asked for by an id is none.
        if let Some(list) = value.as_array_mut() {
            list.retain_mut(|source| self.source(source).is_some());
        }
    }

    fn source(&self, source: &mut Value) -> Option<()> {
        let source = source.as_object_mut()?;
        let id: UpstreamId = source.get("Id")?.as_str()?.parse().ok()?;
        let own = self.ids.copy(id);
        let tag = self.ids.public.stream_tag(self.scope.viewer.user_id, own);
        source.insert("Id".to_owned(), json!(self.ids.item(id)));
        source.insert("ETag".to_owned(), json!(tag));
        urls::rewrite(source, own, tag);
        Some(())
    }

    fn names(&self, kind: NameKind, value: &mut Value) {
        let list = value.as_array_mut().into_iter().flatten();
        for named in list.filter_map(Value::as_object_mut) {
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
