//! Live TV and channels: there are none, and apps ask all the same.

use chrono::Duration;
use serde_json::{Value, json};

use super::error::RestError;
use super::present;
use super::route::{Answer, Ask, Route, routes};
use crate::wire::QueryResult;
use crate::wire::time::Stamp;

pub(super) const ROUTES: &[Route] = routes! {
    Get "/livetv/info" User info;
    Get "/livetv/guideinfo" User guide_info;
    Get "/livetv/channels" User none;
    Get "/livetv/channels/{channelId}" User absent;
    Get "/livetv/programs" User none;
    Post "/livetv/programs" User none;
    Get "/livetv/programs/recommended" User none;
    Get "/livetv/programs/{programId}" User absent;
    Get "/livetv/recordings" User none;
    Get "/livetv/recordings/series" User none;
    Get "/livetv/recordings/groups" User none;
    Get "/livetv/recordings/folders" User none;
    Get "/livetv/recordings/{recordingId}" User absent;
    Get "/livetv/timers" User none;
    Get "/livetv/timers/{timerId}" User absent;
    Get "/livetv/seriestimers" User none;
    Get "/livetv/seriestimers/{timerId}" User absent;
    Get "/livetv/tunerhosts/types" User no_list;
    Get "/channels" User none;
    Get "/channels/features" User no_list;
    Get "/channels/items/latest" User none;
    Get "/channels/{channelId}/items" User none;
};

async fn none(_: Ask) -> Answer {
    present::json(&QueryResult::<Value>::empty())
}

async fn no_list(_: Ask) -> Answer {
    present::json(&json!([]))
}

async fn absent(_: Ask) -> Answer {
    Err(RestError::NotFound)
}

/// What a Jellyfin server without tuners says.
async fn info(_: Ask) -> Answer {
    present::json(&json!({
        "Services": [{
            "Name": "Emby",
            "Status": "Ok",
            "HasUpdateAvailable": false,
            "IsVisible": false,
            "Tuners": []
        }],
        "IsEnabled": true,
        "EnabledUsers": []
    }))
}

async fn guide_info(ask: Ask) -> Answer {
    let now = ask.state.clock.now();
    present::json(&json!({
        "StartDate": Stamp(now),
        "EndDate": Stamp(now + Duration::days(7)),
    }))
}
