//! An open socket goes on where who it belongs to cannot be read, and where it missed something.

use manyfin::catalog::events::CatalogEvent;
use serde_json::json;

use super::connections::{jellyfin, said, say};
use super::world::{World, text};
use crate::support::sabotage;

both_gateways!(a_socket_outlives_a_silent_database, socket_outlives);
async fn socket_outlives(url: String) {
    let world = World::on(&url).await;
    let ann = world.app.sign_in("ann", "ann").await;
    let mut socket = jellyfin(&world, &ann).await;
    let alive = json!({ "MessageType": "KeepAlive" });
    say(&mut socket, alive.clone()).await;
    said(&mut socket, "KeepAlive").await.expect("an answer");

    sabotage::hide(&url, "sessions").await;
    world.add_film(811).await;
    let told = said(&mut socket, "LibraryChanged").await;
    let told = told.expect("what they see is known without it");
    let added = told["ItemsAdded"].as_array().expect("a list").clone();
    say(&mut socket, alive).await;
    said(&mut socket, "KeepAlive").await.expect("it lives");
    sabotage::bring_back(&url, "sessions").await;

    let films = world.items(&ann, "Movie").await;
    let mut films = films.iter().map(|film| text(film, "Id"));
    assert!(films.any(|film| added.contains(&json!(film))));
    // Nothing was forgotten: once it can be read, that the session is over is seen.
    world.sign_out(&ann).await;
    world.add_film(812).await;
    assert!(said(&mut socket, "LibraryChanged").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_socket_that_missed_something_hears_what_comes_after() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let films = world.items(&ann, "Movie").await;
    let me = text(&world.get("/Users/Me", &ann).await.json(), "Id");
    let mut socket = jellyfin(&world, &ann).await;
    let mark = |at: usize| CatalogEvent::UserData {
        user: me.parse().expect("an id"),
        items: vec![text(&films[at], "Id").parse().expect("an id")],
    };
    // Nobody listens meanwhile: the only one who works is held.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (hold, held) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        hold.send(()).expect("it is waited for");
        let _ = released.recv();
    });
    held.await.expect("it is held");
    let events = world.app.app.catalog.events();
    events.tell(mark(0));
    for _ in 0..5000 {
        events.tell(mark(1));
    }
    drop(release);
    let told = said(&mut socket, "UserDataChanged").await.expect("a mark");
    let told = told["UserDataList"].as_array().expect("a list").clone();
    assert_eq!(told.len(), 1, "the first was missed: {told:?}");
    assert_eq!(told[0]["ItemId"], films[1]["Id"]);
    events.tell(mark(0));
    let told = said(&mut socket, "UserDataChanged").await.expect("a mark");
    assert_eq!(told["UserDataList"][0]["ItemId"], films[0]["Id"]);
}
