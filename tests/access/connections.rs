//! An open connection has the rights of its user as they are now, and ends with its session.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::world::{World, text};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn say(socket: &mut Socket, message: Value) {
    let text = Message::text(message.to_string());
    socket.send(text).await.expect("it is sent");
}

/// The next message, or the code of the close.
async fn hear(socket: &mut Socket, patience: Duration) -> Result<Value, Option<u16>> {
    let next = tokio::time::timeout(patience, socket.next()).await;
    match next.expect("something is said") {
        Some(Ok(Message::Text(text))) => Ok(serde_json::from_str(&text).expect("JSON")),
        Some(Ok(Message::Close(frame))) => Err(frame.map(|frame| frame.code.into())),
        Some(Ok(other)) => panic!("{other:?}"),
        None | Some(Err(_)) => Err(None),
    }
}

/// A connection of `graphql-transport-ws`.
async fn opened(world: &World) -> Socket {
    let url = format!("{}/graphql/ws", world.app.url.replace("http", "ws"));
    let mut request = url.into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (socket, _) = connect_async(request).await.expect("it opens");
    socket
}

/// One that has said who it is.
async fn connected(world: &World, token: &str) -> Socket {
    let mut socket = opened(world).await;
    let payload = json!({ "Authorization": format!("Bearer {token}") });
    say(
        &mut socket,
        json!({ "type": "connection_init", "payload": payload }),
    )
    .await;
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(answer["type"], "connection_ack");
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_has_the_rights_of_now() {
    let world = World::new().await;
    let boss = world.app.add_user("boss", "boss", true, &[]).await;
    let token = world.app.sign_in("boss", "boss").await;
    let mut socket = connected(&world, &token).await;
    let query = json!({ "query": "mutation { crawlServers { name } }" });
    let asked = json!({ "type": "subscribe", "id": "a", "payload": query });
    say(&mut socket, asked.clone()).await;
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(answer["type"], "next", "{answer}");
    let end = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(end["type"], "complete");

    world.demote(boss).await;
    say(&mut socket, asked.clone()).await;
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert!(answer.to_string().contains("FORBIDDEN"), "{answer}");
    if answer["type"] == "next" {
        hear(&mut socket, PATIENCE).await.expect("its end");
    }

    world.sign_out(&token).await;
    say(&mut socket, asked).await;
    assert_eq!(hear(&mut socket, PATIENCE).await, Err(Some(4401)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_ends_with_its_session() {
    let world = World::new().await;
    let token = world.app.sign_in("ann", "ann").await;
    let mut socket = connected(&world, &token).await;
    let patience = Duration::from_secs(60);
    let ping = hear(&mut socket, patience).await.expect("a message");
    assert_eq!(ping["type"], "ping");
    world.sign_out(&token).await;
    assert_eq!(hear(&mut socket, patience).await, Err(Some(4401)));
}

/// A socket of Jellyfin's, past its greeting.
pub(super) async fn jellyfin(world: &World, token: &str) -> Socket {
    let address = world.app.url.replace("http", "ws");
    let url = format!("{address}/socket?api_key={token}&deviceId=walk");
    let (mut socket, _) = connect_async(url).await.expect("it opens");
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(answer["MessageType"], "ForceKeepAlive");
    socket
}

/// What is said next that is of this type; an error when the socket ends before.
pub(super) async fn said(socket: &mut Socket, message_type: &str) -> Result<Value, Option<u16>> {
    loop {
        let message = hear(socket, PATIENCE).await?;
        if message["MessageType"] == message_type {
            return Ok(message["Data"].clone());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_tells_what_its_user_may_know_now() {
    let world = World::new().await;
    let boss = world.app.add_user("boss", "boss", true, &[]).await;
    let ann = world.app.sign_in("ann", "ann").await;
    world.get("/Users/Me", &ann).await;
    let token = world.app.sign_in("boss", "boss").await;
    let mut socket = jellyfin(&world, &token).await;
    let start = json!({ "MessageType": "SessionsStart", "Data": "0,200" });
    say(&mut socket, start).await;
    let sessions = said(&mut socket, "Sessions").await.expect("sessions");
    assert!(sessions.to_string().contains("\"ann\""), "{sessions}");

    world.demote(boss).await;
    let sessions = said(&mut socket, "Sessions").await.expect("sessions");
    assert!(!sessions.to_string().contains("\"ann\""), "{sessions}");
    assert!(sessions.to_string().contains("\"boss\""), "{sessions}");

    world.sign_out(&token).await;
    assert!(said(&mut socket, "nothing more").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_with_its_session() {
    let world = World::new().await;
    // One says that it lives; to the other something is told.
    for is_told in [false, true] {
        let other = world.app.sign_in("ann", "ann").await;
        let film = text(&world.items(&other, "Movie").await[0], "Id");
        let ann = world.graphql(
            "",
            "mutation { signIn(username: \"ann\", password: \"ann\",
              device: {client: \"C\", deviceName: \"D\", deviceId: \"second\", version: \"1\"}) { token } }",
        );
        let ann = text(&ann.await["data"]["signIn"], "token");
        let mut socket = jellyfin(&world, &ann).await;
        let alive = json!({ "MessageType": "KeepAlive" });
        say(&mut socket, alive.clone()).await;
        said(&mut socket, "KeepAlive").await.expect("an answer");
        let stop = json!({ "MessageType": "SessionsStop" });
        say(&mut socket, stop).await;

        let path = format!("/UserFavoriteItems/{film}");
        let mark = world.ask(reqwest::Method::POST, &path, &other, None).await;
        assert_eq!(mark.status, 200);
        let told = said(&mut socket, "UserDataChanged").await.expect("a mark");
        assert_eq!(told["UserDataList"][0]["ItemId"], film);

        world.sign_out(&ann).await;
        match is_told {
            false => say(&mut socket, alive).await,
            true => {
                let mark = world.ask(reqwest::Method::DELETE, &path, &other, None);
                assert_eq!(mark.await.status, 200);
            }
        }
        assert!(said(&mut socket, "UserDataChanged").await.is_err());
    }
}

/// Nothing is said and nothing happens meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_socket_ends_at_once_with_its_session() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let mut socket = jellyfin(&world, &ann).await;
    world.sign_out(&ann).await;
    let end = tokio::time::timeout(Duration::from_secs(5), said(&mut socket, "nothing more"));
    assert!(end.await.expect("at once").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_when_what_is_seen_changes_after_its_session() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let mut socket = jellyfin(&world, &ann).await;
    world.sign_out(&ann).await;
    world.add_film(803).await;
    assert!(said(&mut socket, "LibraryChanged").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_breaks_the_protocol_is_told_how() {
    let world = World::new().await;
    let token = world.app.sign_in("ann", "ann").await;
    let subscribe = |id: &str| {
        let query = json!({ "query": "subscription { libraryChanged { generation } }" });
        json!({ "type": "subscribe", "id": id, "payload": query })
    };

    let mut socket = connected(&world, &token).await;
    say(&mut socket, subscribe("a")).await;
    say(&mut socket, json!({ "type": "complete", "id": "a" })).await;
    // It is free again; now it is not.
    say(&mut socket, subscribe("a")).await;
    say(&mut socket, json!({ "type": "pong" })).await;
    say(&mut socket, json!({ "type": "ping" })).await;
    let pong = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(pong["type"], "pong");
    say(&mut socket, subscribe("a")).await;
    assert_eq!(hear(&mut socket, PATIENCE).await, Err(Some(4409)));

    let mut socket = connected(&world, &token).await;
    for number in 0..1000 {
        let id = subscribe(&number.to_string());
        let said = socket.send(Message::text(id.to_string())).await;
        if said.is_err() {
            break;
        }
    }
    assert_eq!(hear(&mut socket, PATIENCE).await, Err(Some(4429)));

    let mut socket = connected(&world, &token).await;
    let bytes = Message::binary(vec![1, 2, 3]);
    socket.send(bytes).await.expect("it is sent");
    assert_eq!(hear(&mut socket, PATIENCE).await, Err(Some(4400)));

    let mut socket = connected(&world, &token).await;
    socket.close(None).await.expect("it is sent");
    assert!(hear(&mut socket, PATIENCE).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_say_who_it_is_does_not_stay() {
    let world = World::new().await;
    let mut socket = opened(&world).await;
    assert_eq!(hear(&mut socket, PATIENCE).await, Err(Some(4408)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_takes_whatever_it_is_sent() {
    let world = World::new().await;
    let token = world.app.sign_in("ann", "ann").await;
    let mut socket = jellyfin(&world, &token).await;
    for odd in [
        Message::text("no JSON"),
        Message::text("5"),
        Message::text("{\"MessageType\": \"ActivityLogEntryStart\", \"Data\": \"0,1\"}"),
        Message::binary(vec![1, 2, 3]),
    ] {
        socket.send(odd).await.expect("it is sent");
    }
    say(&mut socket, json!({ "MessageType": "KeepAlive" })).await;
    said(&mut socket, "KeepAlive").await.expect("it lives");
    socket.close(None).await.expect("it is sent");
    assert!(said(&mut socket, "KeepAlive").await.is_err());
}
