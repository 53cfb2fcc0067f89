//! Values of known types that no strict client can read: a date that is none, a number that is none or too
//! large. They are left out of a body, and everything else passes as it came.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use crate::wire::Body;

/// Takes them out, also from what lies below: versions, streams, chapters.
pub fn clean(body: &mut Body) {
    body.retain(|field, value| {
        let is_readable = is_readable(field, value);
        if is_readable {
            clean_below(value);
        }
        is_readable
    });
}

fn clean_below(value: &mut Value) {
    match value {
        Value::Object(body) => clean(body),
        Value::Array(list) => list.iter_mut().for_each(clean_below),
        _ => {}
    }
}

fn is_readable(field: &str, value: &Value) -> bool {
    if value.is_null() {
        return true;
    }
    match field {
        "PremiereDate" | "EndDate" | "StartDate" | "DateCreated" | "DateLastMediaAdded"
        | "ImageDateModified" => value.as_str().is_some_and(is_time),
        "RunTimeTicks" | "CumulativeRunTimeTicks" | "StartPositionTicks" | "Size" => value.is_i64(),
        "ProductionYear"
        | "IndexNumber"
        | "IndexNumberEnd"
        | "ParentIndexNumber"
        | "AirsBeforeSeasonNumber"
        | "AirsAfterSeasonNumber"
        | "AirsBeforeEpisodeNumber"
        | "Width"
        | "Height"
        | "Bitrate"
        | "BitRate"
        | "Channels"
        | "SampleRate"
        | "BitDepth"
        | "LocalTrailerCount"
        | "SpecialFeatureCount" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        "CommunityRating" | "CriticRating" | "PrimaryImageAspectRatio" | "NormalizationGain" => {
            value.is_number()
        }
        _ => true,
    }
}

/// As Jellyfin writes it; moments of no known zone lack the `Z`.
fn is_time(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok()
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok()
}
