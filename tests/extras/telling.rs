//! Which extras are told, of which copy.

use std::collections::BTreeMap;

use manyfin::demo::ExtraKind;
use manyfin::model::ItemKind;
use serde_json::{Value, json};

use super::shelves::{Shelves, id};

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().or_else(|| list["Items"].as_array());
    let list = list.expect("a list").iter();
    list.map(|item| item["Name"].as_str().expect("a name"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn features_come_from_the_first_copy_that_has_any() {
    let shelves = Shelves::new().await;
    let (name, here, there) = shelves.shared(ItemKind::Movie);
    shelves
        .basement
        .add_extra(there, ExtraKind::Feature, "Below");
    shelves.crawl().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let ben = shelves.gateway.sign_in("ben").await;
    let film = id(&shelves.named(&ann, "Movie", &name).await).to_owned();
    let path = format!("/Items/{film}/SpecialFeatures");

    assert_eq!(
        ann.get(&format!("/Items/{film}")).await["SpecialFeatureCount"],
        1
    );
    let told = ann.get(&path).await;
    assert_eq!(names(&told), ["Below"]);
    assert!(!told.to_string().contains(&shelves.basement.id()), "{told}");
    assert_eq!(ben.get(&path).await, json!([]));

    shelves.attic.add_extra(here, ExtraKind::Feature, "Above");
    shelves.crawl().await;
    assert_eq!(names(&ann.get(&path).await), ["Above"]);
    assert_eq!(names(&ben.get(&path).await), ["Above"]);
    // Under the path of old apps too.
    let me = ann.get("/Users/Me").await;
    let old = format!("/Users/{}/Items/{film}/SpecialFeatures", id(&me));
    assert_eq!(names(&ann.get(&old).await), ["Above"]);
    // A dead server costs the others nothing.
    shelves.attic.stop();
    assert_eq!(names(&ann.get(&path).await), ["Below"]);
    shelves.basement.stop();
    assert_eq!(ann.get(&path).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_an_extra_names_is_found_under_the_same_id_as_elsewhere() {
    let shelves = Shelves::new().await;
    let (name, here, _) = shelves.shared(ItemKind::Movie);
    shelves.attic.add_extra(here, ExtraKind::Feature, "Above");
    shelves.crawl().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let film = id(&shelves.named(&ann, "Movie", &name).await).to_owned();
    let told = ann.get(&format!("/Items/{film}/SpecialFeatures")).await;
    let extra = ann.get(&format!("/Items/{}", id(&told[0]))).await;
    let film = ann.get(&format!("/Items/{film}")).await;
    for field in ["People", "GenreItems"] {
        let ids = |item: &Value| -> BTreeMap<String, String> {
            let list = item[field].as_array().expect(field).iter();
            list.map(|named| (named["Name"].to_string(), id(named).to_owned()))
                .collect()
        };
        let (of_extra, of_film) = (ids(&extra), ids(&film));
        assert!(!of_extra.is_empty(), "{field}: {extra}");
        for (name, id) in of_extra {
            assert_eq!(of_film.get(&name), Some(&id), "{field} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_those_of_the_copy_that_plays() {
    let shelves = Shelves::new().await;
    let (name, _, there) = shelves.shared(ItemKind::Movie);
    shelves
        .basement
        .add_extra(there, ExtraKind::Part, "Second reel");
    shelves.crawl().await;
    let ann = shelves.gateway.sign_in("ann").await;
    let film = shelves.named(&ann, "Movie", &name).await;
    let film = ann.get(&format!("/Items/{}", id(&film))).await;
    let versions: Vec<&str> = film["MediaSources"]
        .as_array()
        .expect("versions")
        .iter()
        .map(id)
        .collect();
    assert!(versions.len() > 1, "{film}");
    let mut told = Vec::new();
    for version in &versions {
        let parts = ann.get(&format!("/Videos/{version}/AdditionalParts")).await;
        assert_eq!(parts["TotalRecordCount"], names(&parts).len());
        told.push(names(&parts).len());
    }
    // The first version is the attic's, under the item's id: one file.
    assert_eq!(told[0], 0);
    assert_eq!(told.iter().sum::<usize>(), 1, "{told:?}");
    // With the attic gone the film plays from the other, which has two files.
    shelves.attic.stop();
    let path = format!("/Videos/{}/AdditionalParts", id(&film));
    crate::support::gateway::eventually("the other one plays", async || {
        names(&ann.get(&path).await) == ["Second reel"]
    })
    .await;
}

/// The parts that follow are asked for before it is told how a film plays: the two must fit, or half of one
/// film is played, or half of one after the whole of another.
#[tokio::test(flavor = "multi_thread")]
async fn what_plays_first_is_what_told_its_parts() {
    let shelves = Shelves::new().await;
    let (name, here, there) = shelves.shared(ItemKind::Movie);
    assert!(shelves.attic.edit_item(here, |body| {
        for source in body["MediaSources"].as_array_mut().expect("versions") {
            source["Container"] = json!("avi");
        }
    }));
    let ann = shelves.gateway.sign_in("ann").await;
    let film = id(&shelves.named(&ann, "Movie", &name).await).to_owned();
    let first = async || {
        let profile = json!({ "DeviceProfile": {
            "DirectPlayProfiles": [{ "Type": "Video", "Container": "mp4,mov,mkv" }],
            "TranscodingProfiles": [{ "Type": "Video", "Container": "mp4", "Protocol": "hls",
                "VideoCodec": "h264", "AudioCodec": "aac" }],
        }});
        let told = ann
            .post(&format!("/Items/{film}/PlaybackInfo"), profile)
            .await;
        let parts = ann.get(&format!("/Videos/{film}/AdditionalParts")).await;
        let label = told["MediaSources"][0]["Name"].as_str().expect("a label");
        let server = label.split(" · ").next().expect("a server").to_owned();
        (server, names(&parts).len())
    };
    // What needs no transcoding goes first, and neither has parts.
    assert_eq!(first().await, ("Basement".to_owned(), 0));
    shelves
        .attic
        .add_extra(here, ExtraKind::Part, "Second reel");
    shelves.crawl().await;
    assert_eq!(first().await, ("Attic".to_owned(), 1));
    shelves
        .basement
        .add_extra(there, ExtraKind::Part, "Part two");
    shelves
        .basement
        .add_extra(there, ExtraKind::Part, "Part three");
    shelves.crawl().await;
    assert_eq!(first().await, ("Attic".to_owned(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn themes_of_the_series_sound_on_its_episodes() {
    let shelves = Shelves::new().await;
    let (name, here, _) = shelves.shared(ItemKind::Series);
    shelves.attic.add_extra(here, ExtraKind::ThemeSong, "Theme");
    let ann = shelves.gateway.sign_in("ann").await;
    let series = id(&shelves.named(&ann, "Series", &name).await).to_owned();
    let episodes = ann.get(&format!("/Shows/{series}/Episodes")).await;
    let episode = episodes["Items"].as_array().expect("episodes").iter();
    let mut sung = 0;
    for episode in episode.map(id) {
        let own = ann.get(&format!("/Items/{episode}/ThemeMedia")).await;
        assert_eq!(names(&own["ThemeSongsResult"]), Vec::<&str>::new());
        let path = format!("/Items/{episode}/ThemeMedia?inheritFromParent=true");
        let told = ann.get(&path).await;
        if names(&told["ThemeSongsResult"]) == ["Theme"] {
            sung += 1;
            assert_eq!(told["ThemeSongsResult"]["OwnerId"], series.as_str());
            let song = id(&told["ThemeSongsResult"]["Items"][0]);
            for path in ["stream?static=true", "universal?container=mp3"] {
                let status = ann.first_bytes(&format!("/Audio/{song}/{path}")).await;
                assert_eq!(status, 206, "{path}");
            }
        }
    }
    // Those that the other shelf alone has know nothing of it.
    assert!(sung > 0);
    let songs = ann.get(&format!("/Items/{series}/ThemeSongs")).await;
    assert_eq!(names(&songs), ["Theme"]);
}
