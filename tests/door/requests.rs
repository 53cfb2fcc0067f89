//! What a request may weigh, what is kept of it, and what it is called.

use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Door, status};
use crate::support::program;

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_store_is_bounded() {
    let door = Door::new(0).await;
    let ann = door.app.sign_in("ann", "ann-pw").await;
    let long = "x".repeat(300 << 10);
    for (path, small, large) in [
        (
            "/Users/Configuration",
            json!({ "SubtitleMode": "Always" }),
            json!({ "SubtitleMode": "Always", "Filler": long }),
        ),
        (
            "/Sessions/Capabilities/Full",
            json!({ "PlayableMediaTypes": ["Video"] }),
            json!({ "PlayableMediaTypes": ["Video", long] }),
        ),
    ] {
        let send = |body: &Value| {
            let request = door.request(Method::POST, path).bearer_auth(&ann);
            request.json(body)
        };
        assert_eq!(status(send(&small)).await, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(
            status(send(&large)).await,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
    }
    // Device profiles are what makes them long, and clients send long ones.
    let profile = json!({ "DeviceProfile": { "Name": "x".repeat(300 << 10) } });
    let request = door.request(Method::POST, "/Sessions/Capabilities/Full");
    let refused = request.bearer_auth(&ann).json(&profile).send().await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let text = refused.text().await.expect("a text");
    assert!(text.contains("262144 bytes"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_of_settings_what_differs() {
    let door = Door::new(0).await;
    let ann = door.app.sign_in("ann", "ann-pw").await;
    let root = door.app.sign_in("root", "root-pw").await;
    for (mode, filler) in [("Always", 'x'), ("None", 'x')] {
        let body = json!({ "SubtitleMode": mode, "Filler": String::from(filler).repeat(50_000) });
        let request = door.request(Method::POST, "/Users/Configuration");
        let stored = status(request.bearer_auth(&ann).json(&body)).await;
        assert_eq!(stored, StatusCode::NO_CONTENT);
    }
    let query = "{ auditLog(first: 2, filter: { action: \"user.update_settings\" }) {
        nodes { before after } } }";
    let request = door.request(Method::POST, "/graphql").bearer_auth(&root);
    let log = request.json(&json!({ "query": query })).send().await;
    let log: Value = log.expect("an answer").json().await.expect("JSON");
    let nodes = &log["data"]["auditLog"]["nodes"];
    let (before, after) = (
        &nodes[0]["before"]["settings"],
        &nodes[0]["after"]["settings"],
    );
    assert_eq!(before, &json!({ "SubtitleMode": "Always" }));
    assert_eq!(after, &json!({ "SubtitleMode": "None" }));
    assert!(nodes.to_string().len() < 2_000, "{nodes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_measured_as_it_comes() {
    let door = Door::new(0).await;
    let chunks = (0..48).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 64 << 10]));
    let body = Body::wrap_stream(futures::stream::iter(chunks));
    let request = door.request(Method::POST, "/Users/AuthenticateByName");
    let request = request.header(CONTENT_TYPE, "application/json").body(body);
    assert_eq!(status(request).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_pages_are_not_below_jellyfins_prefixes() {
    let door = Door::new(0).await;
    let root = door.app.sign_in("root", "root-pw").await;
    let get = |path: &str| door.request(Method::GET, path).bearer_auth(&root);
    assert_eq!(status(get("/metrics")).await, StatusCode::OK);
    for path in ["/emby/metrics", "/mediabrowser/metrics", "/emby/graphiql"] {
        assert_eq!(status(get(path)).await, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(status(get("/emby/health")).await, StatusCode::OK);
    assert_eq!(status(get("/emby/Users/Me")).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_its_request_is_called() {
    // Behind a proxy on this machine.
    let door = Door::new(0).await;
    let called = async |path: &str, told: Option<&str>| {
        let mut request = door.request(Method::GET, path);
        if let Some(told) = told {
            request = request.header("X-Request-Id", told);
        }
        let answer = request.send().await.expect("an answer");
        let exposed = answer.headers().get("access-control-expose-headers");
        assert!(exposed.is_none(), "Jellyfin exposes none");
        let id = answer.headers()["x-request-id"].to_str().expect("a text");
        id.to_owned()
    };
    for path in [
        "/System/Info/Public",
        "/Items",
        "/nothing",
        "/graphql",
        "/ui/",
    ] {
        let (one, two) = (called(path, None).await, called(path, None).await);
        assert!(one.len() == 32 && one != two, "{path}: {one} {two}");
    }
    assert_eq!(called("/Items", Some("edge-7.A_b")).await, "edge-7.A_b");
    for odd in ["a b", "<x>", &"x".repeat(65), ""] {
        assert_eq!(called("/Items", Some(odd)).await.len(), 32, "{odd}");
    }
    // Others are not believed.
    let app = crate::support::app::TestApp::on_sqlite().await;
    let asked = reqwest::Client::new().get(format!("{}/Items", app.url));
    let answer = asked.header("X-Request-Id", "mine").send().await;
    assert_ne!(answer.expect("an answer").headers()["x-request-id"], "mine");
}

/// Even at the level at which libraries print whatever they carry.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_requests_and_no_secrets_at_any_level() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let bind = free.local_addr().expect("an address").to_string();
    drop(free);
    let log = folder.path().join("log");
    let mut child = program::manyfin()
        .args(["serve", "--bind", &bind])
        .current_dir(folder.path())
        .env("MANYFIN_ADMIN_PASSWORD", "root-secret")
        .env("MANYFIN_LOG__FILTER", "trace,tungstenite::protocol=trace")
        .env("MANYFIN_LOG__FORMAT", "json")
        .env("MANYFIN_DISCOVERY", "false")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("a file"))
        .spawn()
        .expect("it starts");
    let start = Instant::now();
    let id = loop {
        let asked = reqwest::get(format!("http://{bind}/System/Info/Public")).await;
        if let Ok(answer) = asked {
            break answer.headers()["x-request-id"].clone();
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it never listened"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let token = signed_in_by_socket(&bind).await;
    child.kill().expect("it ends");
    child.wait().expect("it ended");
    let text = std::fs::read_to_string(log).expect("a log");
    for secret in ["root-secret", token.as_str()] {
        assert!(!text.contains(secret), "the log tells {secret}");
    }
    let id = id.to_str().expect("a text");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of_it = lines.iter().filter(|line| line["span"]["request_id"] == id);
    assert!(of_it.count() > 0, "no line of {id}");
}

/// Signs in over `/graphql/ws`, and gives the token.
async fn signed_in_by_socket(bind: &str) -> String {
    let mut request = format!("ws://{bind}/graphql/ws")
        .into_client_request()
        .expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request)
        .await
        .expect("it opens");
    let query = "mutation { signIn(username: \"admin\", password: \"root-secret\",
        device: { client: \"T\", deviceName: \"T\", deviceId: \"t\", version: \"1\" }) { token } }";
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    for message in [json!({ "type": "connection_init" }), subscribe] {
        let sent = socket.send(Message::text(message.to_string())).await;
        sent.expect("it is sent");
    }
    loop {
        let message = socket.next().await.expect("more").expect("a message");
        let told: Value = serde_json::from_str(message.to_text().expect("text")).expect("JSON");
        let token = &told["payload"]["data"]["signIn"]["token"];
        if let Some(token) = token.as_str() {
            return token.to_owned();
        }
        assert_eq!(told["type"], "connection_ack", "{told}");
    }
}
