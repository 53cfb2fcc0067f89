//! A film that flows ends with the right to it, and a right to play is none to keep.

use std::time::{Duration, Instant};

use manyfin::accounts::Actor;
use reqwest::StatusCode;

use crate::support::gateway::{Gateway, film, sources};

/// A film so slow that it would go on for minutes: its answer once the first bytes are here.
async fn flowing(gateway: &Gateway, name: &str, path: &str) -> reqwest::Response {
    let who = gateway.sign_in(name).await;
    let answer = who.request(reqwest::Method::GET, path).send().await;
    let mut answer = answer.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let first = answer.chunk().await.expect("bytes");
    assert!(first.is_some());
    answer
}

/// How long it goes on; none where it ends as a whole.
async fn until_broken_off(mut answer: reqwest::Response) -> Option<Duration> {
    let began = Instant::now();
    loop {
        match answer.chunk().await {
            Ok(Some(_)) if began.elapsed() > Duration::from_secs(40) => {
                return Some(began.elapsed());
            }
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(_) => return Some(began.elapsed()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_flows_ends_with_the_right_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 4).await;
    let gateway = Gateway::over(&url, &sources).await;
    let servers = gateway.servers.clone();
    let ben = gateway.add_user("ben", &servers).await;
    gateway.add_user("cat", &servers).await;
    let id = gateway
        .sign_in("ann")
        .await
        .id_of(&film(&sources, 0).0)
        .await;
    let path = format!("/Videos/{id}/stream?static=true");
    sources[0].set_pace(200_000);
    let mut films = Vec::new();
    for name in ["ann", "ben", "cat"] {
        films.push(flowing(&gateway, name, &path).await);
    }
    gateway.unlink("ann", servers[0]).await;
    let disabled = gateway.app.accounts.set_disabled(&Actor::System, ben, true);
    disabled.await.expect("ben is disabled");
    let ends = films
        .into_iter()
        .map(|film| tokio::spawn(until_broken_off(film)));
    let ends = futures::future::join_all(ends).await;
    let ends: Vec<Option<Duration>> = ends
        .into_iter()
        .map(|end| end.expect("it is read"))
        .collect();
    for gone in &ends[..2] {
        let gone = gone.expect("it is broken off");
        assert!(gone < Duration::from_secs(20), "{gone:?}");
    }
    assert!(
        ends[2].is_none_or(|end| end >= Duration::from_secs(40)),
        "{ends:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_to_play_is_none_to_keep() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 4).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    let playlist = format!("/Videos/{id}/master.m3u8?mediaSourceId={id}");
    let playlist = ann.request(reqwest::Method::GET, &playlist).send().await;
    let playlist = playlist.expect("an answer").text().await.expect("a text");
    let (_, key) = playlist.split_once("ApiKey=").expect("a right");
    let key: String = key
        .chars()
        .take_while(|it| !"&\"\n".contains(*it))
        .collect();
    assert!(key.starts_with("mf1."), "{key}");
    let http = reqwest::Client::new();
    for (file, status) in [
        (
            "Videos/{id}/stream?static=true&",
            StatusCode::PARTIAL_CONTENT,
        ),
        ("Items/{id}/Download?", StatusCode::UNAUTHORIZED),
        ("Items/{id}/File?", StatusCode::UNAUTHORIZED),
    ] {
        let path = file.replace("{id}", &id);
        let url = format!("{}/{path}ApiKey={key}", gateway.url);
        let answer = http.get(url).header("Range", "bytes=0-99").send().await;
        assert_eq!(answer.expect("an answer").status(), status, "{file}");
    }
    assert_eq!(ann.first_bytes(&format!("/Items/{id}/Download")).await, 206);
}
