//! An item's JSON as one user gets it: the fields that were asked for, with that user's data.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::item::{Item, hex};
use super::library::{Library, View};
use super::params::Params;
use super::reply::Refusal;
use super::state::{State, User};
use super::userdata;
use crate::model::ItemKind;
use crate::wire::Body;

/// What a request wants to see of each item.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    all: bool,
    fields: HashSet<String>,
    images: bool,
    image_types: Vec<String>,
    image_limit: Option<usize>,
    user_data: bool,
}

impl Shape {
    /// What `/Items/{id}` shows.
    pub fn detail() -> Self {
        Self {
            all: true,
            fields: HashSet::new(),
            images: true,
            image_types: Vec::new(),
            image_limit: None,
            user_data: true,
        }
    }

    pub fn list(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            all: false,
            fields: params.lower("fields").into_iter().collect(),
            images: params.bool("enableimages")?.unwrap_or(true),
            image_types: params.lower("enableimagetypes"),
            image_limit: params
                .int("imagetypelimit")?
                .and_then(|limit| usize::try_from(limit).ok()),
            user_data: params.bool("enableuserdata")?.unwrap_or(true),
        })
    }

    fn wants(&self, field: &str) -> bool {
        self.all
            || match gate(field) {
                Gate::Always => true,
                Gate::Never => false,
                Gate::Field(name) => self.fields.contains(name),
            }
    }
}

enum Gate {
    Always,
    Never,
    Field(&'static str),
}

/// Which of Jellyfin's `ItemFields` a list must name for a field to be shown.
fn gate(field: &str) -> Gate {
    Gate::Field(match field {
        "UserData" => return Gate::Never,
        "Genres" | "GenreItems" => "genres",
        "LockData" | "LockedFields" | "ForcedSortName" => "settings",
        "AlbumCount" | "ArtistCount" | "EpisodeCount" | "MovieCount" | "MusicVideoCount"
        | "ProgramCount" | "SeriesCount" | "SongCount" | "TrailerCount" => "itemcounts",
        "AirTime" => "airtime",
        "CanDelete" => "candelete",
        "CanDownload" => "candownload",
        "Chapters" => "chapters",
        "Trickplay" => "trickplay",
        "ChildCount" => "childcount",
        "CumulativeRunTimeTicks" => "cumulativeruntimeticks",
        "CustomRating" => "customrating",
        "DateCreated" => "datecreated",
        "DateLastMediaAdded" => "datelastmediaadded",
        "DisplayPreferencesId" => "displaypreferencesid",
        "Etag" => "etag",
        "ExternalUrls" => "externalurls",
        "MediaSourceCount" => "mediasourcecount",
        "MediaSources" => "mediasources",
        "MediaStreams" => "mediastreams",
        "OriginalTitle" => "originaltitle",
        "Overview" => "overview",
        "ParentId" => "parentid",
        "Path" => "path",
        "People" => "people",
        "PlayAccess" => "playaccess",
        "ProductionLocations" => "productionlocations",
        "ProviderIds" => "providerids",
        "PrimaryImageAspectRatio" => "primaryimageaspectratio",
        "RecursiveItemCount" => "recursiveitemcount",
        "SeriesStudio" => "seriesstudio",
        "SortName" => "sortname",
        "Studios" => "studios",
        "Taglines" => "taglines",
        "Tags" => "tags",
        "RemoteTrailers" => "remotetrailers",
        "EnableMediaSourceDisplay" => "enablemediasourcedisplay",
        "Width" => "width",
        "Height" => "height",
        "LocalTrailerCount" => "localtrailercount",
        "IsHD" => "ishd",
        "SpecialFeatureCount" => "specialfeaturecount",
        _ => return Gate::Always,
    })
}

/// `item` as `user` gets it.
pub(super) fn body(
    state: &State,
    library: &Library,
    user: &User,
    item: &Item,
    shape: &Shape,
) -> Value {
    let full = item.body();
    let mut out = Body::with_capacity(full.len() + 2);
    let mut placed = !shape.user_data;
    for (field, value) in full.iter() {
        match field.as_str() {
            // A list shows a season's aspect ratio unasked: it is its series' picture.
            "PrimaryImageAspectRatio" if item.kind == ItemKind::Season => {}
            "ImageTags" | "BackdropImageTags" if !shape.images => continue,
            _ if !shape.wants(field) => continue,
            _ => {}
        }
        match field.as_str() {
            "ServerId" => out.insert(field.clone(), json!(hex(state.id))),
            "CanDelete" if !user.administrator => out.insert(field.clone(), json!(false)),
            "ChildCount" if !item.is_leaf() => {
                out.insert(field.clone(), json!(child_count(library, user, item)))
            }
            "RecursiveItemCount" if item.counts_unplayed() => {
                let seen = library.leaves(item.id);
                let seen = seen.iter().filter(|leaf| user.sees(library, leaf));
                out.insert(field.clone(), json!(seen.count()))
            }
            "ImageTags" => out.insert(field.clone(), trim_tags(value, shape)),
            "BackdropImageTags" => out.insert(field.clone(), trim_backdrops(value, shape)),
            _ => out.insert(field.clone(), value.clone()),
        };
        if field == "Type" && !placed {
            out.insert(
                "UserData".to_owned(),
                userdata::dto(state, library, user, item),
            );
            placed = true;
        }
    }
    Value::Object(out)
}

fn child_count(library: &Library, user: &User, item: &Item) -> usize {
    let members = library.members.get(&item.id).map_or(&[][..], Vec::as_slice);
    let children = library.children(item.id).iter().chain(members);
    children
        .filter_map(|id| library.get(*id))
        .filter(|child| user.sees(library, child))
        .count()
}

fn trim_tags(value: &Value, shape: &Shape) -> Value {
    let Some(tags) = value.as_object() else {
        return value.clone();
    };
    if shape.image_types.is_empty() {
        return value.clone();
    }
    let kept = tags.iter().filter(|(kind, _)| {
        shape
            .image_types
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(kind))
    });
    Value::Object(
        kept.map(|(kind, tag)| (kind.clone(), tag.clone()))
            .collect(),
    )
}

fn trim_backdrops(value: &Value, shape: &Shape) -> Value {
    let Some(tags) = value.as_array() else {
        return value.clone();
    };
    let wanted =
        shape.image_types.is_empty() || shape.image_types.iter().any(|kind| kind == "backdrop");
    let limit = if wanted {
        shape.image_limit.unwrap_or(usize::MAX)
    } else {
        0
    };
    Value::Array(tags.iter().take(limit).cloned().collect())
}

/// A library as `user` gets it.
pub(super) fn view_body(state: &State, user: &User, view: &View, with_user: bool) -> Value {
    let mut body = view.body.clone();
    body.insert("ServerId".to_owned(), json!(hex(state.id)));
    if with_user {
        let data = state.data().get(&(user.id, view.id)).cloned();
        let data = data.unwrap_or_default();
        body.insert(
            "UserData".to_owned(),
            data.json(view.id, &view.id.hyphenated().to_string()),
        );
    } else {
        for field in ["UserData", "PlayAccess", "ChildCount", "DateLastMediaAdded"] {
            body.shift_remove(field);
        }
    }
    Value::Object(body)
}
