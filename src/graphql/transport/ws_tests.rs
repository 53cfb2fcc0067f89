use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::graphql::transport::{TransportState, router};
use crate::graphql::{Engine, Limits};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(TransportState {
        engine: Engine::bare(Limits::default()),
        public_url: None,
        closing: tokio_util::sync::CancellationToken::new(),
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn connect() -> Socket {
    let mut request = format!("ws://{}/graphql/ws", serve().await)
        .into_client_request()
        .unwrap();
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        "graphql-transport-ws".parse().unwrap(),
    );
    connect_async(request).await.unwrap().0
}

async fn say(socket: &mut Socket, message: Value) {
    let text = message.to_string().into();
    socket.send(Message::Text(text)).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Value {
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The code by which the other side closes.
async fn closed(socket: &mut Socket) -> u16 {
    match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?}"),
    }
}

async fn greet(socket: &mut Socket) {
    say(socket, json!({"type": "connection_init"})).await;
    assert_eq!(hear(socket).await, json!({"type": "connection_ack"}));
}

#[tokio::test]
async fn an_operation_is_answered_and_completed() {
    let mut socket = connect().await;
    greet(&mut socket).await;
    let query = json!({"query": "{ __typename }"});
    say(
        &mut socket,
        json!({"type": "subscribe", "id": "1", "payload": query}),
    )
    .await;
    let answer = json!({"data": {"__typename": "Query"}});
    let next = json!({"type": "next", "id": "1", "payload": answer});
    assert_eq!(hear(&mut socket).await, next);
    let complete = json!({"type": "complete", "id": "1"});
    assert_eq!(hear(&mut socket).await, complete);
    say(&mut socket, json!({"type": "ping"})).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "pong"}));
}

#[tokio::test]
async fn what_cannot_be_executed_is_an_error_of_its_operation() {
    let mut socket = connect().await;
    greet(&mut socket).await;
    for query in ["{", "{ nothing }"] {
        let payload = json!({ "query": query });
        say(
            &mut socket,
            json!({"type": "subscribe", "id": "1", "payload": payload}),
        )
        .await;
        let answer = hear(&mut socket).await;
        assert_eq!(answer["type"], "error", "{answer}");
        assert!(answer["payload"][0]["extensions"]["code"].is_string());
    }
    // The connection goes on.
    say(&mut socket, json!({"type": "ping"})).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
}

#[tokio::test]
async fn a_subscription_needs_a_viewer() {
    let mut socket = connect().await;
    greet(&mut socket).await;
    let payload = json!({"query": "subscription { libraryChanged { generation } }"});
    say(
        &mut socket,
        json!({"type": "subscribe", "id": "1", "payload": payload}),
    )
    .await;
    let answer = hear(&mut socket).await.to_string();
    assert!(answer.contains("UNAUTHENTICATED"), "{answer}");
}

#[tokio::test]
async fn who_breaks_the_protocol_is_told_by_the_code() {
    let subscribe = json!({"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}});
    let mut socket = connect().await;
    say(&mut socket, subscribe).await;
    assert_eq!(closed(&mut socket).await, 4401);

    let mut socket = connect().await;
    greet(&mut socket).await;
    say(&mut socket, json!({"type": "connection_init"})).await;
    assert_eq!(closed(&mut socket).await, 4429);

    let mut socket = connect().await;
    say(&mut socket, json!({"type": "hello"})).await;
    assert_eq!(closed(&mut socket).await, 4400);

    let mut socket = connect().await;
    let payload = json!({"Authorization": "Bearer unknown"});
    say(
        &mut socket,
        json!({"type": "connection_init", "payload": payload}),
    )
    .await;
    assert_eq!(closed(&mut socket).await, 4403);
}

#[tokio::test]
async fn a_ping_of_the_wire_is_answered_and_no_message() {
    let mut socket = connect().await;
    for _ in 0..2 {
        socket.send(Message::Ping("a".into())).await.unwrap();
        let pong = socket.next().await.unwrap().unwrap();
        assert_eq!(pong, Message::Pong("a".into()));
    }
    greet(&mut socket).await;
}

#[tokio::test]
async fn another_protocol_or_origin_is_refused() {
    for (header, value) in [
        ("Sec-WebSocket-Protocol", "graphql-ws"),
        ("Origin", "https://evil.example"),
    ] {
        let mut request = format!("ws://{}/graphql/ws", serve().await)
            .into_client_request()
            .unwrap();
        request.headers_mut().insert(header, value.parse().unwrap());
        assert!(connect_async(request).await.is_err(), "{header}");
    }
}
