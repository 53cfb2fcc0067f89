//! From the engine's answers to Jellyfin's JSON.

use async_graphql::Value as GraphValue;
use serde_json::json;

use super::raw;
use crate::rest::present::hints::hint;
use crate::rest::present::list::{Page, page_text};
use crate::rest::present::raw::Raw;

#[test]
fn bodies_are_moved_not_parsed() {
    // Not valid JSON: whoever parsed it would fail.
    let value = GraphValue::from_json(raw("{\"A\":<>}")).unwrap();
    assert_eq!(Raw::from(value), Raw("{\"A\":<>}".to_owned()));
    let plain = GraphValue::from_json(json!({"a": [1, null]})).unwrap();
    assert_eq!(Raw::from(plain).0, "{\"a\":[1,null]}");
    assert_eq!(Raw::from(GraphValue::Null).0, "null");
}

#[test]
fn fields_are_added_at_the_end() {
    let with = |text: &str| Raw(text.to_owned()).with_field("ChildCount", 3).0;
    assert_eq!(with("{\"Id\":\"a\"} "), "{\"Id\":\"a\",\"ChildCount\":3}");
    assert_eq!(with("{}"), "{\"ChildCount\":3}");
    assert_eq!(with("null"), "null");
}

#[test]
fn pages_are_spliced() {
    let answer = json!({"totalCount": 7, "bodies": raw("[{\"Id\":\"a\"},{}]")});
    let read = |answer: &serde_json::Value| -> Page {
        async_graphql::from_value(GraphValue::from_json(answer.clone()).unwrap()).unwrap()
    };
    assert_eq!(
        page_text(read(&answer), 5),
        "{\"Items\":[{\"Id\":\"a\"},{}],\"TotalRecordCount\":7,\"StartIndex\":5}"
    );
    assert_eq!(read(&answer).counted(false).unwrap().total_count, 2);
}

#[test]
fn hints_are_cut_from_bodies() {
    let film = json!({
        "Name": "The Broken Garden", "ServerId": "s", "Id": "a", "ProductionYear": 1988,
        "RunTimeTicks": 120230000, "IsFolder": false, "Type": "Movie", "MediaType": "Video",
        "PrimaryImageAspectRatio": 0.6666666666666666, "ImageTags": {"Primary": "p"},
        "BackdropImageTags": ["b"]
    });
    let person = json!({
        "Name": "Garden Archiveson", "Id": "g", "Type": "Person", "MediaType": "Unknown",
        "ImageTags": {}, "BackdropImageTags": []
    });
    assert_eq!(
        hint(&Raw(film.to_string())).unwrap(),
        json!({
            "ItemId": "a", "Id": "a", "Name": "The Broken Garden", "ProductionYear": 1988,
            "PrimaryImageTag": "p", "BackdropImageTag": "b", "BackdropImageItemId": "a",
            "Type": "Movie", "RunTimeTicks": 120230000, "MediaType": "Video", "Artists": [],
            "ChannelId": null, "PrimaryImageAspectRatio": 0.6666666666666666
        })
    );
    assert_eq!(
        hint(&Raw(person.to_string())).unwrap(),
        json!({
            "ItemId": "g", "Id": "g", "Name": "Garden Archiveson", "Type": "Person",
            "MediaType": "Unknown", "Artists": [], "ChannelId": null
        })
    );
}
