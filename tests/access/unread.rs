//! An open socket goes on where who it belongs to cannot be read, and where it missed something.

use manyfin::accounts::{Actor, NewLibrary, Owner};
use manyfin::catalog::events::CatalogEvent;
use manyfin::config::{CollectionType, DedupStrategy, SourcePolicy};
use serde_json::json;

use super::connections::{jellyfin, said, say};
use super::world::{World, text};
use crate::support::app::TestApp;
use crate::support::gateway::eventually;
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

/// Holds the only one who works, until it is dropped: nobody listens meanwhile.
async fn hold() -> std::sync::mpsc::Sender<()> {
    let (release, released) = std::sync::mpsc::channel();
    let (tell, held) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        tell.send(()).expect("it is waited for");
        let _ = released.recv();
    });
    held.await.expect("it is held");
    release
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
    let release = hold().await;
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

// Without servers: a crawl that is held as it writes would keep everybody else from writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_catalog_that_missed_changes_reads_everything_again() {
    let app = TestApp::on_sqlite().await;
    let ann = app.add_user("ann", "ann", false, &[]).await;
    let (accounts, catalog) = (&app.app.accounts, &app.app.catalog);
    let release = hold().await;
    let library = NewLibrary {
        name: "Pictures".to_owned(),
        collection_type: CollectionType::Movies,
        dedup_strategy: DedupStrategy::ProviderIds,
        source_policy: SourcePolicy::Priority,
        owner: Owner::Everybody,
        sources: Vec::new(),
        config_key: None,
    };
    let made = accounts.create_library(&Actor::Shell, library).await;
    made.expect("it is made");
    // As much that does not concern the catalog as pushes the word of it out.
    for at in 0..300 {
        let settings = json!({ "at": at });
        let changed = accounts.update_settings(&Actor::Shell, ann, &settings);
        changed.await.expect("they are changed");
    }
    let is_shown = || !catalog.snapshot().merged_libraries.is_empty();
    assert!(!is_shown());
    drop(release);
    eventually("it is shown", async || is_shown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_user_is_gone_is_told_as_such() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let world = World::on(&url).await;
    world.app.sign_in("stranger", "stranger").await;
    let root = world.app.sign_in("root", "root").await;
    // As where a database was put together by hand.
    let gone = "PRAGMA foreign_keys = OFF; DELETE FROM users WHERE name = 'stranger'";
    sabotage::execute(&url, gone).await;
    let query = "{ sessions(all: true) { id deviceId } }";
    let told = world.graphql(&root, query).await;
    let sessions = told["data"]["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 2, "{told}");
    let told = world
        .graphql(&root, "{ sessions(all: true) { user { name } } }")
        .await;
    assert_eq!(
        told["errors"][0]["extensions"]["code"], "NOT_FOUND",
        "{told}"
    );
}
