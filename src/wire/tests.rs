//! Round trips of what real servers said.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::any_case::{pascal_keys, pascal_top};
use super::*;

fn round_trip<T: Serialize + DeserializeOwned>(recorded: Value) {
    let typed: T = serde_json::from_value(recorded.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), recorded);
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn system_info() {
    let public = json!({
        "LocalAddress": "http://127.0.0.1:8106", "ServerName": "Basement", "Version": "10.11.11",
        "ProductName": "Jellyfin Server", "OperatingSystem": "",
        "Id": "b1aabbac4bf049219043f4caee9dce41", "StartupWizardCompleted": true
    });
    round_trip::<PublicSystemInfo>(public.clone());
    let typed: PublicSystemInfo = serde_json::from_value(public).unwrap();
    let info = serde_json::to_value(SystemInfo::of(typed, 8106)).unwrap();
    assert_eq!(info["ServerName"], "Basement");
    assert_eq!(info["WebSocketPortNumber"], 8106);
    round_trip::<SystemInfo>(info);
}

#[test]
fn user_with_policy() {
    round_trip::<UserDto>(parse(
        r#"{
        "Name": "bob", "ServerId": "b1aabbac4bf049219043f4caee9dce41",
        "Id": "1b1f9687f3d2469f9ab0aca6a4b21cd1", "HasPassword": true,
        "HasConfiguredPassword": true, "HasConfiguredEasyPassword": false,
        "EnableAutoLogin": false, "LastActivityDate": "2026-11-22T19:08:00.2567070Z",
        "Configuration": {
            "PlayDefaultAudioTrack": true, "SubtitleLanguagePreference": "",
            "DisplayMissingEpisodes": false, "GroupedFolders": [], "SubtitleMode": "Default",
            "DisplayCollectionsView": false, "EnableLocalPassword": false, "OrderedViews": [],
            "LatestItemsExcludes": [], "MyMediaExcludes": [], "HidePlayedInLatest": true,
            "RememberAudioSelections": true, "RememberSubtitleSelections": true,
            "EnableNextEpisodeAutoPlay": true, "CastReceiverId": "F007D354"
        },
        "Policy": {
            "IsAdministrator": false, "IsHidden": true, "EnableCollectionManagement": false,
            "EnableSubtitleManagement": false, "EnableLyricManagement": false,
            "IsDisabled": false, "MaxParentalRating": 13, "MaxParentalSubRating": 0,
            "BlockedTags": ["family"], "AllowedTags": [], "EnableUserPreferenceAccess": true,
            "AccessSchedules": [], "BlockUnratedItems": [],
            "EnableRemoteControlOfOtherUsers": false, "EnableSharedDeviceControl": true,
            "EnableRemoteAccess": true, "EnableLiveTvManagement": false,
            "EnableLiveTvAccess": true, "EnableMediaPlayback": true,
            "EnableAudioPlaybackTranscoding": true, "EnableVideoPlaybackTranscoding": true,
            "EnablePlaybackRemuxing": true, "ForceRemoteSourceTranscoding": false,
            "EnableContentDeletion": false, "EnableContentDeletionFromFolders": [],
            "EnableContentDownloading": false, "EnableSyncTranscoding": true,
            "EnableMediaConversion": true, "EnabledDevices": [], "EnableAllDevices": true,
            "EnabledChannels": [], "EnableAllChannels": true,
            "EnabledFolders": ["db4c1708cbb5dd1676284a40f2950aba"], "EnableAllFolders": false,
            "InvalidLoginAttemptCount": 0, "LoginAttemptsBeforeLockout": -1,
            "MaxActiveSessions": 0, "EnablePublicSharing": true, "BlockedMediaFolders": [],
            "BlockedChannels": [], "RemoteClientBitrateLimit": 0,
            "AuthenticationProviderId":
                "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider",
            "PasswordResetProviderId":
                "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider",
            "SyncPlayAccess": "CreateAndJoinGroups"
        }
    }"#,
    ));
}

#[test]
fn session() {
    round_trip::<SessionInfo>(json!({
        "PlayState": {
            "PositionTicks": 0, "CanSeek": true, "IsPaused": false, "IsMuted": false,
            "MediaSourceId": "aeececf56199007eaa4009c41e3aa7aa", "PlayMethod": "DirectPlay",
            "RepeatMode": "RepeatNone", "PlaybackOrder": "Default"
        },
        "AdditionalUsers": [],
        "Capabilities": {
            "PlayableMediaTypes": ["Audio", "Video"], "SupportedCommands": ["DisplayMessage"],
            "SupportsMediaControl": true, "SupportsPersistentIdentifier": false
        },
        "RemoteEndPoint": "127.0.0.1", "PlayableMediaTypes": ["Audio", "Video"],
        "Id": "4fa45ae82166748611b9ff5e65d8bac2", "UserId": "71da572678594438bc6787b8842eaa2b",
        "UserName": "alice", "Client": "Recorder",
        "LastActivityDate": "2026-11-22T19:08:23.7493830Z",
        "LastPlaybackCheckIn": "2026-11-22T19:08:23.7493855Z", "DeviceName": "Lab alice",
        "NowPlayingItem": {"Name": "The Broken Garden"}, "DeviceId": "lab-alice",
        "ApplicationVersion": "1.0.0", "IsActive": true, "SupportsMediaControl": true,
        "SupportsRemoteControl": true, "NowPlayingQueue": [], "NowPlayingQueueFullItems": [],
        "HasCustomDeviceName": false, "ServerId": "b1aabbac4bf049219043f4caee9dce41",
        "SupportedCommands": ["DisplayMessage"]
    }));
}

#[test]
fn user_data() {
    round_trip::<UserItemData>(json!({
        "Rating": 10.0, "PlaybackPositionTicks": 0, "PlayCount": 1, "IsFavorite": true,
        "Likes": true, "LastPlayedDate": "2026-11-22T19:04:50.4348040Z", "Played": true,
        "Key": "100385", "ItemId": "a52c8e7b53c8ff63147ed1ea69b7f9f4"
    }));
    round_trip::<UpdateUserItemData>(
        json!({"PlaybackPositionTicks": 60115000, "IsFavorite": true}),
    );
}

#[test]
fn display_preferences_keep_what_we_do_not_know() {
    round_trip::<DisplayPreferences>(json!({
        "Id": "3ce5b65d-e116-d731-65d1-efc4a30ec35c", "SortBy": "SortName",
        "RememberIndexing": false, "PrimaryImageHeight": 250, "PrimaryImageWidth": 250,
        "CustomPrefs": {"chromecastVersion": "stable", "tvhome": null},
        "ScrollDirection": "Horizontal", "ShowBackdrop": true, "RememberSorting": false,
        "SortOrder": "Ascending", "ShowSidebar": false, "Client": "emby", "Later": 1
    }));
}

#[test]
fn lists_and_sockets() {
    round_trip::<QueryResult<Value>>(
        json!({"Items": [], "TotalRecordCount": 89, "StartIndex": 5000}),
    );
    round_trip::<SocketMessage<i64>>(json!({
        "MessageId": "8528578935ed4ffea1a40d351325a8fe", "Data": 60,
        "MessageType": "ForceKeepAlive"
    }));
    round_trip::<LibraryUpdate>(json!({
        "FoldersAddedTo": ["a"], "FoldersRemovedFrom": [], "ItemsAdded": [], "ItemsRemoved": [],
        "ItemsUpdated": ["b"], "CollectionFolders": [], "IsEmpty": false
    }));
}

#[test]
fn keys_come_in_any_case() {
    let sent = json!({"username": "alice", "PW": "x"});
    let login: AuthenticateUserByName =
        serde_json::from_value(pascal_top(sent, AuthenticateUserByName::KEYS)).unwrap();
    assert_eq!(login.username.as_deref(), Some("alice"));
    assert_eq!(login.pw.unwrap().expose(), "x");

    let sent = json!({"mediasourceid": "m", "deviceProfile": {"directplayprofiles": [{"type": "Video", "videocodec": "h264"}]}});
    assert_eq!(
        pascal_keys(sent, PLAYBACK_KEYS),
        json!({"MediaSourceId": "m", "DeviceProfile": {"DirectPlayProfiles": [{"Type": "Video", "VideoCodec": "h264"}]}})
    );
}

#[test]
fn reports_are_read_leniently() {
    let report: PlaybackReport = serde_json::from_value(json!({
        "ItemId": "a", "PositionTicks": "60115000", "IsPaused": "True", "VolumeLevel": 99.5,
        "SubtitleStreamIndex": null, "Extra": [1]
    }))
    .unwrap();
    assert_eq!(report.position_ticks, Some(60_115_000));
    assert_eq!(report.is_paused, Some(true));
    assert_eq!(report.volume_level, Some(99));
    assert_eq!(report.subtitle_stream_index, None);
    assert_eq!(report.rest["Extra"], json!([1]));
}

#[test]
fn kodi_sends_lists_as_one_text() {
    let told: ClientCapabilities = serde_json::from_value(
        json!({"PlayableMediaTypes": "Audio, Video", "SupportsMediaControl": true}),
    )
    .unwrap();
    assert_eq!(told.playable_media_types, ["Audio", "Video"]);
    assert!(told.supports_persistent_identifier);
}
