//! What a search box shows while one types: items, and the people, genres and studios of that name.

use manyfin::demo::{DemoServer, demo_sources};
use serde_json::Value;

use crate::support::app::TestApp;

fn texts<'a>(hints: &'a Value, field: &str) -> Vec<&'a str> {
    let hints = hints["SearchHints"].as_array().expect("hints");
    hints
        .iter()
        .filter_map(|hint| hint[field].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_hinted_at_beside_items() {
    let mut specs = demo_sources(1, 60);
    let demo = DemoServer::start(specs.remove(0)).await.expect("a source");
    let app = TestApp::on_sqlite().await;
    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    let links = [(server, ("alice", "alice-pw"))];
    app.add_user("ann", "ann", false, &links).await;
    app.add_user("stranger", "stranger", false, &[]).await;
    let token = app.sign_in("ann", "ann").await;
    let films = app
        .get(
            &token,
            "/Items?recursive=true&includeItemTypes=Movie&fields=People,Genres,Studios",
        )
        .await;
    let films = films["Items"].as_array().expect("films").clone();
    let first = |field: &str| {
        let mut found = films.iter().filter_map(|film| film[field].get(0));
        let found = found.next().expect("some film has one");
        found["Name"]
            .as_str()
            .or(found.as_str())
            .expect("a name")
            .to_owned()
    };
    for (name, kind, flag) in [
        (first("People"), "Person", "includePeople"),
        (first("Genres"), "Genre", "includeGenres"),
        (first("Studios"), "Studio", "includeStudios"),
    ] {
        let term = name.replace(' ', "%20").replace('&', "%26");
        let hints = format!("/Search/Hints?searchTerm={term}");
        let found = app.get(&token, &hints).await;
        let hint = found["SearchHints"].as_array().expect("hints").iter();
        let hint = hint
            .clone()
            .find(|hint| hint["Type"] == kind && hint["Name"] == name);
        let hint = hint.unwrap_or_else(|| panic!("{kind} {name}: {found}"));
        let id = hint["Id"].as_str().expect("an id");
        let opened = app.get(&token, &format!("/Items/{id}")).await;
        assert_eq!(opened["Name"], name, "a hint opens");

        let none = app.get(&token, &format!("{hints}&{flag}=false")).await;
        assert!(!texts(&none, "Type").contains(&kind), "{none}");
        let none = app
            .get(&token, &format!("{hints}&includeItemTypes=Movie"))
            .await;
        assert!(texts(&none, "Type").iter().all(|kind| *kind == "Movie"));
        let alone = app
            .get(&token, &format!("{hints}&includeMedia=false"))
            .await;
        assert!(!texts(&alone, "Type").contains(&"Movie"), "{alone}");
        assert!(texts(&alone, "Name").contains(&name.as_str()));

        let stranger = app.sign_in("stranger", "stranger").await;
        assert!(texts(&app.get(&stranger, &hints).await, "Name").is_empty());
    }
}
