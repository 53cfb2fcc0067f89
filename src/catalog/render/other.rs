//! Bodies of what is not an item of a source: libraries, names, the root folder.

use serde_json::{Value, json};

use super::Identity;
use super::user_data::{UserItemData, user_data_of_name};
use crate::catalog::names::NameRef;
use crate::catalog::scope::Scope;
use crate::catalog::snapshot::LibraryRef;
use crate::model::{BodyOptions, ItemKind, NameKind, PublicId};
use crate::wire::Body;

pub fn library(scope: &Scope, library: LibraryRef, options: &BodyOptions, us: &Identity) -> Body {
    let Some(view) = scope.view(library) else {
        return Body::new();
    };
    let kind = if library == LibraryRef::Playlists {
        "ManualPlaylistsFolder"
    } else {
        "CollectionFolder"
    };
    let mut out = folder(&view.name, view.id, kind, options, us);
    if options.wants("childcount") {
        let count = scope.projection.members(Some(library)).count();
        out.insert("ChildCount".into(), json!(count));
    }
    if let Some(created) = created(scope, library).filter(|_| options.all_fields) {
        out.insert("DateCreated".into(), json!(created));
    }
    if options.wants("parentid") {
        out.insert("ParentId".into(), json!(scope.projection.root_id));
    }
    if let Some(kind) = &view.collection_type {
        out.insert("CollectionType".into(), json!(kind));
    }
    if options.user_data {
        out.insert(
            "UserData".into(),
            json!(UserItemData::blank(view.id, false)),
        );
    }
    if let Some((tag, hash, ratio)) = tile(scope, library).filter(|_| options.images) {
        out.insert("ImageTags".into(), json!({ "Primary": tag }));
        if let Some(hash) = hash {
            out.insert(
                "ImageBlurHashes".into(),
                json!({ "Primary": { tag: hash } }),
            );
        }
        if options.wants("primaryimageaspectratio") {
            out.insert("PrimaryImageAspectRatio".into(), json!(ratio));
        }
    }
    out
}

/// When the first of the source libraries was made: their dates are of one form, so texts compare.
fn created(scope: &Scope, library: LibraryRef) -> Option<String> {
    let sources = source_libraries(scope, library).into_iter();
    sources
        .filter_map(|at| {
            let body = scope.snapshot().source_libraries[at as usize]
                .body
                .as_ref()?;
            Some(body.get("DateCreated")?.as_str()?.to_owned())
        })
        .min()
}

/// The picture of a library: the first source library's that has one (tag, hash, ratio).
fn tile(scope: &Scope, library: LibraryRef) -> Option<(String, Option<String>, f64)> {
    source_libraries(scope, library).into_iter().find_map(|at| {
        let body = scope.snapshot().source_libraries[at as usize]
            .body
            .as_ref()?;
        let tag = body.get("ImageTags")?.get("Primary")?.as_str()?.to_owned();
        let hashes = body
            .get("ImageBlurHashes")
            .and_then(|hashes| hashes.get("Primary"));
        let hash = hashes
            .and_then(|hashes| hashes.get(&tag))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let ratio = body
            .get("PrimaryImageAspectRatio")
            .and_then(Value::as_f64)
            .unwrap_or(16.0 / 9.0);
        Some((tag, hash, ratio))
    })
}

/// The visible source libraries behind a library, highest priority first.
pub fn source_libraries(scope: &Scope, library: LibraryRef) -> Vec<u32> {
    let seen = |at: &u32| scope.projection.access.libraries.contains(*at);
    match library {
        LibraryRef::Merged(at) => {
            let mut sources = scope.snapshot().merged_libraries[at as usize]
                .sources
                .clone();
            sources.sort_by_key(|source| -i64::from(source.priority));
            sources
                .into_iter()
                .map(|source| source.library)
                .filter(seen)
                .collect()
        }
        LibraryRef::Source(at) => vec![at],
        LibraryRef::Collections | LibraryRef::Playlists => {
            let kind = if library == LibraryRef::Playlists {
                "playlists"
            } else {
                "boxsets"
            };
            let all = scope.snapshot().source_libraries.iter().enumerate();
            all.filter(|(_, library)| library.collection_type.as_deref() == Some(kind))
                .map(|(at, _)| at as u32)
                .filter(seen)
                .collect()
        }
    }
}

pub fn root(scope: &Scope, options: &BodyOptions, us: &Identity) -> Body {
    let id = scope.projection.root_id;
    let mut out = folder("Media Folders", id, "UserRootFolder", options, us);
    if options.wants("childcount") {
        out.insert("ChildCount".into(), json!(scope.projection.views.len()));
    }
    if options.wants("parentid") {
        out.insert("ParentId".into(), Value::Null);
    }
    if options.user_data {
        out.insert("UserData".into(), json!(UserItemData::blank(id, false)));
    }
    out
}

/// What every virtual folder shows; in details all that Jellyfin shows of a folder.
fn folder(name: &str, id: PublicId, kind: &str, options: &BodyOptions, us: &Identity) -> Body {
    let mut out = Body::new();
    let mut put = |field: &str, value: Value| {
        out.insert(field.to_owned(), value);
    };
    put("Name", json!(name));
    put("ServerId", json!(us.server_id));
    put("Id", json!(id));
    if options.all_fields {
        put("Etag", json!(id));
        if kind == "CollectionFolder" {
            put("DateLastMediaAdded", json!("0001-01-01T00:00:00.0000000Z"));
        }
        put("LocalTrailerCount", json!(0));
        put("SpecialFeatureCount", json!(0));
        put("DisplayPreferencesId", json!(id));
        put("Chapters", json!([]));
        put("LockedFields", json!([]));
        put("LockData", json!(false));
    }
    let asked: [(&str, Value); 13] = [
        ("CanDelete", json!(false)),
        ("CanDownload", json!(false)),
        ("SortName", json!(name.to_lowercase())),
        ("ExternalUrls", json!([])),
        ("Path", json!(format!("/manyfin/{name}"))),
        ("EnableMediaSourceDisplay", json!(true)),
        ("Taglines", json!([])),
        ("Genres", json!([])),
        ("PlayAccess", json!("Full")),
        ("RemoteTrailers", json!([])),
        ("ProviderIds", json!({})),
        ("People", json!([])),
        ("Tags", json!([])),
    ];
    for (field, value) in asked {
        if options.wants(&field.to_ascii_lowercase()) {
            put(field, value);
        }
    }
    if options.wants("studios") {
        put("Studios", json!([]));
    }
    if options.wants("genres") {
        put("GenreItems", json!([]));
    }
    put("ChannelId", Value::Null);
    put("IsFolder", json!(true));
    put("Type", json!(kind));
    if options.images {
        put("ImageTags", json!({}));
        put("BackdropImageTags", json!([]));
        put("ImageBlurHashes", json!({}));
    }
    put("LocationType", json!("FileSystem"));
    put("MediaType", json!("Unknown"));
    out
}

pub fn name(scope: &Scope, at: NameRef, options: &BodyOptions, us: &Identity) -> Body {
    let names = scope.projection.names();
    let entry = names.entry(at);
    let mut out = Body::new();
    let mut put = |field: &str, value: Value| {
        out.insert(field.to_owned(), value);
    };
    put("Name", json!(entry.name));
    put("ServerId", json!(us.server_id));
    put("Id", json!(entry.id));
    put("ChannelId", Value::Null);
    put("Type", json!(kind_of(at.kind).as_str()));
    if matches!(at.kind, NameKind::Artist | NameKind::AlbumArtist) {
        put("IsFolder", json!(true));
    }
    let count = |kind: ItemKind| {
        let found = entry.counts.iter().find(|(counted, _)| *counted == kind);
        found.map_or(0, |(_, count)| *count)
    };
    if options.wants("itemcounts") {
        let mut all = 0;
        for (field, kind) in [
            ("TrailerCount", ItemKind::Trailer),
            ("MovieCount", ItemKind::Movie),
            ("SeriesCount", ItemKind::Series),
            ("ProgramCount", ItemKind::Program),
            ("EpisodeCount", ItemKind::Episode),
            ("SongCount", ItemKind::Audio),
            ("AlbumCount", ItemKind::MusicAlbum),
            ("ArtistCount", ItemKind::MusicArtist),
        ] {
            all += count(kind);
            put(field, json!(count(kind)));
        }
        // Jellyfin tells how much there is in all of a single name, not in a list of them.
        if options.all_fields {
            let videos = count(ItemKind::MusicVideo);
            put("MusicVideoCount", json!(videos));
            put("ChildCount", json!(all + videos));
        } else {
            put("ChildCount", json!(0));
        }
    }
    if options.all_fields {
        // People are sorted by the name as it stands.
        let sort_name = match at.kind {
            NameKind::Person => entry.name.to_string(),
            _ => crate::merge::name::fold(&entry.name),
        };
        put("SortName", json!(sort_name));
        for field in [
            "ExternalUrls",
            "Taglines",
            "Genres",
            "RemoteTrailers",
            "People",
            "Studios",
            "GenreItems",
            "Tags",
        ] {
            put(field, json!([]));
        }
        put("ProviderIds", json!({}));
        put("PlayAccess", json!("Full"));
        put("CanDelete", json!(false));
        put("CanDownload", json!(false));
        put("EnableMediaSourceDisplay", json!(true));
        put("DisplayPreferencesId", json!(entry.id));
        put("LockedFields", json!([]));
        put("LockData", json!(false));
    }
    if options.wants("candelete") {
        put("CanDelete", json!(false));
    }
    if options.images {
        let tags = match &entry.image {
            Some((tag, _, _)) => json!({ "Primary": tag }),
            None => json!({}),
        };
        put("ImageTags", tags);
        put("BackdropImageTags", json!([]));
        put("ImageBlurHashes", json!({}));
    }
    put("LocationType", json!("FileSystem"));
    put("MediaType", json!("Unknown"));
    if options.user_data {
        put("UserData", json!(user_data_of_name(scope, at)));
    }
    out
}

/// The item kind under which a name is shown.
pub fn kind_of(kind: NameKind) -> ItemKind {
    match kind {
        NameKind::Genre => ItemKind::Genre,
        NameKind::MusicGenre => ItemKind::MusicGenre,
        NameKind::Studio => ItemKind::Studio,
        NameKind::Person => ItemKind::Person,
        NameKind::Artist | NameKind::AlbumArtist => ItemKind::MusicArtist,
        NameKind::Year => ItemKind::Year,
    }
}
