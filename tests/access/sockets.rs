//! What changes in the libraries is told to those who see it, and to nobody else.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use manyfin::accounts::Actor;
use manyfin::catalog::events::CatalogEvent;
use manyfin::config::CollectionType;
use manyfin::demo::{Access, DemoServer, DemoSpec, NewItem};
use manyfin::model::PublicId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::connections::{jellyfin, said};
use super::world::{World, text};
use crate::support::app::TestApp;
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

/// Marks a film as a favourite, or as none.
async fn mark(world: &World, token: &str, film: &Value, is_favorite: bool) {
    let path = format!("/UserFavoriteItems/{}", text(film, "Id"));
    let method = match is_favorite {
        true => Method::POST,
        false => Method::DELETE,
    };
    assert_eq!(world.ask(method, &path, token, None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_goes_on_where_its_user_or_another_is_changed() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let root = world.app.sign_in("root", "root").await;
    let film = world.items(&ann, "Movie").await.remove(0);
    let mut socket = jellyfin(&world, &ann).await;
    for (at, token) in [&ann, &root].into_iter().enumerate() {
        let user = text(&world.get("/Users/Me", token).await.json(), "Id");
        let user = user.parse().expect("an id");
        let settings = json!({ "AudioLanguagePreference": "ger" });
        let accounts = &world.app.app.accounts;
        let changed = accounts.update_settings(&Actor::Shell, user, &settings);
        changed.await.expect("they are changed");
        // Long enough that it was heard.
        tokio::time::sleep(Duration::from_millis(500)).await;
        mark(&world, &ann, &film, at == 0).await;
        let told = said(&mut socket, "UserDataChanged").await.expect("a mark");
        let told = &told["UserDataList"][0];
        assert_eq!(told["ItemId"], film["Id"]);
        assert_eq!(told["IsFavorite"], at == 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_marks_is_told_to_nobody_else() {
    let world = World::new().await;
    world.restricted("ben", Access::default()).await;
    let ann = world.app.sign_in("ann", "ann").await;
    let ben = world.app.sign_in("ben", "ben").await;
    let films = world.items(&ann, "Movie").await;
    let mut anns = jellyfin(&world, &ann).await;
    let mut bens = jellyfin(&world, &ben).await;
    // Both see both films; the first thing that each of them hears is their own.
    for (token, socket, film) in [(&ben, &mut bens, &films[0]), (&ann, &mut anns, &films[1])] {
        mark(&world, token, film, true).await;
        let told = said(socket, "UserDataChanged").await.expect("a mark");
        let told = told["UserDataList"].as_array().expect("a list");
        let told: Vec<_> = told.iter().map(|told| &told["ItemId"]).collect();
        assert_eq!(told, [&film["Id"]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_little_of_what_changed_is_told_of_that() {
    let world = World::new().await;
    let token = world.app.sign_in("ann", "ann").await;
    let mut socket = Socket::open(&world, &token).await;
    let id = text(&world.items(&token, "Movie").await[0], "Id");
    let unseen = (0..5_000).map(|_| PublicId::random());
    let event = CatalogEvent::Library {
        added: [].into(),
        updated: [].into(),
        removed: unseen.chain([id.parse().expect("an id")]).collect(),
    };
    world.app.app.catalog.events().tell(event);
    eventually("ann is told of what she saw", async || {
        socket.ids("ItemsRemoved") == [id.clone()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_no_item_is_not_told_and_the_next_one_is() {
    let app = TestApp::on_sqlite().await;
    let catalog = &app.app.catalog;
    let mut told = catalog.events().listen();
    let before = catalog.snapshot().generation;
    app.add_library("Pictures", CollectionType::Movies, &[])
        .await;
    assert!(catalog.snapshot().generation > before);
    // Longer than changes are gathered.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(told.is_empty());

    let demo = DemoServer::start(DemoSpec::films("attic", 4, 0)).await;
    let demo = demo.expect("a source starts");
    let crawler = ("crawler", "crawler-pw");
    app.add_server(&demo, "attic", crawler).await;
    let event = tokio::time::timeout(Duration::from_secs(20), told.recv()).await;
    let event = event.expect("something is told").expect("an event");
    assert!(
        matches!(&event, CatalogEvent::Library { added, .. } if !added.is_empty()),
        "{event:?}"
    );
}
