//! The WebSocket over a real connection.

use futures::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::*;

const EPISODE: &str = "82408ee5057db9d473e67c41197e10c1";
const SERIES: &str = "bd7ca28060b26de902c4186d1c878694";

fn script(name: &str, variables: &Value) -> Result<Value, &'static str> {
    Ok(match name {
        "Sessions" => json!({"sessions": []}),
        "Watched" if variables["filter"]["ids"] == json!([EPISODE]) => {
            let body = json!({"Id": EPISODE, "SeriesId": SERIES, "UserData": {"ItemId": EPISODE}});
            json!({"items": {"nodes": [{"body": raw(&body.to_string())}]}})
        }
        "Watched" => {
            assert_eq!(variables["filter"]["ids"], json!([SERIES]));
            let body = json!({"Id": SERIES, "UserData": {"ItemId": SERIES}});
            json!({"items": {"nodes": [{"body": raw(&body.to_string())}]}})
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
