//! One of three servers goes away: lists and details stay whole, and what it held plays from another.

use std::time::Duration;

use manyfin::config::CollectionType;
use manyfin::demo::{DemoServer, demo_sources};
use serde_json::{Value, json};

use crate::support::app::TestApp;

struct Stage {
    app: TestApp,
    sources: Vec<DemoServer>,
    token: String,
    films: String,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::on_sqlite().await;
        let mut sources = Vec::new();
        let mut rows = Vec::new();
        for mut spec in demo_sources(3, 40) {
            spec.delay = Duration::ZERO;
            let source = DemoServer::start(spec).await.expect("a source");
            let name = source.name().to_owned();
            rows.push(
                app.add_server(&source, &name, ("crawler", "crawler-pw"))
                    .await,
            );
            sources.push(source);
        }
        let links: Vec<_> = rows
            .iter()
            .map(|row| (*row, ("alice", "alice-pw")))
            .collect();
        app.add_user("alice", "alice", false, &links).await;
        let libraries = app
            .app
            .accounts
            .source_libraries()
            .await
            .expect("libraries");
        let parts: Vec<(String, String)> = rows
            .iter()
            .zip(&sources)
            .map(|(row, source)| {
                let films = libraries
                    .iter()
                    .find(|library| {
                        library.server_id == *row
                            && library.collection_type.as_deref() == Some("movies")
                    })
                    .expect("films");
                (source.name().to_owned(), films.library_id.clone())
            })
            .collect();
        let parts: Vec<(&str, &str, i32)> = parts
            .iter()
            .zip([30, 20, 10])
            .map(|((server, library), priority)| (server.as_str(), library.as_str(), priority))
            .collect();
        let films = app
            .add_library("Films", CollectionType::Movies, &parts)
            .await
            .to_string();
        let token = app.sign_in("alice", "alice").await;
        Self {
            app,
            sources,
            token,
            films,
        }
    }

    async fn list(&self) -> Value {
        let path = format!(
            "/Items?parentId={}&includeItemTypes=Movie&recursive=true&sortBy=SortName\
             &fields=MediaSources,Overview,People",
            self.films
        );
        self.app.get(&self.token, &path).await
    }

    async fn info(&self, item: &str, source: Option<&str>) -> Value {
        let source = source.map_or(String::new(), |id| format!("?mediaSourceId={id}"));
        let profile = json!({ "DeviceProfile": {
            "DirectPlayProfiles": [{ "Type": "Video" }], "MaxStreamingBitrate": 1_000_000_000,
        }});
        let answer = reqwest::Client::new()
            .post(format!(
                "{}/Items/{item}/PlaybackInfo{source}",
                self.app.url
            ))
            .header("Authorization", self.authorization())
            .json(&profile)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    async fn first_bytes(&self, item: &str, source: &str) -> reqwest::Response {
        let url = format!(
            "{}/Videos/{item}/stream?static=true&mediaSourceId={source}",
            self.app.url
        );
        reqwest::Client::new()
            .get(url)
            .header("Authorization", self.authorization())
            .header("Range", "bytes=0-99")
            .send()
            .await
            .expect("an answer")
    }

    fn authorization(&self) -> String {
        format!("MediaBrowser Token=\"{}\"", self.token)
    }
}

fn texts(values: &Value, field: &str) -> Vec<String> {
    let values = values.as_array().into_iter().flatten();
    values
        .filter_map(|value| value[field].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_takes_nothing_along() {
    let stage = Stage::set().await;
    let before = stage.list().await;
    let ids = texts(&before["Items"], "Id");
    assert!(ids.len() > 10, "only {} films", ids.len());
    let film = before["Items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|film| {
            let names = texts(&film["MediaSources"], "Name");
            names[0].starts_with("Attic") && names.iter().any(|name| name.starts_with("Cottage"))
        })
        .expect("a film that two servers have");
    let id = film["Id"].as_str().expect("an id");
    let info = stage.info(id, None).await;
    let copies = texts(&info["MediaSources"], "Id");
    assert_eq!(stage.first_bytes(id, id).await.status(), 206);

    stage.sources[0]
        .set_available(false)
        .await
        .expect("it stops");

    // Asked again before anything knows of it: from the start, so another copy may answer.
    assert_eq!(stage.first_bytes(id, id).await.status(), 206);

    let after = stage.list().await;
    assert_eq!(texts(&after["Items"], "Id"), ids);
    assert_eq!(after["TotalRecordCount"], before["TotalRecordCount"]);
    for film in &ids {
        let detail = stage.app.get(&stage.token, &format!("/Items/{film}")).await;
        assert!(detail["MediaSources"][0].is_object(), "{detail}");
    }

    let info = stage.info(id, None).await;
    let left = texts(&info["MediaSources"], "Name");
    assert!(
        !left.is_empty() && !left.iter().any(|name| name.starts_with("Attic")),
        "{left:?}"
    );
    assert_eq!(info["MediaSources"][0]["Id"], id);
    assert_eq!(stage.first_bytes(id, id).await.status(), 206);
    // The versions of the server that is gone, by their own ids: another copy under that id.
    for copy in &copies {
        let info = stage.info(id, Some(copy)).await;
        assert_eq!(texts(&info["MediaSources"], "Id"), [copy.as_str()]);
        assert_eq!(stage.first_bytes(id, copy).await.status(), 206, "{copy}");
    }

    stage.sources[0]
        .set_available(true)
        .await
        .expect("it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_is_picked_is_the_one_that_plays() {
    let stage = Stage::set().await;
    let list = stage.list().await;
    let film = list["Items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|film| texts(&film["MediaSources"], "Name").len() > 1)
        .expect("a film with versions");
    let id = film["Id"].as_str().expect("an id");
    let names = texts(&film["MediaSources"], "Name");
    let copies = texts(&film["MediaSources"], "Id");
    assert_eq!(copies[0], id);
    // The last first: what was played before does not stick to the item's own id.
    for (name, copy) in names.iter().zip(&copies).rev() {
        let info = stage.info(id, Some(copy)).await;
        assert_eq!(texts(&info["MediaSources"], "Name"), [name.as_str()]);
        assert_eq!(texts(&info["MediaSources"], "Id"), [copy.as_str()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collections_have_a_picture_without_a_token() {
    let stage = Stage::set().await;
    let views = stage.app.get(&stage.token, "/UserViews").await;
    let views = views["Items"].as_array().expect("views");
    let view = views
        .iter()
        .find(|view| view["CollectionType"] == "boxsets")
        .expect("collections");
    let (id, tag) = (&view["Id"], &view["ImageTags"]["Primary"]);
    let url = format!(
        "{}/Items/{}/Images/Primary?tag={}",
        stage.app.url,
        id.as_str().expect("an id"),
        tag.as_str().expect("a tag")
    );
    assert_eq!(reqwest::get(url).await.expect("an answer").status(), 200);
}
