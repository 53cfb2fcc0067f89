//! The JSON of a copy on its demo server, from the columns of a spec.

use manyfin::model::UpstreamId;
use manyfin::wire::Body;
use serde_json::{Value, json};
use uuid::Uuid;

use super::spec::{Row, list};

/// An id that is the same for the same text.
pub fn id_of(text: &str) -> Uuid {
    let digest = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    Uuid::from_u128((u128::from(digest) << 64) | u128::from(digest.rotate_left(31)))
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// What a copy's server tells of it. `find`: the id there of another copy.
pub fn body(row: &Row, id: UpstreamId, parent: &str, find: impl Fn(&str) -> String) -> Body {
    let label = &row["copy"];
    let kind = row.get("kind").map_or("Movie", String::as_str);
    let text = |name: &str| row.get(name).cloned();
    let number = |name: &str| row.get(name).and_then(|text| text.parse::<i64>().ok());
    let names = |name: &str| list(row.get(name).map_or("", String::as_str), ',');
    let ids: Body = names("ids")
        .iter()
        .filter_map(|id| id.split_once(' '))
        .map(|(provider, id)| (provider.to_owned(), json!(id)))
        .collect();
    let people: Vec<Value> = names("people")
        .iter()
        .map(|name| json!({ "Name": name, "Id": hex(id_of(name)), "Type": "Actor" }))
        .collect();
    let trailers: Vec<Value> = names("trailers")
        .iter()
        .map(|url| json!({ "Url": url, "Name": "Trailer" }))
        .collect();
    let ticks = number("minutes").map(|minutes| minutes * 600_000_000);
    let path = text("path").unwrap_or_else(|| format!("/srv/{label}.mkv"));
    let mut body = json!({
        "Id": hex(id.0), "Etag": hex(Uuid::new_v4()), "Type": kind, "ParentId": parent,
        "Name": text("name").unwrap_or_else(|| label.clone()),
        "OriginalTitle": text("original"), "ProductionYear": number("year"),
        "Overview": text("overview"), "Taglines": text("tagline").into_iter().collect::<Vec<_>>(),
        "OfficialRating": text("rated"), "RunTimeTicks": ticks, "Path": path,
        "CommunityRating": text("rating").and_then(|rating| rating.parse::<f64>().ok()),
        "ProviderIds": ids, "People": people, "Genres": names("genres"), "Tags": names("tags"),
        "RemoteTrailers": trailers, "ImageTags": {}, "BackdropImageTags": [],
        "IsFolder": matches!(kind, "Series" | "Season" | "MusicAlbum" | "BoxSet"),
        "Studios": names("studios").iter()
            .map(|name| json!({ "Name": name, "Id": hex(id_of(name)) })).collect::<Vec<_>>(),
        "IndexNumber": number("season").filter(|_| kind == "Season").or(number("episode")),
        "ParentIndexNumber": number("season").filter(|_| kind != "Season"),
    });
    let images = [("poster", "Primary"), ("logo", "Logo"), ("thumb", "Thumb")];
    for (column, image) in images {
        if let Some(tag) = row.get(column) {
            body["ImageTags"][image] = json!(hex(id_of(tag)));
        }
    }
    if let Some(tag) = row.get("backdrop") {
        body["BackdropImageTags"] = json!([hex(id_of(tag))]);
    }
    for (column, field) in [("series", "SeriesId"), ("season of", "SeasonId")] {
        if let Some(other) = row.get(column) {
            body[field] = json!(find(other));
            body["ParentId"] = json!(find(other));
        }
    }
    if matches!(kind, "Movie" | "Episode") {
        let default = "1080p h264 8";
        let versions = list(row.get("video").map_or(default, String::as_str), ';');
        let sources: Vec<Value> = versions
            .iter()
            .enumerate()
            .map(|(at, version)| source(row, id, at, version, ticks, &path))
            .collect();
        body["MediaStreams"] = sources[0]["MediaStreams"].clone();
        body["MediaSources"] = json!(sources);
        body["MediaType"] = json!("Video");
    }
    match body {
        Value::Object(body) => body.into_iter().filter(|(_, it)| !it.is_null()).collect(),
        _ => Body::new(),
    }
}

/// A version by what the column `video` says of it: height, codec, megabits, HDR10, gigabytes, a name.
fn source(
    row: &Row,
    id: UpstreamId,
    at: usize,
    version: &str,
    ticks: Option<i64>,
    path: &str,
) -> Value {
    let (mut height, mut codec, mut bits, mut range) = (1080, "h264", 8_000_000, "SDR");
    let (mut size, mut name) = (4_000_000_000_i64, None);
    for word in version.split_whitespace() {
        if let Some(lines) = word.strip_suffix('p') {
            height = lines.parse().expect("a height");
        } else if let Some(gigabytes) = word.strip_suffix("GB") {
            size = (gigabytes.parse::<f64>().expect("gigabytes") * 1e9).round() as i64;
        } else if let Ok(megabits) = word.parse::<i64>() {
            bits = megabits * 1_000_000;
        } else if let Some(edition) = word.strip_prefix('"') {
            name = Some(edition.trim_end_matches('"').replace('_', " "));
        } else if word == "HDR10" {
            range = word;
        } else {
            codec = word;
        }
    }
    let mut streams = vec![json!({
        "Type": "Video", "Index": 0, "Codec": codec, "Width": height * 16 / 9, "Height": height,
        "BitRate": bits, "VideoRangeType": range,
    })];
    let sounds = list(row.get("audio").map_or("eng aac 2", String::as_str), ',');
    for (at, sound) in sounds.iter().enumerate() {
        let words: Vec<&str> = sound.split_whitespace().collect();
        let channels: i64 = words[2].parse().expect("channels");
        streams.push(json!({
            "Type": "Audio", "Index": at + 1, "Language": words[0], "Codec": words[1],
            "Channels": channels,
        }));
    }
    let own = match at {
        0 => hex(id.0),
        _ => hex(id_of(&format!("{}#{at}", hex(id.0)))),
    };
    json!({
        "Id": own, "Protocol": "File", "Type": "Default", "Container": "mkv", "Size": size,
        "Name": name.unwrap_or_else(|| format!("{height}p")), "Path": path, "Bitrate": bits,
        "RunTimeTicks": ticks, "ETag": own, "MediaStreams": streams, "SupportsDirectPlay": true,
        "SupportsDirectStream": true, "SupportsTranscoding": true, "IsRemote": false,
    })
}
