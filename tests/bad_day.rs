//! The server of a running film dies: the player goes on from the same bytes elsewhere, or is told at
//! once that it cannot; never does it get the middle of another file.

use std::time::Duration;

use manyfin::db::byte_prints;
use manyfin::demo::DemoServer;
use manyfin::model::UpstreamId;
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, eventually, film, sources};

/// Gives the source's copy other bytes of the same number.
pub fn make_other_bytes(source: &DemoServer, id: UpstreamId) {
    let edited = source.edit_item(id, |body| {
        let mut whole = Value::Object(std::mem::take(body));
        let low = |streams: &mut Value| {
            for stream in streams.as_array_mut().into_iter().flatten() {
                if let Some(height) = stream["Height"].as_i64() {
                    stream["Height"] = json!(if height > 500 { 480 } else { 1080 });
                }
            }
        };
        low(&mut whole["MediaStreams"]);
        for source in whole["MediaSources"].as_array_mut().into_iter().flatten() {
            low(&mut source["MediaStreams"]);
        }
        if let Value::Object(whole) = whole {
            *body = whole;
        }
    });
    assert!(edited);
}

/// The copies that playback information offers: (id, server's name), the best first.
pub async fn offered(client: &Client, id: &str, version: Option<&str>) -> Vec<(String, String)> {
    let version = version.map_or(String::new(), |id| format!("?mediaSourceId={id}"));
    let path = format!("/Items/{id}/PlaybackInfo{version}");
    let info = client.post(&path, json!({})).await;
    let sources = info["MediaSources"].as_array().expect("versions");
    let told = sources.iter().map(|source| {
        let text = |field: &str| source[field].as_str().expect("a text").to_owned();
        let server = text("Name");
        let server = server.split(' ').next().expect("a word").to_owned();
        (text("Id"), server)
    });
    told.collect()
}

pub fn copy_on(gateway: &Gateway, server: usize, id: UpstreamId) -> String {
    let snapshot = gateway.app.catalog.snapshot();
    let on = snapshot.server_position(gateway.servers[server]);
    let mut copies = snapshot.copies.iter();
    let copy = copies.find(|copy| Some(copy.server) == on && copy.upstream_id() == id);
    copy.expect("the copy is known").id.to_string()
}

fn has_streamed(source: &DemoServer) -> bool {
    source
        .seen()
        .iter()
        .any(|seen| seen.path.contains("/stream"))
}

both_gateways!(a_running_film_goes_on_from_the_same_bytes, goes_on);

async fn goes_on(url: String) {
    let sources = sources(3, 12).await;
    let (name, ids) = film(&sources, 0);
    make_other_bytes(&sources[1], ids[1]);
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    let copies: Vec<String> = (0..3).map(|at| copy_on(&gateway, at, ids[at])).collect();
    let stream = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");

    // The last source leads; its film is played.
    let told = offered(&ann, &id, None).await;
    assert_eq!(told[0], (id.clone(), "Cottage".to_owned()));
    assert_eq!(ann.bytes(&stream, "bytes=0-999").await.0, 206);
    let middle = "bytes=500000-500999";
    let (status, bytes) = ann.bytes(&stream, middle).await;
    assert_eq!((status, bytes.len()), (206, 1000));
    eventually("the files are compared", async || {
        let prints = byte_prints::of(gateway.app.catalog.db(), &copies).await;
        prints.expect("prints").len() == 3
    })
    .await;

    sources.iter().for_each(DemoServer::clear_seen);
    sources[2].set_available(false).await.expect("it stops");
    let (status, went_on) = ann.bytes(&stream, middle).await;
    assert_eq!(status, 206);
    assert!(went_on == bytes, "other bytes");
    assert!(has_streamed(&sources[0]) && !has_streamed(&sources[1]));
    // What is known of the files survives a restart, and so does what the player was told.
    let gateway = gateway.restart().await;
    let ann = gateway.sign_in("ann").await;
    let (status, went_on) = ann.bytes(&stream, middle).await;
    assert_eq!(status, 206);
    assert!(went_on == bytes, "other bytes");

    // Where no copy of the same bytes is left, the request fails; another file is no way to go on.
    sources[0].set_available(false).await.expect("it stops");
    let asked = tokio::time::timeout(Duration::from_secs(30), ann.bytes(&stream, middle));
    assert_eq!(asked.await.expect("it does not hang").0, 503);
    // From its beginning it plays from the copy that is left; also where a dead one is named.
    let named = offered(&ann, &id, Some(&copies[2])).await;
    assert_eq!(named, [(copies[2].clone(), "Basement".to_owned())]);
    let other = format!(
        "/Videos/{id}/stream?static=true&mediaSourceId={}",
        copies[2]
    );
    assert_eq!(ann.bytes(&other, "bytes=0-999").await.0, 206);

    // A source that is back is used again.
    sources[2].set_available(true).await.expect("it starts");
    eventually("the best copy is offered again", async || {
        offered(&ann, &id, None).await[0].1 == "Cottage"
    })
    .await;
    let (status, again) = ann.bytes(&stream, middle).await;
    assert_eq!(status, 206);
    assert!(again == bytes, "other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_silent_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(2, 12).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    assert_eq!(offered(&ann, &id, None).await[0].1, "Basement");
    let copies: Vec<String> = (0..2).map(|at| copy_on(&gateway, at, ids[at])).collect();
    let stream = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
    let middle = "bytes=500000-500999";
    let (_, bytes) = ann.bytes(&stream, middle).await;
    eventually("the files are compared", async || {
        let prints = byte_prints::of(gateway.app.catalog.db(), &copies).await;
        prints.expect("prints").len() == 2
    })
    .await;
    // It takes connections, and answers nothing.
    sources[1].set_delay(Duration::from_secs(600));
    let asked = tokio::time::timeout(Duration::from_secs(60), ann.bytes(&stream, middle));
    let (status, went_on) = asked.await.expect("it does not hang");
    assert_eq!(status, 206);
    assert!(went_on == bytes, "other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_source_does_not_slow_the_streams_of_others() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(2, 12).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = std::sync::Arc::new(gateway.sign_in("ann").await);
    let (_, ids) = film(&sources, 0);
    let stream = |at: usize| {
        let copy = copy_on(&gateway, at, ids[at]);
        format!("/Videos/{copy}/stream?static=true&mediaSourceId={copy}")
    };
    let (slow, quick) = (stream(0), stream(1));
    sources[0].set_delay(Duration::from_secs(600));
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (ann, slow) = (ann.clone(), slow.clone());
        waiting.spawn(async move { ann.first_bytes(&slow).await });
    }
    eventually("the slow source is asked", async || {
        has_streamed(&sources[0])
    })
    .await;
    for _ in 0..20 {
        let asked = tokio::time::timeout(Duration::from_secs(20), ann.first_bytes(&quick));
        assert_eq!(asked.await.expect("it is not held up"), 206);
    }
    waiting.abort_all();
}

/// Also where the kernel hands them on, and on a connection that had other answers before.
#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_are_those_of_the_source() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(1, 12).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    let stream = |id: &str| format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
    let direct = format!("{}{}", sources[0].url(), stream(&ids[0].to_string()));
    let through = format!("{}{}", gateway.url, stream(&id));
    let http = reqwest::Client::new();
    let ask = async |url: &str, range: &str| {
        let request = http.get(url).header("Range", range);
        let request = request.header("Authorization", &ann.authorization);
        let answer = request.send().await.expect("an answer");
        let headers = answer.headers().clone();
        (headers, answer.bytes().await.expect("the bytes"))
    };
    for range in [
        "bytes=0-20000000",
        "bytes=12345-7654321",
        "bytes=0-0",
        "bytes=-3000000",
        "bytes=777-",
    ] {
        let (told, expected) = ask(&direct, range).await;
        let (headers, bytes) = ask(&through, range).await;
        for name in ["content-length", "content-range", "content-type"] {
            assert_eq!(headers.get(name), told.get(name), "{range}: {name}");
        }
        assert!(headers.contains_key("content-range"), "{range}");
        assert!(bytes == expected, "{range}: other bytes");
        let item = format!("{}/Items/{id}", gateway.url);
        let (_, item) = ask(&item, range).await;
        let item: Value = serde_json::from_slice(&item).expect("JSON");
        assert_eq!(item["Name"], name.as_str());
    }
}

/// How long until a silent server is asked again, and how long the breaker may keep it from being asked.
#[test]
fn a_source_that_comes_back_is_used_within_a_minute() {
    let limits = manyfin::jellyfin::Limits::default();
    assert!(limits.probe_offline + limits.probe <= Duration::from_secs(20));
    assert!(limits.max_ejection < Duration::from_secs(60));
    assert!(manyfin::catalog::playback::LEFT_ALONE < Duration::from_secs(60));
}
