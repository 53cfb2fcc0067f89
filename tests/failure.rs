//! A server's death is a status, not an error: lists and details stay whole, another copy plays.

use std::time::{Duration, Instant};

use manyfin::demo::{DemoServer, Fault};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, film, sources};

const FILMS: usize = 40;

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Down,
    Slow,
    Fault(Fault),
}

async fn set(source: &DemoServer, trouble: Option<Trouble>) {
    source.set_fault(None);
    source.set_delay(Duration::ZERO);
    match trouble {
        None => source.set_available(true).await.expect("it starts"),
        Some(Trouble::Down) => source.set_available(false).await.expect("it stops"),
        Some(Trouble::Slow) => source.set_delay(Duration::from_secs(10)),
        Some(Trouble::Fault(fault)) => source.set_fault(Some(fault)),
    }
}

/// Asks; panics when it takes longer than this.
async fn within(client: &Client, path: &str, bound: Duration) -> Value {
    let started = Instant::now();
    let answer = client.get(path).await;
    let took = started.elapsed();
    assert!(took < bound, "{path} took {took:?}");
    answer
}

/// Views, lists and details, whole and at once.
async fn assert_whole(client: &Client, id: &str) {
    let second = Duration::from_secs(1);
    let views = within(client, "/UserViews", second).await;
    let listed = views["Items"].as_array().expect("views");
    assert!(listed.iter().any(|view| view["Name"] == "Films"), "{views}");
    let list = "/Items?recursive=true&includeItemTypes=Movie&limit=100&fields=MediaSources,People,Overview";
    let films = within(client, list, second).await;
    assert_eq!(films["TotalRecordCount"], FILMS);
    for film in films["Items"].as_array().expect("films") {
        assert_eq!(film["MediaSources"].as_array().map(Vec::len), Some(3));
    }
    for home in [
        "/Items/Latest?limit=20",
        "/UserItems/Resume",
        "/Shows/NextUp",
        "/Items/Suggestions",
        "/Genres",
        "/Items/Counts",
        "/Items?recursive=true&searchTerm=the",
    ] {
        within(client, home, second).await;
    }
    let detail = within(client, &format!("/Items/{id}"), second).await;
    assert!(detail["Overview"].is_string());
    assert_eq!(detail["MediaSources"].as_array().map(Vec::len), Some(3));
}

/// Apps do so whenever a player closes, and can do nothing about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_transcode_that_no_server_ends_is_let_be() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 4).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    set(&sources[0], Some(Trouble::Fault(Fault::Status500))).await;
    sources[1].clear_seen();
    let path = "/Videos/ActiveEncodings?deviceId=d&playSessionId=s";
    assert_eq!(ann.ask(Method::DELETE, path, None).await.0, 204);
    let seen = sources[1].seen();
    assert!(
        seen.iter()
            .any(|seen| seen.path == "/Videos/ActiveEncodings"),
        "the other one is told"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_in_trouble_spoils_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(3, FILMS).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    for (number, trouble) in [
        Trouble::Fault(Fault::Status500),
        Trouble::Fault(Fault::Html),
        Trouble::Fault(Fault::TruncatedJson),
        Trouble::Fault(Fault::WrongTypes),
        Trouble::Slow,
        Trouble::Down,
    ]
    .into_iter()
    .enumerate()
    {
        let (name, _) = film(&sources, number);
        let id = ann.id_of(&name).await;
        // The last one's copies lead.
        set(&sources[2], Some(trouble)).await;
        assert_whole(&ann, &id).await;
        let started = Instant::now();
        let info = ann
            .post(&format!("/Items/{id}/PlaybackInfo"), json!({}))
            .await;
        let took = started.elapsed();
        let offered = info["MediaSources"].as_array().map_or(0, Vec::len);
        assert_eq!(offered, 2, "{trouble:?}: {info}");
        let played = format!("/Videos/{id}/stream?static=true");
        assert_eq!(ann.first_bytes(&played).await, 206, "{trouble:?}");
        assert!(took < Duration::from_secs(4), "{trouble:?}: {took:?}");
        assert_whole(&ann, &id).await;
        set(&sources[2], None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_servers_down_a_restart_still_shows_everything() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sources = sources(3, FILMS).await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let gateway = Gateway::over(&url, &sources).await;
    for source in &sources {
        set(source, Some(Trouble::Down)).await;
    }
    let gateway = gateway.restart().await;
    let ann = gateway.sign_in("ann").await;
    let (name, _) = film(&sources, 0);
    let id = ann.id_of(&name).await;
    assert_whole(&ann, &id).await;
    for _ in 0..2 {
        let started = Instant::now();
        let path = format!("/Items/{id}/PlaybackInfo");
        let (status, body) = ann.ask(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(status, 503, "{body}");
        assert!(started.elapsed() < Duration::from_secs(4));
    }
    let query = json!({ "query": "{ servers { health { state reason since } } }" });
    let told = ann.post("/graphql", query).await;
    let servers = told["data"]["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 3);
    for server in servers {
        let health = &server["health"];
        assert_eq!(health["state"], "OFFLINE", "{health}");
        assert!(health["reason"].is_string() && health["since"].is_string());
    }
    assert_whole(&ann, &id).await;
}
