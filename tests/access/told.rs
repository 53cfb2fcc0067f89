//! What goes on being told: each event asks anew whether it may be.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use manyfin::demo::{Access, NewItem};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::world::{World, text};

const PATIENCE: Duration = Duration::from_secs(20);

/// A subscription by server-sent events.
struct Told(UnboundedReceiver<Value>);

impl Told {
    async fn open(world: &World, token: &str, field: &str) -> Self {
        let query = format!("subscription {{ {field} }}");
        let answer = reqwest::Client::new()
            .post(format!("{}/graphql/stream", world.app.url))
            .bearer_auth(token)
            .header("Accept", "text/event-stream")
            .json(&json!({ "query": query }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        let (tell, told) = unbounded_channel();
        tokio::spawn(async move {
            let mut chunks = answer.bytes_stream();
            let mut text = String::new();
            while let Some(Ok(chunk)) = chunks.next().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = text.find('\n') {
                    let line: String = text.drain(..=end).collect();
                    let data = line.strip_prefix("data:").map(str::trim);
                    if let Some(Ok(event)) = data.map(serde_json::from_str) {
                        let _ = tell.send(event);
                    }
                }
            }
        });
        Self(told)
    }

    /// The next event; null at the end.
    async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(PATIENCE, self.0.recv()).await;
        next.expect("something is told").unwrap_or_default()
    }

    /// The code of the error that is told next, and last.
    async fn refusal(&mut self) -> String {
        let told = self.next().await;
        let code = text(&told["errors"][0]["extensions"], "code");
        assert_eq!(self.next().await, Value::Null, "it ends");
        code
    }

    fn is_silent(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

async fn sign_out(world: &World, token: &str) {
    let told = world.graphql(token, "mutation { signOut }").await;
    assert_eq!(told["data"]["signOut"], true, "{told}");
}

async fn demote(world: &World, user: &str) {
    let query =
        format!("mutation {{ setAdministrator(id: \"{user}\", isAdministrator: false) {{ id }} }}");
    let root = world.app.sign_in("root", "root").await;
    let told = world.graphql(&root, &query).await;
    assert_eq!(told["errors"], Value::Null, "{told}");
}

/// Something that everybody who sees the films learns of.
async fn add_film(world: &World, number: usize) {
    world
        .demo
        .add_item(NewItem::Film(number))
        .expect("it is added");
    world.app.crawl(world.server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_to_whom_it_concerns() {
    let world = World::new().await;
    let hidden = Access {
        hidden_libraries: vec!["Films".to_owned()],
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let field = "libraryChanged { generation views { name } }";
    let mut told = Vec::new();
    let mut tokens = Vec::new();
    for name in ["ann", "ben", "stranger"] {
        let token = world.app.sign_in(name, name).await;
        told.push(Told::open(&world, &token, field).await);
        tokens.push(token);
    }
    add_film(&world, 801).await;
    let change = told[0].next().await["data"]["libraryChanged"].clone();
    assert!(change["generation"].as_i64().expect("a number") > 0);
    let views = change["views"].to_string();
    assert!(views.contains("Cinema"), "{views}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(told[1].is_silent(), "ben sees no films");
    assert!(told[2].is_silent(), "a stranger sees nothing");

    // Where everything is grouped anew, something may have changed for everybody.
    let root = world.app.sign_in("root", "root").await;
    let told_now = world.graphql(&root, "{ mergedLibraries { id } }").await;
    let query = format!(
        "mutation {{ updateMergedLibrary(id: \"{}\", input: {{dedupStrategy: NONE}}) {{ id }} }}",
        text(&told_now["data"]["mergedLibraries"][0], "id")
    );
    let changed = world.graphql(&root, &query).await;
    assert_eq!(changed["errors"], Value::Null, "{changed}");
    for told in &mut told {
        let change = told.next().await["data"]["libraryChanged"].clone();
        assert!(change["views"].is_array(), "{change}");
    }

    // Whoever sees less from now on is told what there is now.
    let everything = vec!["Films".to_owned(), "Shows".to_owned(), "Music".to_owned()];
    let access = Access {
        hidden_libraries: everything,
        ..Access::default()
    };
    assert!(world.demo.set_access("alice", access));
    for (_, link) in world.app.app.accounts.all_links().await.expect("links") {
        let seen = world.app.app.sync.link_added(link.id).await;
        seen.expect("the link sees its part");
    }
    loop {
        let views = told[0].next().await["data"]["libraryChanged"]["views"].clone();
        if !views.to_string().contains("Cinema") {
            break;
        }
    }

    sign_out(&world, &tokens[1]).await;
    assert!(world.demo.set_access("alice", Access::default()));
    add_film(&world, 802).await;
    assert_eq!(told[1].refusal().await, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_server_is_told_to_its_users() {
    let world = World::new().await;
    world.app.add_user("boss", "boss", true, &[]).await;
    let field = "serverHealth { name health { state } }";
    let mut told = Vec::new();
    let mut tokens = Vec::new();
    for name in ["ann", "boss", "stranger"] {
        let token = world.app.sign_in(name, name).await;
        told.push(Told::open(&world, &token, field).await);
        tokens.push(token);
    }
    let known = world.app.app.catalog.registry().get(world.server);
    let known = known.expect("the server");
    world.demo.set_available(false).await.expect("it stops");
    known.check().await;
    for told in &mut told[..2] {
        let server = told.next().await["data"]["serverHealth"].clone();
        assert_eq!(server["name"], "attic");
        assert_eq!(server["health"]["state"], "OFFLINE");
    }
    sign_out(&world, &tokens[0]).await;
    world.demo.set_available(true).await.expect("it starts");
    known.check().await;
    assert_eq!(told[0].refusal().await, "UNAUTHENTICATED");
    assert_eq!(
        told[1].next().await["data"]["serverHealth"]["health"]["state"],
        "ONLINE"
    );
    // He too is asked who he is; but nothing is said about the server.
    assert!(told[2].is_silent());
}

#[tokio::test(flavor = "multi_thread")]
async fn crawls_are_told_as_long_as_somebody_is_an_administrator() {
    let world = World::new().await;
    let boss = world.app.add_user("boss", "boss", true, &[]).await;
    let token = world.app.sign_in("boss", "boss").await;
    let mut told = Told::open(&world, &token, "crawlProgress { server { name } }").await;
    assert_eq!(
        told.next().await["data"]["crawlProgress"]["server"]["name"],
        "attic"
    );
    demote(&world, &boss.to_string()).await;
    world.app.crawl(world.server).await;
    assert_eq!(told.refusal().await, "FORBIDDEN");
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn say(socket: &mut Socket, message: Value) {
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

/// A connection of `graphql-transport-ws` that has said who it is.
async fn connected(world: &World, token: &str) -> Socket {
    let url = format!("{}/graphql/ws", world.app.url.replace("http", "ws"));
    let mut request = url.into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (mut socket, _) = connect_async(request).await.expect("it opens");
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

    demote(&world, &boss.to_string()).await;
    say(&mut socket, asked.clone()).await;
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert!(answer.to_string().contains("FORBIDDEN"), "{answer}");
    if answer["type"] == "next" {
        hear(&mut socket, PATIENCE).await.expect("its end");
    }

    sign_out(&world, &token).await;
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
    sign_out(&world, &token).await;
    assert_eq!(hear(&mut socket, patience).await, Err(Some(4401)));
}

/// A socket of Jellyfin's, past its greeting.
async fn jellyfin(world: &World, token: &str) -> Socket {
    let address = world.app.url.replace("http", "ws");
    let url = format!("{address}/socket?api_key={token}&deviceId=walk");
    let (mut socket, _) = connect_async(url).await.expect("it opens");
    let answer = hear(&mut socket, PATIENCE).await.expect("a message");
    assert_eq!(answer["MessageType"], "ForceKeepAlive");
    socket
}

/// What is said next that is of this type; an error when the socket ends before.
async fn said(socket: &mut Socket, message_type: &str) -> Result<Value, Option<u16>> {
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

    demote(&world, &boss.to_string()).await;
    let sessions = said(&mut socket, "Sessions").await.expect("sessions");
    assert!(!sessions.to_string().contains("\"ann\""), "{sessions}");
    assert!(sessions.to_string().contains("\"boss\""), "{sessions}");

    sign_out(&world, &token).await;
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

        sign_out(&world, &ann).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_when_what_is_seen_changes_after_its_session() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let mut socket = jellyfin(&world, &ann).await;
    sign_out(&world, &ann).await;
    add_film(&world, 803).await;
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
    let url = format!("{}/graphql/ws", world.app.url.replace("http", "ws"));
    let mut request = url.into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (mut socket, _) = connect_async(request).await.expect("it opens");
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
