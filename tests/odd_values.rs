//! Fields of known types that hold what no client can read.

use manyfin::model::ItemKind;
use serde_json::{Value, json};

use crate::support::gateway::{Gateway, film, sources};

#[tokio::test(flavor = "multi_thread")]
async fn values_that_no_client_can_read_are_left_out() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 4).await;
    let (name, ids) = film(&sources, 0);
    sources[0].edit_item(ids[0], |body| {
        body.insert("PremiereDate".to_owned(), json!("2001-02-30"));
        body.insert("EndDate".to_owned(), json!("soon"));
        body.insert(
            "RunTimeTicks".to_owned(),
            json!(18_000_000_000_000_000_000_u64),
        );
        body.insert("ProductionYear".to_owned(), json!(30_000_000_000_i64));
        body.insert("CommunityRating".to_owned(), json!("good"));
        body.insert("Taglines".to_owned(), json!(["It is told as it came."]));
        let source = &mut body["MediaSources"][0];
        source["RunTimeTicks"] = json!(18_000_000_000_000_000_000_u64);
        source["Bitrate"] = json!(1.8e19);
    });
    assert_eq!(sources[0].items(ItemKind::Movie).len(), 4);
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let listed = ann.named(&name).await;
    let id = listed["Id"].as_str().expect("an id");
    let details = ann.get(&format!("/Items/{id}")).await;
    let all = ann
        .get(
            "/Items?recursive=true&includeItemTypes=Movie&fields=MediaSources,Taglines,DateCreated",
        )
        .await;
    let items = all["Items"].as_array().expect("a list").iter();
    let whole = items.clone().find(|item| item["Name"] == json!(name));
    for item in [&listed, &details, whole.expect("it is listed")] {
        for field in [
            "PremiereDate",
            "EndDate",
            "RunTimeTicks",
            "ProductionYear",
            "CommunityRating",
        ] {
            assert_eq!(item.get(field), None, "{field}: {item}");
        }
        assert_eq!(item["Type"], "Movie");
    }
    assert_eq!(details["Taglines"][0], "It is told as it came.");
    for item in [&details, whole.expect("it is listed")] {
        let source = &item["MediaSources"][0];
        assert!(source["Id"].is_string(), "{item}");
        assert_eq!(
            source.get("RunTimeTicks").filter(|v| **v != Value::Null),
            None
        );
        assert_eq!(source.get("Bitrate").filter(|v| **v != Value::Null), None);
    }
}
