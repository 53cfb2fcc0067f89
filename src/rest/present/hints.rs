//! Search hints: item bodies cut down.

use serde_json::{Map, Value};

use super::raw::Raw;

/// Copied as they are.
const SAME: &[&str] = &["Name", "IndexNumber", "ProductionYear", "ParentIndexNumber"];
const AFTER: &[&str] = &[
    "Type",
    "IsFolder",
    "RunTimeTicks",
    "MediaType",
    "StartDate",
    "EndDate",
    "Status",
    "Album",
    "AlbumId",
    "AlbumArtist",
];

/// `SearchHint` of an item's body; `None` for what is no item.
pub fn hint(body: &Raw) -> Option<Value> {
    let Value::Object(item) = body.parse().ok()? else {
        return None;
    };
    let mut hint = Map::new();
    let id = item.get("Id")?.clone();
    hint.insert("ItemId".into(), id.clone());
    hint.insert("Id".into(), id.clone());
    copy(&item, &mut hint, SAME);
    if let Some(tag) = item.get("ImageTags").and_then(|tags| tags.get("Primary")) {
        hint.insert("PrimaryImageTag".into(), tag.clone());
    }
    image(&item, &mut hint, "Thumb", &id);
    backdrop(&item, &mut hint, &id);
    copy(&item, &mut hint, AFTER);
    if let Some(series) = item.get("SeriesName") {
        hint.insert("Series".into(), series.clone());
    }
    hint.insert(
        "Artists".into(),
        item.get("Artists").cloned().unwrap_or(Value::Array(vec![])),
    );
    hint.insert("ChannelId".into(), Value::Null);
    copy(&item, &mut hint, &["PrimaryImageAspectRatio"]);
    // Jellyfin tells it of folders alone.
    if hint.get("IsFolder") != Some(&Value::Bool(true)) {
        hint.shift_remove("IsFolder");
    }
    Some(Value::Object(hint))
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, fields: &[&str]) {
    for field in fields {
        if let Some(value) = from.get(*field) {
            to.insert((*field).to_owned(), value.clone());
        }
    }
}

/// An item's own thumb, else its parent's.
fn image(from: &Map<String, Value>, to: &mut Map<String, Value>, kind: &str, id: &Value) {
    let own = from.get("ImageTags").and_then(|tags| tags.get(kind));
    let (tag, owner) = match own {
        Some(tag) => (Some(tag), Some(id)),
        None => (
            from.get(&format!("Parent{kind}ImageTag")),
            from.get(&format!("Parent{kind}ItemId")),
        ),
    };
    if let (Some(tag), Some(owner)) = (tag, owner) {
        to.insert(format!("{kind}ImageTag"), tag.clone());
        to.insert(format!("{kind}ImageItemId"), owner.clone());
    }
}

fn backdrop(from: &Map<String, Value>, to: &mut Map<String, Value>, id: &Value) {
    let first = |field: &str| from.get(field).and_then(|tags| tags.get(0));
    let (tag, owner) = match first("BackdropImageTags") {
        Some(tag) => (Some(tag), Some(id)),
        None => (
            first("ParentBackdropImageTags"),
            from.get("ParentBackdropItemId"),
        ),
    };
    if let (Some(tag), Some(owner)) = (tag, owner) {
        to.insert("BackdropImageTag".into(), tag.clone());
        to.insert("BackdropImageItemId".into(), owner.clone());
    }
}
