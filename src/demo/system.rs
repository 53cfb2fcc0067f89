//! What a server says about itself.

use serde_json::{Value, json};

use super::calls::Call;
use super::item::hex;
use super::render::view_body;
use super::reply::{Reply, all, ok};
use super::state::State;

/// `GET /System/Info/Public`.
pub(super) fn public_info(state: &State) -> Value {
    json!({
        "LocalAddress": state.url(),
        "ServerName": state.name,
        "Version": state.version,
        "ProductName": "Jellyfin Server",
        "OperatingSystem": "",
        "Id": hex(state.id),
        "StartupWizardCompleted": true,
    })
}

/// `GET /System/Configuration`, as far as a gateway needs it.
pub(super) fn configuration(state: &State, call: &Call) -> Reply {
    call.caller(state)?;
    let thresholds = &state.thresholds;
    ok(&json!({
        "MinResumePct": thresholds.min_percent,
        "MaxResumePct": thresholds.max_percent,
        "MinResumeDurationSeconds": thresholds.min_seconds,
    }))
}

/// `GET /System/Info`.
pub(super) fn info(state: &State, call: &Call) -> Reply {
    call.caller(state)?;
    let mut body = json!({
        "OperatingSystemDisplayName": "", "HasPendingRestart": false, "IsShuttingDown": false,
        "SupportsLibraryMonitor": true,
        "WebSocketPortNumber": state.port.load(std::sync::atomic::Ordering::Relaxed),
        "CompletedInstallations": [], "CanSelfRestart": true, "CanLaunchWebBrowser": false,
        "CastReceiverApplications": [
            { "Id": "F007D354", "Name": "Stable" }, { "Id": "6F511C87", "Name": "Unstable" } ],
        "HasUpdateAvailable": false, "EncoderLocation": "System", "SystemArchitecture": "X64",
    });
    if let (Value::Object(body), Value::Object(public)) = (&mut body, public_info(state)) {
        body.extend(public);
    }
    ok(&body)
}

/// `GET /Library/VirtualFolders`: administrators only.
pub(super) fn virtual_folders(state: &State, call: &Call) -> Reply {
    call.administrator(state)?;
    let library = state.library();
    let folders = library
        .views
        .iter()
        .filter(|view| !view.locations.is_empty());
    ok(&folders
        .map(|view| {
            json!({
                "Name": view.name,
                "Locations": view.locations,
                "CollectionType": view.collection_type,
                "LibraryOptions": view.options,
                "ItemId": hex(view.id),
                "RefreshStatus": "Idle",
            })
        })
        .collect())
}

/// `GET /Library/MediaFolders`: administrators only.
pub(super) fn media_folders(state: &State, call: &Call) -> Reply {
    let user = call.administrator(state)?;
    let library = state.library();
    let views = library.views.iter();
    let folders = views.map(|view| view_body(state, user, view, false));
    ok(&all(folders.collect()))
}

/// `GET /UserViews`.
pub(super) fn views(state: &State, call: &Call, user: &super::state::User) -> Reply {
    let _ = call;
    let library = state.library();
    let sight = user.sight();
    let views = library.views.iter().filter(|view| sight.sees_view(view));
    ok(&all(views
        .map(|view| view_body(state, user, view, true))
        .collect()))
}

/// `GET /UserViews/GroupingOptions`.
pub(super) fn grouping_options(state: &State, user: &super::state::User) -> Reply {
    let library = state.library();
    let sight = user.sight();
    let views = library
        .views
        .iter()
        .filter(|view| sight.sees_view(view) && view.collection_type.as_deref() != Some("music"));
    ok(&views
        .map(|view| json!({ "Name": view.name, "Id": hex(view.id) }))
        .collect())
}

/// `GET /Items/Counts`.
pub(super) fn counts(state: &State, user: &super::state::User) -> Reply {
    use crate::model::ItemKind::*;
    let library = state.library();
    let count = |kind| {
        let seen = library.iter().filter(|item| item.kind == kind);
        seen.filter(|item| user.sees(&library, item)).count()
    };
    ok(&json!({
        "MovieCount": count(Movie), "SeriesCount": count(Series), "EpisodeCount": count(Episode),
        "ArtistCount": count(MusicArtist), "ProgramCount": 0, "TrailerCount": 0,
        "SongCount": count(Audio), "AlbumCount": count(MusicAlbum), "MusicVideoCount": 0,
        "BoxSetCount": count(BoxSet), "BookCount": 0, "ItemCount": library.iter().count(),
    }))
}
