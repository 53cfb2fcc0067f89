//! Fields of a body that lists show only when asked for, and `/Items/{id}` always.

use serde_json::Value;

use super::IdMap;
use crate::model::BodyOptions;
use crate::wire::Body;

/// `ItemFields` that the light part answers, lower case: no body is needed for them.
const LIGHT: &[&str] = &[
    "originaltitle",
    "etag",
    "datecreated",
    "datelastmediaadded",
    "candelete",
    "candownload",
    "sortname",
    "path",
    "enablemediasourcedisplay",
    "customrating",
    "overview",
    "genres",
    "playaccess",
    "providerids",
    "parentid",
    "people",
    "studios",
    "localtrailercount",
    "childcount",
    "recursiveitemcount",
    "tags",
    "width",
    "height",
    "ishd",
    "primaryimageaspectratio",
    "mediasourcecount",
    "cumulativeruntimeticks",
    "seriesstudio",
    "airtime",
    "channelinfo",
    "channelimage",
    "seasonuserdata",
    "refreshstate",
    "datelastsaved",
    "datelastrefreshed",
    "specialfeaturecount",
    "extraids",
    "displaypreferencesid",
    "basicsyncinfo",
    "syncinfo",
    "screenshotimagetags",
    "inheritedparentalratingvalue",
    "externalseriesid",
    "presentationuniquekey",
    "themesongids",
    "themevideoids",
    "serviceName",
    "isd",
];

/// Whether what is asked for goes beyond the light part.
pub fn needs_bodies(options: &BodyOptions) -> bool {
    options.all_fields
        || options
            .fields
            .iter()
            .any(|field| !LIGHT.contains(&field.as_str()))
}

/// What an account says of itself, what Manyfin counts itself, and what is rendered elsewhere.
const OURS: &[&str] = &[
    "UserData",
    "CanDelete",
    "CanDownload",
    "PlayAccess",
    "ChildCount",
    "RecursiveItemCount",
    "MediaSources",
    "MediaStreams",
    "MediaSourceCount",
    "Id",
    "ServerId",
    "ParentId",
    "SeriesId",
    "SeasonId",
    "AlbumId",
    "People",
    "Studios",
    "GenreItems",
    "ArtistItems",
    "AlbumArtists",
    "ImageTags",
    "BackdropImageTags",
    "ImageBlurHashes",
    "ParentBackdropItemId",
    "ParentBackdropImageTags",
    "ParentLogoItemId",
    "ParentLogoImageTag",
    "ParentArtItemId",
    "ParentArtImageTag",
    "ParentThumbItemId",
    "ParentThumbImageTag",
    "ParentPrimaryImageItemId",
    "ParentPrimaryImageTag",
    "SeriesPrimaryImageTag",
    "SeriesThumbImageTag",
    "AlbumPrimaryImageTag",
    "ImageOrientation",
    "PlaylistItemId",
    "ProviderIds",
    "ChannelId",
    "IndexNumberEnd",
];

/// Body fields by the `ItemFields` name that asks for them, where the two differ.
fn asked_by(field: &str) -> String {
    match field {
        "LockedFields"
        | "LockData"
        | "PreferredMetadataLanguage"
        | "PreferredMetadataCountryCode" => "settings".to_owned(),
        "AirsBeforeSeasonNumber" | "AirsAfterSeasonNumber" | "AirsBeforeEpisodeNumber" => {
            "specialepisodenumbers".to_owned()
        }
        "ForcedSortName" => "sortname".to_owned(),
        field
            if field.ends_with("Count")
                && field != "SpecialFeatureCount"
                && field != "LocalTrailerCount" =>
        {
            "itemcounts".to_owned()
        }
        field => field.to_ascii_lowercase(),
    }
}

/// Adds what is asked for and not there yet. Called for the leading copy first, so that the others
/// fill only what it lacks.
pub fn add(out: &mut Body, full: &Body, options: &BodyOptions, ids: &IdMap<'_>) {
    for (field, value) in full {
        let filled = out.get(field).is_some_and(|known| !lacking(known));
        if filled || OURS.contains(&field.as_str()) || !options.wants(&asked_by(field)) {
            continue;
        }
        let value = match field.as_str() {
            "DisplayPreferencesId" => value.clone(),
            "Trickplay" => trickplay(value, ids),
            "Chapters" => value.clone(),
            field if field.ends_with("ItemId") => ids.item_value(value),
            _ => value.clone(),
        };
        if !out.contains_key(field) || !lacking(&value) {
            out.insert(field.clone(), value);
        }
    }
}

fn lacking(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Keyed by the version's id.
pub fn trickplay(value: &Value, ids: &IdMap<'_>) -> Value {
    let Some(versions) = value.as_object() else {
        return value.clone();
    };
    let mapped = versions.iter().map(|(id, sheets)| {
        let id = id
            .parse()
            .map_or_else(|_| id.clone(), |id| ids.item(id).to_string());
        (id, sheets.clone())
    });
    Value::Object(mapped.collect())
}
