//! What changes in the libraries is told to those who see it, and to nobody else.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use manyfin::demo::{Access, NewItem};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::world::{World, text};
use crate::support::gateway::eventually;

/// The messages that a socket of this user gets.
struct Socket(tokio::sync::mpsc::UnboundedReceiver<Value>, Vec<Value>);

impl Socket {
    async fn open(world: &World, token: &str) -> Self {
        let address = world.app.url.replace("http", "ws");
        let url = format!("{address}/socket?api_key={token}&deviceId=walk");
        let (socket, _) = tokio_tungstenite::connect_async(url)
            .await
            .expect("it opens");
        let (mut write, mut read) = socket.split();
        let (told, messages) = tokio::sync::mpsc::unbounded_channel();
        let alive = json!({ "MessageType": "KeepAlive" }).to_string();
        write.send(Message::text(alive)).await.expect("it is sent");
        tokio::spawn(async move {
            let _held = write;
            while let Some(Ok(message)) = read.next().await {
                let text = message.into_text().unwrap_or_default();
                if let Ok(message) = serde_json::from_str(&text)
                    && told.send(message).is_err()
                {
                    break;
                }
            }
        });
        let mut socket = Self(messages, Vec::new());
        eventually("the socket answers", async || {
            socket
                .told()
                .iter()
                .any(|told| told["MessageType"] == "KeepAlive")
        })
        .await;
        socket
    }

    fn told(&mut self) -> &[Value] {
        while let Ok(message) = self.0.try_recv() {
            self.1.push(message);
        }
        &self.1
    }

    /// Ids in this list of all changes that were told.
    fn ids(&mut self, list: &str) -> Vec<String> {
        let told = self.told().iter();
        let changes = told.filter(|told| told["MessageType"] == "LibraryChanged");
        let ids =
            changes.flat_map(|told| told["Data"][list].as_array().cloned().unwrap_or_default());
        ids.filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_to_who_sees_them() {
    let world = World::new().await;
    let hidden = Access {
        hidden_libraries: vec!["Films".to_owned()],
        ..Access::default()
    };
    world.restricted("ben", hidden).await;
    let mut sockets = Vec::new();
    let mut tokens = Vec::new();
    for name in ["ann", "ben", "stranger"] {
        let token = world.app.sign_in(name, name).await;
        sockets.push(Socket::open(&world, &token).await);
        tokens.push(token);
    }
    let copy = world.demo.add_item(NewItem::Film(777)).expect("a film");
    world.app.crawl(world.server).await;
    let name = world.demo.item_name(copy).expect("it has a name");
    let films = world.items(&tokens[0], "Movie").await;
    let film = films.iter().find(|film| film["Name"] == *name);
    let id = text(film.expect("ann sees it"), "Id");
    eventually("ann is told of the film", async || {
        sockets[0].ids("ItemsAdded").contains(&id)
    })
    .await;
    assert!(world.demo.remove_item(copy));
    world.app.crawl(world.server).await;
    eventually("ann is told that it went", async || {
        sockets[0].ids("ItemsRemoved").contains(&id)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for socket in &mut sockets[1..] {
        for list in ["ItemsAdded", "ItemsUpdated", "ItemsRemoved"] {
            assert!(!socket.ids(list).contains(&id), "{list}");
        }
    }
    let mut told = sockets[2].told().iter();
    assert!(
        told.all(|told| told["MessageType"] != "LibraryChanged"),
        "a stranger is told that something changed"
    );
}
