//! The WebSocket over a real connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::SinkExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::*;

const EPISODE: &str = "82408ee5057db9d473e67c41197e10c1";
const PATIENCE: Duration = Duration::from_secs(20);
const SERIES: &str = "bd7ca28060b26de902c4186d1c878694";

fn script(name: &str, variables: &Value) -> Result<Value, &'static str> {
    Ok(match name {
        "Sessions" => json!({"sessions": []}),
        "Watched" if variables["filter"]["ids"] == json!([EPISODE]) => {
            let body = json!({"Id": EPISODE, "SeriesId": SERIES, "UserData": {"ItemId": EPISODE}});
            json!({"items": {"bodies": raw(&format!("[{body}]"))}})
        }
        "Watched" => {
            assert_eq!(variables["filter"]["ids"], json!([SERIES]));
            let body = json!({"Id": SERIES, "UserData": {"ItemId": SERIES}});
            json!({"items": {"bodies": raw(&format!("[{body}]"))}})
        }
        other => panic!("{other} was not expected"),
    })
}

async fn serve(stage: &Stage) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = stage.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One of alice's, past its greeting.
async fn greeted(stage: &Stage) -> Socket {
    let address = serve(stage).await;
    let url = format!("ws://{address}/socket?api_key=alice-token&deviceId=lab");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert_eq!(said(&mut socket).await["MessageType"], "ForceKeepAlive");
    socket
}

async fn say(socket: &mut Socket, message: Value) {
    let text = Message::text(message.to_string());
    socket.send(text).await.unwrap();
}

/// What is said next; null at the end.
async fn said(socket: &mut Socket) -> Value {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        _ => Value::Null,
    }
}

/// Hears this next, and not something else before.
async fn expect_next(socket: &mut Socket, message_type: &str) {
    let next = tokio::time::timeout(PATIENCE, said(socket)).await;
    let next = next.unwrap_or_else(|_| panic!("{message_type} is awaited"));
    let told = next["MessageType"].as_str().unwrap_or("the end");
    assert_eq!(told, message_type, "{next}");
}

/// Nothing was told that was not heard.
async fn expect_nothing_else(socket: &mut Socket) {
    say(socket, json!({"MessageType": "KeepAlive"})).await;
    expect_next(socket, "KeepAlive").await;
}

async fn until_asked(stage: &Stage, times: usize) {
    let asked = async {
        while stage.asked().len() < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    asked.expect("it is asked for");
}

#[tokio::test]
async fn a_silent_client_is_asked_for_a_word_and_then_left() {
    let gone = Duration::from_millis(1500);
    let silence = Silence {
        remind: Duration::from_millis(300),
        gone,
    };
    let stage = Stage::with_silence(script, silence);
    let began = Instant::now();
    let mut socket = greeted(&stage).await;
    expect_next(&mut socket, "ForceKeepAlive").await;
    assert!(began.elapsed() >= silence.remind);
    expect_next(&mut socket, "the end").await;
    assert!(began.elapsed() >= gone);
}

#[tokio::test]
async fn a_client_that_says_a_word_when_it_is_asked_stays() {
    let silence = Silence {
        remind: Duration::from_millis(100),
        gone: Duration::from_secs(10),
    };
    let stage = Stage::with_silence(script, silence);
    let mut socket = greeted(&stage).await;
    for _ in 0..4 {
        expect_next(&mut socket, "ForceKeepAlive").await;
        expect_nothing_else(&mut socket).await;
    }
}

#[tokio::test]
async fn sessions_are_told_when_they_can_be_read_and_when_they_change() {
    fn script(name: &str, _: &Value) -> Result<Value, &'static str> {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        assert_eq!(name, "Sessions");
        match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err("INTERNAL"),
            _ => Ok(json!({"sessions": []})),
        }
    }
    let stage = Stage::new(script);
    let mut socket = greeted(&stage).await;
    let start = json!({"MessageType": "SessionsStart", "Data": "0,500"});
    say(&mut socket, start.clone()).await;
    expect_next(&mut socket, "Sessions").await;
    let asked = stage.asked().len();
    assert!(asked >= 3, "{asked}");
    until_asked(&stage, asked + 2).await;
    expect_nothing_else(&mut socket).await;
    // Who asks anew is told though nothing changed.
    say(&mut socket, start).await;
    expect_next(&mut socket, "Sessions").await;
}

#[tokio::test]
async fn of_what_is_not_seen_or_cannot_be_read_nothing_is_told() {
    fn watched(_: &Arc<Viewer>) -> futures::stream::BoxStream<'static, SocketEvent> {
        let watched = SocketEvent::Watched(vec![EPISODE.parse().unwrap()]);
        futures::stream::iter([watched])
            .chain(futures::stream::pending())
            .boxed()
    }
    let hidden: Script = |_, _| Ok(json!({"items": {"bodies": raw("[]")}}));
    let broken: Script = |_, _| Err("INTERNAL");
    for script in [hidden, broken] {
        let stage = Stage::with_events(script, watched);
        let mut socket = greeted(&stage).await;
        until_asked(&stage, 1).await;
        expect_nothing_else(&mut socket).await;
    }
}

#[tokio::test]
async fn a_socket_lives_and_tells() {
    let stage = Stage::with_events(script, |_| {
        let watched = SocketEvent::Watched(vec![EPISODE.parse().unwrap()]);
        futures::stream::iter([watched])
            .chain(futures::stream::pending())
            .boxed()
    });
    let address = serve(&stage).await;
    let url = format!("ws://{address}/socket?api_key=alice-token&deviceId=lab");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    for sent in [
        json!({"MessageType": "SessionsStart", "Data": "0,1500"}),
        json!({"messageType": "KeepAlive"}),
    ] {
        socket.send(Message::text(sent.to_string())).await.unwrap();
    }
    let mut told = std::collections::BTreeMap::new();
    while told.len() < 4 {
        let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["MessageId"].as_str().unwrap().len(), 32);
        told.insert(
            message["MessageType"].as_str().unwrap().to_owned(),
            message["Data"].clone(),
        );
    }
    assert_eq!(told["ForceKeepAlive"], 60);
    assert_eq!(told["KeepAlive"], Value::Null);
    assert_eq!(told["Sessions"], json!([]));
    assert_eq!(
        told["UserDataChanged"],
        json!({"UserId": ALICE, "UserDataList": [{"ItemId": EPISODE}, {"ItemId": SERIES}]})
    );
}

#[tokio::test]
async fn a_socket_needs_a_token() {
    let stage = Stage::new(script);
    let address = serve(&stage).await;
    let request = format!("ws://{address}/socket")
        .into_client_request()
        .unwrap();
    let refused = tokio_tungstenite::connect_async(request).await.unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");
    let (status, _) = stage.get("/socket").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
