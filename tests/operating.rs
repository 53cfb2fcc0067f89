//! What whoever runs it relies on: health, numbers, and an end in time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use manyfin::config::CollectionType;
use manyfin::demo::{DemoServer, DemoSpec};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::{postgres, program, sabotage};

async fn ask(app: &TestApp, path: &str, token: Option<&str>) -> (u16, String) {
    let mut request = reqwest::Client::new().get(format!("{}{path}", app.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The value of the series with exactly this name and these labels.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.rsplit_once(' ')
            .is_some_and(|(name, _)| name == series)
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_the_databases_and_no_servers() {
    let url = postgres::create_database().await;
    let app = TestApp::start(&url).await;
    let mut demo = Some(
        DemoServer::start(DemoSpec::films("Attic", 2, 0))
            .await
            .unwrap(),
    );
    app.add_server(demo.as_ref().unwrap(), "attic", ("crawler", "crawler-pw"))
        .await;
    drop(demo.take());
    assert_eq!(ask(&app, "/health/ready", None).await.0, 200);
    assert_eq!(
        ask(&app, "/health/live", None).await,
        (200, "Healthy".into())
    );
    // It answers, and with an error.
    sabotage::hide(&url, "installation").await;
    assert_eq!(ask(&app, "/health/ready", None).await.0, 503);
    sabotage::bring_back(&url, "installation").await;
    assert_eq!(ask(&app, "/health/ready", None).await.0, 200);
    postgres::drop_database(&url).await;
    assert_eq!(ask(&app, "/health/ready", None).await.0, 503);
    assert_eq!(ask(&app, "/health/live", None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let local = |config: &mut manyfin::config::Config| {
        config.metrics_from = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let app = TestApp::start_with(&url, local).await;
    let demo = DemoServer::start(DemoSpec::films("Attic", 6, 0))
        .await
        .unwrap();
    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    app.add_library("Films", CollectionType::Movies, &[("attic", "Films", 1)])
        .await;
    app.add_user(
        "ann",
        "ann-secret",
        false,
        &[(server, ("alice", "alice-pw"))],
    )
    .await;
    let token = app.sign_in("ann", "ann-secret").await;
    for _ in 0..3 {
        app.get(&token, "/Items?recursive=true&includeItemTypes=Movie")
            .await;
    }
    let unknown = ask(&app, "/no/such/path/7f3a9c", None).await;
    assert_eq!(unknown.0, 404);
    let odd = reqwest::Method::from_bytes(b"BREW").unwrap();
    let odd = reqwest::Client::new().request(odd, format!("{}/items", app.url));
    odd.send().await.unwrap();

    let (status, text) = ask(&app, "/metrics", None).await;
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);
    let is = |series: &str| value(&text, series).unwrap_or_else(|| panic!("{series} in {text}"));
    assert_eq!(
        is("manyfin_http_requests_total{method=\"GET\",route=\"/items\",status=\"200\"}"),
        3.0
    );
    assert_eq!(
        is(
            "manyfin_http_request_duration_seconds_bucket{le=\"+Inf\",route=\"/users/authenticatebyname\"}"
        ),
        1.0
    );
    assert_eq!(is("manyfin_server_up{server=\"attic\"}"), 1.0);
    assert_eq!(is("manyfin_server_breaker_state{server=\"attic\"}"), 0.0);
    let copies = app.app.catalog.snapshot().copies.len();
    assert!(copies > 0);
    assert_eq!(
        is("manyfin_catalog_copies{server=\"attic\"}"),
        copies as f64
    );
    assert!(is("manyfin_catalog_full_age_seconds{server=\"attic\"}") < 300.0);
    assert_eq!(is("manyfin_outbox_length"), 0.0);
    assert!(is("manyfin_catalog_items") > 0.0);
    let calls = "manyfin_upstream_requests_total{server=\"attic\",purpose=\"call\",outcome=\"ok\"}";
    assert!(is(calls) > 0.0);
    assert!(text.contains("manyfin_build_info{version="));

    // Nothing of people, tokens, ids or paths as they were asked.
    for secret in [
        token.as_str(),
        "ann",
        "alice",
        "7f3a9c",
        "BREW",
        "127.0.0.1",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }

    // A server that went away is told, and one that was removed is not.
    demo.set_available(false).await.unwrap();
    let gone = app.app.catalog.registry().get(server).unwrap();
    gone.check().await;
    let (_, text) = ask(&app, "/metrics", None).await;
    assert_eq!(
        value(&text, "manyfin_server_up{server=\"attic\"}"),
        Some(0.0)
    );
    assert!(
        text.contains("purpose=\"probe\",outcome=\"UPSTREAM_UNREACHABLE\""),
        "{text}"
    );
    let removed = app
        .app
        .accounts
        .remove_server(&manyfin::accounts::Actor::Shell, server);
    removed.await.unwrap();
    let (_, text) = ask(&app, "/metrics", None).await;
    assert_eq!(value(&text, "manyfin_server_up{server=\"attic\"}"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_counted_by_where_they_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let app = TestApp::start_with(&url, |config| {
        config.metrics_from = vec!["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()];
    })
    .await;
    let demo = DemoServer::start(DemoSpec::films("Attic", 6, 0))
        .await
        .unwrap();
    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    app.add_user(
        "ann",
        "ann-secret",
        false,
        &[(server, ("alice", "alice-pw"))],
    )
    .await;
    let token = app.sign_in("ann", "ann-secret").await;
    let path = "/Items?recursive=true&includeItemTypes=Movie&fields=Overview,MediaSources,Path";
    let all = app.get(&token, path).await;
    let id = all["Items"][0]["Id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        app.get(&token, &format!("/Items/{id}")).await;
    }
    let (_, text) = ask(&app, "/metrics", None).await;
    let hits = value(
        &text,
        "manyfin_cache_lookups_total{cache=\"bodies\",result=\"hit\"}",
    );
    assert!(hits.is_some_and(|hits| hits >= 2.0), "{text}");
    // So are lists that were computed, and items as they were told.
    let counted = async |cache: &str, result: &str| {
        let (_, text) = ask(&app, "/metrics", None).await;
        let name = format!("manyfin_cache_lookups_total{{cache=\"{cache}\",result=\"{result}\"}}");
        value(&text, &name).unwrap_or_default()
    };
    let list = "/Items?recursive=true&includeItemTypes=Movie&sortBy=PremiereDate";
    for cache in ["lists", "texts"] {
        let misses = counted(cache, "miss").await;
        app.get(&token, list).await;
        assert!(counted(cache, "miss").await + counted(cache, "hit").await > misses);
        let hits = counted(cache, "hit").await;
        app.get(&token, list).await;
        assert!(counted(cache, "hit").await > hits, "{cache}");
    }
    let picture = format!("/Items/{id}/Images/Primary?width=20");
    let asked = async || {
        let asked = reqwest::Client::new()
            .get(format!("{}{picture}", app.url))
            .header("Authorization", format!("MediaBrowser Token=\"{token}\""));
        asked.send().await.unwrap().status().as_u16()
    };
    assert_eq!((asked().await, asked().await), (200, 200));
    assert_eq!(counted("images", "miss").await, 1.0);
    assert_eq!(counted("images", "hit").await, 1.0);
    let (_, text) = ask(&app, "/metrics", None).await;
    let bytes = value(&text, "manyfin_cache_bytes{cache=\"images\"}");
    assert_eq!(bytes, Some(4096.0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_for_administrators() {
    let app = TestApp::on_sqlite().await;
    app.add_user("root", "root-secret", true, &[]).await;
    app.add_user("ann", "ann-secret", false, &[]).await;
    let (root, ann) = (
        app.sign_in("root", "root-secret").await,
        app.sign_in("ann", "ann-secret").await,
    );
    assert_eq!(ask(&app, "/metrics", None).await.0, 401);
    assert_eq!(ask(&app, "/metrics", Some("nonsense")).await.0, 403);
    assert_eq!(ask(&app, "/metrics", Some(&ann)).await.0, 403);
    let (status, text) = ask(&app, "/metrics", Some(&root)).await;
    assert!(status == 200 && text.contains("manyfin_build_info"));
    // An address that anybody can claim opens nothing.
    let forged = reqwest::Client::new()
        .get(format!("{}/metrics", app.url))
        .header("X-Forwarded-For", "127.0.0.1")
        .send();
    assert_eq!(forged.await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxys_address_is_not_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let local = |config: &mut manyfin::config::Config| {
        config.metrics_from = vec!["127.0.0.0/8".parse().unwrap()];
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    let app = TestApp::start_with(&url, local).await;
    let from = async |client: &str| {
        let asked = reqwest::Client::new()
            .get(format!("{}/metrics", app.url))
            .header("X-Forwarded-For", client)
            .send();
        asked.await.unwrap().status().as_u16()
    };
    assert_eq!(from("203.0.113.9").await, 401);
    assert_eq!(from("127.0.0.1, 203.0.113.9").await, 401);
    assert_eq!(from("127.0.0.1").await, 200);
}

/// As systemd and Docker stop it: what runs may end, then the process does, with exit code 0.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_in_time_and_lets_answers_end() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = free.local_addr().unwrap().to_string();
    drop(free);
    let health = || {
        let asked = program::manyfin()
            .args(["health", "--bind", &bind])
            .output();
        asked.unwrap().status.code()
    };
    assert_eq!(health(), Some(1), "nothing runs yet");
    let log = folder.path().join("log");
    let mut child = program::manyfin()
        .args(["serve", "--bind", &bind])
        .current_dir(folder.path())
        .env("MANYFIN_ADMIN_PASSWORD", "root-secret")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while health() != Some(0) {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it never became ready"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    // A subscription goes on for ever: it must not keep the process.
    let http = reqwest::Client::new();
    let signed = http
        .post(format!("http://{bind}/Users/AuthenticateByName"))
        .header(
            "Authorization",
            "MediaBrowser Client=\"T\", Device=\"T\", DeviceId=\"t\", Version=\"1\"",
        )
        .json(&json!({ "Username": "admin", "Pw": "root-secret" }))
        .send()
        .await
        .unwrap();
    let signed: serde_json::Value = signed.json().await.unwrap();
    let endless = http
        .post(format!("http://{bind}/graphql/stream"))
        .bearer_auth(signed["AccessToken"].as_str().unwrap())
        .header("Accept", "text/event-stream")
        .json(&json!({ "query": "subscription { serverHealth { name } }" }))
        .send()
        .await
        .unwrap();
    assert_eq!(endless.status(), 200);

    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(code, Some(0));
    drop(endless);
    assert_eq!(health(), Some(1));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("listening on http://"), "{log}");
    assert!(!log.contains('\u{1b}'), "no colours in a file: {log}");
}
