//! What administrators' pages ask for. Manyfin is administered by GraphQL, so most of it is empty.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RestError;
use super::present;
use super::present::session::Session;
use super::queries;
use super::route::{Answer, Ask, Route, routes};
use super::views;
use crate::wire::time::Stamp;
use crate::wire::{ClientCapabilities, QueryResult};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/system/configuration" User configuration;
    Get "/system/configuration/{key}" User named_configuration;
    Get "/system/info/storage" Administrator storage;
    Get "/system/logs" Administrator empty_list;
    Get "/system/activitylog/entries" Administrator empty_page;
    Get "/startup/configuration" Administrator startup;
    Get "/startup/user" Administrator first_user;
    Get "/startup/firstuser" Administrator first_user;
    Get "/plugins" Administrator empty_list;
    Get "/packages" Administrator empty_list;
    Get "/repositories" Administrator empty_list;
    Get "/web/configurationpages" Administrator empty_list;
    Get "/auth/keys" Administrator empty_page;
    Get "/auth/providers" Administrator providers;
    Get "/auth/passwordresetproviders" Administrator reset_providers;
    Get "/backup" Administrator empty_list;
    Get "/devices" Administrator devices;
    Get "/library/mediafolders" Administrator views::media_folders;
    Get "/library/virtualfolders" Administrator virtual_folders;
    Get "/library/physicalpaths" Administrator empty_list;
};

async fn empty_list(_: Ask) -> Answer {
    present::json(&json!([]))
}

async fn empty_page(_: Ask) -> Answer {
    present::json(&QueryResult::<Value>::empty())
}

/// A Jellyfin server's configuration as it is when installed.
static CONFIGURATION: &str = include_str!("data/configuration.json");

/// What clients read of it: thresholds, languages, how names sort.
async fn configuration(ask: Ask) -> Answer {
    let mut configuration: Value = serde_json::from_str(CONFIGURATION)
        .map_err(|error| RestError::Internal(error.to_string()))?;
    configuration["ServerName"] = json!(ask.state.settings.server_name);
    present::json(&configuration)
}

async fn named_configuration(ask: Ask) -> Answer {
    match ask.segment("key") {
        "branding" => present::json(&json!({"SplashscreenEnabled": false})),
        "encoding" | "livetv" | "metadata" | "network" | "xbmcmetadata" => {
            present::json(&json!({}))
        }
        _ => Err(RestError::NotFound),
    }
}

async fn storage(_: Ask) -> Answer {
    present::json(&json!({"Libraries": []}))
}

async fn startup(ask: Ask) -> Answer {
    present::json(&json!({
        "ServerName": ask.state.settings.server_name,
        "UICulture": "en-US",
        "MetadataCountryCode": "US",
        "PreferredMetadataLanguage": "en"
    }))
}

async fn first_user(ask: Ask) -> Answer {
    let name = ask.viewer()?.name.clone();
    present::json(&json!({"Name": name}))
}

async fn providers(_: Ask) -> Answer {
    present::json(&json!([{
        "Name": "Default",
        "Id": "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider"
    }]))
}

async fn reset_providers(_: Ask) -> Answer {
    present::json(&json!([{
        "Name": "Default Password Reset Provider",
        "Id": "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider"
    }]))
}

/// Devices are sessions here: each sign-in is one.
async fn devices(ask: Ask) -> Answer {
    let mut data = ask
        .run(
            &queries::SESSIONS,
            json!({"all": true, "body": super::sessions::playing_body()}),
        )
        .await?;
    let sessions: Vec<Session> = data.take("sessions")?;
    let devices = sessions
        .into_iter()
        .map(|session| {
            json!({
                "Name": session.device_name,
                "Id": session.device_id,
                "LastUserName": session.user.name,
                "AppName": session.client,
                "AppVersion": session.client_version,
                "LastUserId": session.user.id,
                "DateLastActivity": Stamp(session.last_seen_at),
                "Capabilities": ClientCapabilities::default(),
            })
        })
        .collect();
    present::json(&QueryResult::<Value>::whole(devices))
}

/// What a Jellyfin server says of a library with nothing switched on.
static LIBRARY_OPTIONS: &str = include_str!("data/library_options.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ViewRow {
    id: String,
    name: String,
    collection_type: Option<String>,
}

async fn virtual_folders(ask: Ask) -> Answer {
    let mut data = ask
        .run(&queries::VIEWS, json!({"body": {"userData": false}}))
        .await?;
    let rows: Vec<ViewRow> = data.take("views")?;
    let options: Value = serde_json::from_str(LIBRARY_OPTIONS)
        .map_err(|error| RestError::Internal(error.to_string()))?;
    let folders: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let mut folder = json!({
                "Name": row.name,
                "Locations": [],
                "LibraryOptions": options,
                "ItemId": row.id,
                "RefreshStatus": "Idle"
            });
            if let Some(kind) = row.collection_type {
                folder["CollectionType"] = json!(kind);
            }
            folder
        })
        .collect();
    present::json(&folders)
}
