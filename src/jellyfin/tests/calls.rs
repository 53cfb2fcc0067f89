use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::fake::{Fake, account, answer, limits, public_info, register};
use crate::jellyfin::{Limits, Made, Renewal, Server, ServerStatus, TlsTrust, UpstreamError};
use crate::model::Secret;

async fn get(server: &Server) -> Result<Value, UpstreamError> {
    server
        .get(&account(), "/Items", &[("limit", "1".to_owned())])
        .await
}

#[tokio::test]
async fn sends_the_one_header_below_a_sub_path() {
    let fake = Fake::start(async |request| {
        let header = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        answer(
            200,
            &json!({ "uri": request.uri().to_string(), "header": header }),
        )
    })
    .await;
    let (_registry, server) = register(&format!("{}/jelly/", fake.url()), limits());
    let seen = get(&server).await.unwrap();
    assert_eq!(seen["uri"], "/jelly/Items?limit=1");
    let header = seen["header"].as_str().unwrap();
    assert!(
        header.starts_with(
            "MediaBrowser Client=\"Manyfin\", Device=\"Manyfin\", DeviceId=\"a%20device\""
        ),
        "{header}"
    );
    assert!(header.ends_with("Token=\"s3cret\""), "{header}");
}

#[tokio::test]
async fn a_path_cannot_climb_out() {
    let fake = Fake::start(async |_| answer(200, &json!({}))).await;
    let (_registry, server) = register(&fake.url(), limits());
    for path in [
        "/Videos/../System/Shutdown",
        "/Videos/%2E%2e/x",
        "/a%2f..%2fb",
        "Items",
    ] {
        assert_eq!(
            server.get(&account(), path, &[]).await,
            Err(UpstreamError::NotFound),
            "{path}"
        );
    }
    assert_eq!(server.requests().total(), 0);
}

#[tokio::test]
async fn statuses_are_told_apart() {
    let fake = Fake::start(async |request| {
        let status = request.uri().path()[1..].parse().unwrap_or(200);
        answer(status, &json!({}))
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    for (path, error) in [
        ("/401", UpstreamError::Unauthorized),
        ("/403", UpstreamError::Forbidden),
        ("/404", UpstreamError::NotFound),
        ("/500", UpstreamError::Status { status: 500 }),
        ("/503", UpstreamError::Starting),
    ] {
        assert_eq!(
            server.get(&account(), path, &[]).await,
            Err(error),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_question_is_tried_again_but_a_change_is_not() {
    let seen = Arc::new(AtomicU32::new(0));
    let count = seen.clone();
    let fake = Fake::start(move |request| {
        let probe = request.uri().path().starts_with("/System");
        let nth = if probe { 9 } else { count.fetch_add(1, SeqCst) };
        async move { answer(if nth < 2 { 502 } else { 200 }, &json!({ "ok": true })) }
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    assert_eq!(get(&server).await.unwrap()["ok"], true);
    assert_eq!(seen.load(SeqCst), 3);
    seen.store(0, SeqCst);
    let posted = server
        .post(&account(), "/Sessions/Playing", &[], Some(&json!({})))
        .await;
    assert!(matches!(posted, Err(UpstreamError::Unreachable { .. })));
    assert_eq!(seen.load(SeqCst), 1);
}

#[tokio::test]
async fn a_deadline_holds_for_the_whole_call() {
    let fake = Fake::start(async |_| {
        tokio::time::sleep(Duration::from_secs(20)).await;
        answer(200, &json!({}))
    })
    .await;
    let limits = Limits {
        total: Duration::from_millis(600),
        ..limits()
    };
    let (_registry, server) = register(&fake.url(), limits);
    let start = Instant::now();
    assert_eq!(get(&server).await, Err(UpstreamError::Timeout));
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_dead_server_is_left_alone_and_used_again_when_it_is_back() {
    let fake = Fake::start(async |_| public_info("10.11.0")).await;
    let address = fake.address;
    let limits = Limits {
        attempts: 1,
        probe_offline: Duration::from_millis(50),
        ..limits()
    };
    let (registry, server) = register(&fake.url(), limits);
    let mut changes = registry.watch_status();
    assert!(server.check().await.is_online());
    drop(fake);
    while get(&server).await != Err(UpstreamError::CircuitOpen) {}
    assert!(matches!(server.status(), ServerStatus::Offline { .. }));
    let _back = Fake::start_at(address, async |_| public_info("10.11.0")).await;
    tokio::time::timeout(Duration::from_secs(5), async {
        while !changes.recv().await.unwrap().status.is_online() {}
        while changes.recv().await.unwrap().status.is_online() {}
        while !changes.recv().await.unwrap().status.is_online() {}
    })
    .await
    .ok();
    assert!(server.check().await.is_online());
    assert!(get(&server).await.is_ok());
}

#[tokio::test]
async fn a_server_that_is_silent_is_noticed_and_then_asked_often() {
    let silent = Arc::new(AtomicBool::new(false));
    let told = silent.clone();
    let fake = Fake::start(move |_| {
        let told = told.clone();
        async move {
            if told.load(SeqCst) {
                std::future::pending::<()>().await;
            }
            public_info("10.11.0")
        }
    })
    .await;
    let limits = Limits {
        probe: Duration::from_millis(300),
        probe_offline: Duration::from_millis(50),
        ..limits()
    };
    let (registry, server) = register(&fake.url(), limits);
    assert!(server.check().await.is_online());
    silent.store(true, SeqCst);
    // Whoever waits for it learns that it is gone; many who wait cost it one question.
    let before = server.requests().probes;
    let waiting = (0..20).map(|_| server.gone(Duration::from_millis(10)));
    let all = futures::future::join_all(waiting);
    tokio::time::timeout(Duration::from_secs(20), all)
        .await
        .unwrap();
    assert!(matches!(server.status(), ServerStatus::Offline { .. }));
    let asked = server.requests().probes - before;
    assert!(asked < 10, "{asked} questions");
    silent.store(false, SeqCst);
    let mut status = server.watch();
    let back = status.wait_for(ServerStatus::is_online);
    // The question that is asked while it is well comes after ten minutes.
    tokio::time::timeout(Duration::from_secs(20), back)
        .await
        .unwrap()
        .unwrap();
    drop(registry);
}

#[tokio::test]
async fn a_starting_server_says_so() {
    let fake = Fake::start(async |request| match request.uri().path() {
        "/System/Info/Public" => answer(
            200,
            &json!({ "ProductName": "Jellyfin Server", "Version": "12.0.0", "Id": "ab",
                "StartupWizardCompleted": false }),
        ),
        _ => answer(503, &json!({})),
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    assert_eq!(server.check().await, ServerStatus::Starting);
    assert_eq!(get(&server).await, Err(UpstreamError::Starting));
}

#[tokio::test]
async fn an_old_server_is_not_asked() {
    let fake = Fake::start(async |_| public_info("10.9.11")).await;
    let (_registry, server) = register(&fake.url(), limits());
    assert_eq!(
        server.check().await,
        ServerStatus::Incompatible {
            version: "10.9.11".to_owned()
        }
    );
    assert_eq!(
        get(&server).await,
        Err(UpstreamError::TooOld {
            version: "10.9.11".to_owned()
        })
    );
}

#[tokio::test]
async fn a_probe_names_what_is_wrong() {
    let jellyfin = Fake::start(async |_| public_info("10.10.0")).await;
    let page = Fake::start(async |_| Response::new(Body::from("<html>"))).await;
    let emby = Fake::start(async |_| answer(200, &json!({ "Version": "4.8.0", "Id": "ab" }))).await;
    let elsewhere = Fake::start(async |_| {
        Response::builder()
            .status(301)
            .header("location", "https://u:p@films.example.org/x?ApiKey=k")
            .body(Body::empty())
            .unwrap()
    })
    .await;
    let probe = async |url: &str| Server::probe(&url.parse().unwrap(), &TlsTrust::System).await;
    assert_eq!(probe(&jellyfin.url()).await.unwrap().version, "10.10.0");
    assert_eq!(probe(&page.url()).await, Err(UpstreamError::NotJellyfin));
    assert_eq!(probe(&emby.url()).await, Err(UpstreamError::NotJellyfin));
    assert_eq!(
        probe(&elsewhere.url()).await,
        Err(UpstreamError::Redirected {
            to: "https://films.example.org/x".to_owned()
        })
    );
    let nobody = probe("http://127.0.0.1:1").await;
    assert_eq!(
        nobody,
        Err(UpstreamError::Unreachable {
            reason: "connection refused".to_owned()
        })
    );
    let unknown = probe("http://no-such-host.invalid").await;
    assert!(matches!(unknown, Err(UpstreamError::Unreachable { .. })));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let fake = Fake::start(async |_| answer(200, &json!({ "long": "x".repeat(5000) }))).await;
    let limits = Limits {
        max_json_bytes: 1000,
        ..limits()
    };
    let (_registry, server) = register(&fake.url(), limits);
    assert!(matches!(
        get(&server).await,
        Err(UpstreamError::Malformed { .. })
    ));
}

#[tokio::test]
async fn logs_in() {
    let fake = Fake::start(async |request| {
        let header = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(!header.contains("Token"));
        let body = axum::body::to_bytes(request.into_body(), 1000)
            .await
            .unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        if body["Pw"] != "right" {
            return answer(401, &json!({}));
        }
        answer(
            200,
            &json!({ "AccessToken": "t", "User": { "Id": "03234cb2a2804591a4b6735d54ba8ada",
                "Name": "alice", "Policy": { "IsAdministrator": true } } }),
        )
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    let login = server
        .authenticate("Alice", &Secret::new("right"), "d")
        .await
        .unwrap();
    assert_eq!(
        (
            login.name.as_str(),
            login.token.expose(),
            login.is_administrator
        ),
        ("alice", "t", true)
    );
    let wrong = server
        .authenticate("alice", &Secret::new("wrong"), "d")
        .await;
    assert_eq!(wrong.unwrap_err(), UpstreamError::Unauthorized);
}

#[tokio::test]
async fn streams_pass_ranges_and_statuses_but_not_foreign_credentials() {
    let fake = Fake::start(async |request| {
        assert!(request.headers().get("cookie").is_none());
        assert_eq!(request.headers()["accept-encoding"], "identity");
        assert_eq!(request.headers()["range"], "bytes=5-");
        Response::builder()
            .status(206)
            .body(Body::from("tail"))
            .unwrap()
    })
    .await;
    let (_registry, server) = register(&fake.url(), limits());
    let mut headers = HeaderMap::new();
    headers.insert("range", "bytes=5-".parse().unwrap());
    headers.insert("cookie", "a=b".parse().unwrap());
    let mut response = server
        .open(
            None,
            Made::WhenAsked,
            Method::GET,
            "/Videos/1/stream",
            &[],
            headers,
        )
        .await
        .unwrap();
    assert_eq!(response.status(), 206);
    assert_eq!(response.chunk().await.unwrap().unwrap(), "tail");
    assert_eq!(response.chunk().await, Ok(None));
    assert_eq!(server.requests().streams, 1);
}

#[test]
fn errors_do_not_hold_addresses() {
    let error = UpstreamError::unreachable("connection refused");
    assert!(!format!("{error} {error:?}").contains("http"));
}

/// The token that is kept was forgotten too; the one after it is new.
struct Twice;

impl Renewal for Twice {
    fn renew<'a>(&'a self, _: i64, refused: &'a Secret) -> BoxFuture<'a, Option<Secret>> {
        let next = match refused.expose() {
            "s3cret" => Some("kept"),
            "kept" => Some("new"),
            _ => None,
        };
        Box::pin(std::future::ready(next.map(Secret::new)))
    }
}

#[tokio::test]
async fn who_holds_an_old_token_is_renewed_though_the_kept_one_was_forgotten() {
    let fake = Fake::start(|request| async move {
        let by = request.headers()["authorization"].to_str().unwrap();
        let status = match request.uri().path() {
            "/never" => 401,
            _ if by.contains("Token=\"new\"") => 200,
            _ => 401,
        };
        answer(status, &json!({}))
    })
    .await;
    let (registry, server) = register(&fake.url(), limits());
    registry.renew_by(Arc::new(Twice));
    server.get(&account(), "/Items", &[]).await.unwrap();
    let refused = server.get(&account(), "/never", &[]).await;
    assert_eq!(refused, Err(UpstreamError::Unauthorized));
}
