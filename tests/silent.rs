//! Servers that take a connection and then say nothing: another copy plays, and where there is none, that is
//! said in seconds.

use std::time::Duration;

use manyfin::demo::{DemoServer, Fault};
use manyfin::jellyfin::Limits;
use reqwest::Method;
use serde_json::json;

use crate::bad_day::{make_other_bytes, offered};
use crate::support::gateway::{Client, Gateway, eventually, film, limits, sources};

/// Waiting is shorter than in real life.
fn impatient() -> Limits {
    Limits {
        probe: Duration::from_millis(500),
        file_headers: Duration::from_secs(1),
        total: Duration::from_secs(5),
        // A silent server stays so.
        probe_offline: Duration::from_secs(600),
        ..limits()
    }
}

/// Far more than it takes, and far less than a server's deadlines one after the other would be.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    let bounded = tokio::time::timeout(Duration::from_secs(60), what);
    bounded.await.expect("it does not hang")
}

/// Two sources whose files differ; a film, and the one whose copy leads.
async fn stage(database: &str, sources: &[DemoServer]) -> (Gateway, Client, String) {
    stage_within(database, sources, impatient()).await
}

async fn stage_within(
    database: &str,
    sources: &[DemoServer],
    limits: Limits,
) -> (Gateway, Client, String) {
    let (name, ids) = film(sources, 0);
    make_other_bytes(&sources[1], ids[1]);
    let gateway = Gateway::over_within(database, sources, limits).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&name).await;
    assert_eq!(offered(&ann, &id, None).await[0].1, "Basement");
    (gateway, ann, id)
}

fn was_asked(source: &DemoServer, what: &str) -> bool {
    source.seen().iter().any(|seen| seen.path.contains(what))
}

async fn playback_info(client: &Client, id: &str, version: &str) -> u16 {
    let path = format!("/Items/{id}/PlaybackInfo{version}");
    client.ask(Method::POST, &path, Some(json!({}))).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn another_copy_plays_in_place_of_one_on_a_silent_server() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    // With patience for headers it is asked meanwhile whether the server is there at all.
    let patient = Limits {
        file_headers: Duration::from_secs(600),
        ..impatient()
    };
    let troubles = [
        (None, impatient()),
        (Some(Fault::Stuck), impatient()),
        (None, patient),
    ];
    for (at, (trouble, limits)) in troubles.into_iter().enumerate() {
        let sources = sources(2, 12).await;
        let (gateway, ann, id) = stage_within(&format!("{url}{at}"), &sources, limits).await;
        let stream = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
        match trouble {
            None => sources[1].set_delay(Duration::from_secs(3600)),
            fault => sources[1].set_fault(fault),
        }
        assert_eq!(soon(ann.first_bytes(&stream)).await, 206, "{trouble:?}");
        assert!(was_asked(&sources[1], "/stream"));
        // It counts as down from now on.
        sources.iter().for_each(DemoServer::clear_seen);
        let told = soon(offered(&ann, &id, None)).await;
        assert!(told.iter().all(|(_, server)| server == "Attic"), "{told:?}");
        assert_eq!(soon(ann.first_bytes(&stream)).await, 206);
        assert!(!was_asked(&sources[1], "PlaybackInfo") && !was_asked(&sources[1], "/stream"));
        // What lists and details show stays whole.
        let detail = ann.get(&format!("/Items/{id}")).await;
        assert_eq!(detail["MediaSources"].as_array().map(Vec::len), Some(2));
        drop(gateway);
    }
}

/// A transcode has to begin: nothing can stand in for it, and its server is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_transcode_that_takes_its_time_is_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let limits = Limits {
        probe: Duration::from_secs(60),
        ..limits()
    };
    let (_gateway, ann, id) = stage_within(&url, &sources, limits).await;
    sources.iter().for_each(DemoServer::clear_seen);
    sources[1].set_delay(Duration::from_millis(2500));
    let playlist = format!("/Videos/{id}/master.m3u8?mediaSourceId={id}");
    let status = soon(async { ann.ask(Method::GET, &playlist, None).await.0 });
    assert_eq!(status.await, 200);
    assert!(was_asked(&sources[1], "/master.m3u8"));
    assert!(!was_asked(&sources[0], "/master.m3u8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn playback_information_does_not_wait_for_a_silent_server() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let (_gateway, ann, id) = stage(&url, &sources).await;
    sources[1].set_fault(Some(Fault::Stuck));
    let version = format!("?mediaSourceId={id}");
    let told = soon(offered(&ann, &id, Some(&id))).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1, "Attic");
    sources.iter().for_each(DemoServer::clear_seen);
    assert_eq!(soon(playback_info(&ann, &id, &version)).await, 200);
    assert!(!was_asked(&sources[1], "PlaybackInfo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_silent_that_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let asks = ["stream", "info", "version"];
    for (at, first) in asks.into_iter().enumerate() {
        let sources = sources(2, 12).await;
        let (_gateway, ann, id) = stage(&format!("{url}{at}"), &sources).await;
        for source in &sources {
            source.set_delay(Duration::from_secs(3600));
        }
        let version = format!("?mediaSourceId={id}");
        let stream = format!("/Videos/{id}/stream?static=true&mediaSourceId={id}");
        let picture = format!("/Items/{id}/Images/Primary?width=33");
        let status = soon(async {
            match first {
                "stream" => ann.first_bytes(&stream).await,
                "info" => playback_info(&ann, &id, "").await,
                _ => playback_info(&ann, &id, &version).await,
            }
        });
        assert_eq!(status.await, 503, "{first}");
        // From now on it is said without asking anybody.
        sources.iter().for_each(DemoServer::clear_seen);
        assert_eq!(soon(ann.first_bytes(&stream)).await, 503);
        assert_eq!(soon(playback_info(&ann, &id, "")).await, 503);
        assert_eq!(soon(playback_info(&ann, &id, &version)).await, 503);
        assert_eq!(soon(ann.first_bytes(&picture)).await, 503);
        for source in &sources {
            for what in ["/stream", "PlaybackInfo", "/Images"] {
                assert!(!was_asked(source, what), "{what} after {first}");
            }
        }
        let detail = soon(ann.get(&format!("/Items/{id}"))).await;
        assert_eq!(detail["MediaSources"].as_array().map(Vec::len), Some(2));
    }
}

/// Its server answers, but not to this; there is no other copy to ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_server_cannot_say_how_it_plays_is_told_as_such() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    let version = format!("?mediaSourceId={id}");
    sources[0].set_fault(Some(Fault::Starting));
    assert_eq!(soon(playback_info(&ann, &id, &version)).await, 503);
    assert!(was_asked(&sources[0], "PlaybackInfo"));
    sources[0].set_fault(None);
    eventually("it plays again", async || {
        playback_info(&ann, &id, &version).await == 200
    })
    .await;
}

/// Its server is there, and does not come to an end with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_kept_a_player_waiting_is_not_asked_for_a_while() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let limits = Limits {
        total: Duration::from_secs(5),
        ..limits()
    };
    let gateway = Gateway::over_within(&url, &sources, limits).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    let other = ann.id_of(&film(&sources, 1).0).await;
    sources[0].set_fault(Some(Fault::Stuck));
    assert_eq!(soon(playback_info(&ann, &id, "")).await, 503);
    assert!(was_asked(&sources[0], "PlaybackInfo"));
    sources[0].set_fault(None);
    sources[0].clear_seen();
    // Not by its version either; what else is there is.
    for version in [String::new(), format!("?mediaSourceId={id}")] {
        assert_eq!(soon(playback_info(&ann, &id, &version)).await, 503);
    }
    assert!(!was_asked(&sources[0], "PlaybackInfo"));
    assert_eq!(soon(playback_info(&ann, &other, "")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_of_a_film_leaves_it_to_the_others() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let (_gateway, ann, id) = stage(&url, &sources).await;
    sources[1].set_fault(Some(Fault::Null));
    let told = soon(offered(&ann, &id, None)).await;
    assert!(was_asked(&sources[1], "PlaybackInfo"));
    let servers: Vec<_> = told.iter().map(|(_, server)| server.as_str()).collect();
    assert_eq!(servers, ["Attic"]);
    // Where all say nothing, that is said.
    sources[0].set_fault(Some(Fault::Null));
    assert_eq!(soon(playback_info(&ann, &id, "")).await, 503);
}

/// In real life. A file or a picture lies there; a transcode has to begin.
#[test]
fn nobody_is_kept_waiting_for_long() {
    let limits = Limits::default();
    assert_eq!(limits.connect, Duration::from_secs(3));
    assert_eq!(limits.probe, Duration::from_secs(3));
    assert_eq!(limits.total, Duration::from_secs(10));
    assert_eq!(limits.file_headers, Duration::from_secs(15));
    assert_eq!(limits.headers, Duration::from_secs(30));
}
