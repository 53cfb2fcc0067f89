use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn film() -> LightItem {
    serde_json::from_value(json!({
        "Id": "0123456789abcdef0123456789abcdef", "Type": "Movie", "Name": "Alien", "IsFolder": false,
        "SortName": "alien", "ParentId": "fedcba9876543210fedcba9876543210", "ProductionYear": 1979,
        "PremiereDate": "1979-05-25T00:00:00.1234567Z", "CommunityRating": 8.5, "HasSubtitles": false,
        "OfficialRating": "R", "RunTimeTicks": 70_200_000_000_i64, "Etag": "00ff00ff00ff00ff00ff00ff00ff00ff",
        "Overview": "In space.", "Genres": ["Horror", "Science Fiction"],
        "GenreItems": [{ "Name": "Horror", "Id": "11111111111111111111111111111111" }, { "Name": "Science Fiction" }],
        "People": [{ "Name": "Sigourney Weaver", "Role": "Ripley", "Type": "Actor", "PrimaryImageTag": "aa" },
                   { "Name": "Sigourney Weaver", "Type": "Actor", "PrimaryImageTag": "aa" }],
        "ProviderIds": { "Imdb": "tt0078748", "Tmdb": "348" },
        "ImageTags": { "Primary": "abababababababababababababababab", "Logo": "Not-A-Digest" },
        "ImageBlurHashes": { "Primary": { "abababababababababababababababab": "LEHV6nWB2yk8" } },
        "MediaSources": [{ "Id": "0123456789abcdef0123456789abcdef", "Name": "Alien", "Container": "mkv", "Size": 4_100_000_000_i64,
            "MediaStreams": [{ "Type": "Video", "Codec": "hevc", "Width": 3840, "Height": 1600, "BitRate": 20_000_000 },
                             { "Type": "Audio", "Language": "eng", "Channels": 8 }] }],
        "RemoteTrailers": [{ "Url": "https://example.org/a" }],
    }))
    .expect("an item")
}

#[test]
fn what_goes_in_comes_out() {
    let film = film();
    let packed = Packed::from(&film);
    assert_eq!(packed.unpack(), film);
    assert_eq!(packed.name(), "Alien");
    assert_eq!(packed.overview().as_deref(), Some("In space."));
    assert_eq!(packed.series_id(), None);
    assert_eq!(packed.has_subtitles(), Some(false));
    let roles: Vec<_> = packed.people().map(|person| person.role).collect();
    assert_eq!(roles, [Some(Word::from("Ripley")), None]);
    assert!(packed.tags().is_empty() && packed.tags().next().is_none());
}

#[test]
fn a_film_takes_a_few_hundred_bytes() {
    let bytes = Packed::from(&film()).weight() + size_of::<Packed>();
    assert!(bytes < 500, "{bytes}");
    assert!(size_of::<LightItem>() > 1_000, "then it need not be packed");
}

#[test]
fn a_date_beyond_all_dates_ends_where_time_does() {
    let mut item = film();
    item.premiere_date = Some(DateTime::<Utc>::MAX_UTC);
    item.end_date = Some(DateTime::<Utc>::MIN_UTC);
    let packed = Packed::from(&item);
    assert!(packed.premiere_date() > packed.date_created());
    assert!(packed.end_date() < item.premiere_date);
}

/// Any value that a field may have, by its name; from what Jellyfin sends.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["\\PC{0,40}".boxed(), "[0-9a-f]{32}".boxed()];
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
        Just(json!("2020-01-02T03:04:05.6789012Z")),
        prop::collection::vec(text.clone().prop_map(Value::from), 0..4).prop_map(Value::from),
        prop::collection::vec((text.clone(), text.clone()), 0..4)
            .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k, json!(v))).collect()),
        prop::collection::vec(
            (text.clone(), any::<i32>()).prop_map(
                |(name, number)| json!({ "Name": name, "Type": name, "Width": number, "Size": number })
            ),
            0..4
        )
        .prop_map(Value::from),
        (text.clone(), text).prop_map(|(kind, tag)| json!({ kind: { tag: "hash" } })),
    ]
}

proptest! {
    #[test]
    fn whatever_reads_as_an_item_comes_out_as_it_went_in(
        values in prop::collection::vec((0..FIELDS.len(), value()), 0..30)
    ) {
        let mut body = json!({ "Id": "0123456789abcdef0123456789abcdef", "Type": "Movie", "Name": "ö" });
        for (field, value) in values {
            let mut with = body.clone();
            with[pascal(FIELDS[field])] = value;
            if serde_json::from_value::<LightItem>(with.clone()).is_ok() {
                body = with;
            }
        }
        let item: LightItem = serde_json::from_value(body).unwrap();
        prop_assert_eq!(Packed::from(&item).unpack(), item);
    }
}

fn pascal(field: &str) -> String {
    let words = field
        .split('_')
        .map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}
