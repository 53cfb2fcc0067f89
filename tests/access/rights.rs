//! Rights that a URL carries, URLs that carry none, and what happens where rights cannot be read.

use axum::body::Body;
use manyfin::catalog::sync::CrawlKind;
use manyfin::demo::{Access, NewItem};
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::world::{World, text};
use crate::support::gateway::{Gateway, eventually, film, sources};
use crate::support::sabotage;

/// Looks like an id, and is none.
const NOBODYS: &str = "0123456789abcdef0123456789abcdef";

async fn ask_links(world: &World) {
    let app = &world.app.app;
    for (_, link) in app.accounts.all_links().await.expect("links") {
        // One that is refused says so.
        let _ = app.sync.link_added(link.id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_in_a_url_lasts_as_long_as_that_of_its_user() {
    let world = World::new().await;
    world.restricted("ben", Access::default()).await;
    let ben = world.app.sign_in("ben", "ben").await;
    let film = world.items(&ben, "Movie").await.remove(0);
    let (id, source) = (text(&film, "Id"), text(&film["MediaSources"][0], "Id"));
    let playlist = format!("/Videos/{id}/master.m3u8?mediaSourceId={source}");
    let playlist = world.get(&playlist, &ben).await.text;
    let key = playlist.split("ApiKey=").nth(1).expect("a right");
    let key = key.split_whitespace().next().expect("a right");
    let plays = async |key: &str| {
        let path = format!("/Videos/{id}/stream?static=true&ApiKey={key}");
        world.get(&path, "").await.status
    };
    assert_eq!(plays(key).await, 200);
    assert_eq!(plays("").await, 401);

    let films = vec!["Films".to_owned()];
    for (hidden_libraries, status) in [(films, 404), (Vec::new(), 200)] {
        let access = Access {
            hidden_libraries,
            ..Access::default()
        };
        assert!(world.demo.set_access("bob", access));
        ask_links(&world).await;
        assert_eq!(plays(key).await, status);
    }
    let root = world.app.sign_in("root", "root").await;
    let users = world.graphql(&root, "{ users { id name } }").await;
    let users = users["data"]["users"].as_array().expect("users").clone();
    let user = users.iter().find(|user| user["name"] == "ben");
    let user = text(user.expect("he is listed"), "id");
    let disable =
        format!("mutation {{ setUserDisabled(id: \"{user}\", isDisabled: true) {{ id }} }}");
    let disabled = world.graphql(&root, &disable).await;
    assert!(disabled["errors"].is_null(), "{disabled}");
    assert_eq!(plays(key).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_ids_that_are_nothing_to_play_open_nothing() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let film = text(&world.items(&ann, "Movie").await[0], "Id");
    // The address is shown the film, and thus may play it.
    world.get(&format!("/Items/{film}"), &ann).await;
    for id in [NOBODYS, &world.films] {
        for more in [
            "",
            "&tag=x",
            "&mediaSourceId=0123456789abcdef0123456789abcdee",
        ] {
            let path = format!("/Videos/{id}/stream?static=true{more}");
            assert_eq!(world.get(&path, "").await.status, 401, "{path}");
            assert_eq!(world.get(&path, &ann).await.status, 404, "{path}");
        }
    }
    // Nor does a request that comes from no address at all.
    let bare = http::Request::get(format!("/videos/{film}/stream?static=true"));
    let bare = bare.body(Body::empty()).expect("a request");
    let answer = world.app.app.router().oneshot(bare).await;
    assert_eq!(answer.expect("an answer").status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_rights_cannot_be_read_nothing_is_given() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let id = ann.id_of(&film(&sources, 0).0).await;
    let stream = format!("{}/Videos/{id}/stream?static=true", gateway.url);
    ann.get(&format!("/Items/{id}")).await;
    for (table, token) in [
        ("users", false),
        ("play_choices", true),
        ("play_choices", false),
    ] {
        let ask = async || {
            let request = match token {
                true => ann.request(Method::GET, &stream[gateway.url.len()..]),
                false => reqwest::Client::new().get(&stream),
            };
            let request = request.header("Range", "bytes=0-99");
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.unwrap_or_default();
            (status, body)
        };
        sabotage::hide(&url, table).await;
        let (status, body) = ask().await;
        sabotage::bring_back(&url, table).await;
        assert_eq!(status, 500, "{table} {token}");
        assert_eq!(body["detail"], json!("something went wrong here"));
        assert_eq!(ask().await.0, 206, "{table} {token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_here_is_told_as_such_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(2, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    gateway.add_administrator("root").await;
    let (ann, root) = (gateway.sign_in("ann").await, gateway.sign_in("root").await);
    let id = ann.id_of(&film(&sources, 0).0).await;
    let me = text(&ann.get("/Users/Me").await, "Id");

    sabotage::hide(&url, "decisions").await;
    let query = json!({ "query": "mutation { undoDecision(id: \"0123456789abcdef0123456789abcdef\") { id } }" });
    let (_, told) = root.ask(Method::POST, "/graphql", Some(query)).await;
    sabotage::bring_back(&url, "decisions").await;
    assert_eq!(
        told["errors"][0]["extensions"]["code"], "INTERNAL",
        "{told}"
    );

    sabotage::hide(&url, "play_choices").await;
    let (status, _) = ann
        .ask(Method::GET, &format!("/MediaSegments/{id}"), None)
        .await;
    sabotage::bring_back(&url, "play_choices").await;
    assert_eq!(status, 500);

    let change = json!({ "CurrentPw": "ann", "NewPw": "another" });
    let path = format!("/Users/Password?userId={me}");
    sabotage::refuse(&url, "UPDATE", "users").await;
    let (status, _) = ann.ask(Method::POST, &path, Some(change)).await;
    sabotage::allow(&url, "users").await;
    assert_eq!(status, 500);
    gateway.sign_in("ann").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_could_not_be_kept_is_shown_by_the_next() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let sources = sources(1, 12).await;
    let gateway = Gateway::over(&url, &sources).await;
    let ann = gateway.sign_in("ann").await;
    let count = async || {
        let told = ann
            .get("/Items?recursive=true&includeItemTypes=Movie&limit=0")
            .await;
        told["TotalRecordCount"].as_u64().expect("a number")
    };
    let before = count().await;
    sabotage::refuse(&url, "INSERT", "items").await;
    sources[0].add_item(NewItem::Film(901)).expect("a film");
    let app = &gateway.app;
    let crawled = app.sync.crawl(gateway.servers[0], CrawlKind::Full).await;
    crawled.expect_err("its id cannot be remembered");
    assert_eq!(count().await, before);
    sabotage::allow(&url, "items").await;
    sources[0].add_item(NewItem::Film(902)).expect("a film");
    gateway.crawl().await;
    eventually("both are there", async || count().await == before + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_tells_whose_it_is_and_where() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let query = "{ viewer { user { id links { username user { name } server { name } } } } }";
    let told = world.graphql(&ann, query).await["data"]["viewer"]["user"].clone();
    let link =
        json!({ "username": "alice", "user": { "name": "ann" }, "server": { "name": "attic" } });
    assert_eq!(told["links"], json!([link]));
    let root = world.app.sign_in("root", "root").await;
    let stranger = world.app.sign_in("stranger", "stranger").await;
    let query = format!(
        "{{ user(id: \"{}\") {{ links {{ server {{ name }} }} }} }}",
        text(&told, "id")
    );
    let links = async |token: &str| world.graphql(token, &query).await["data"]["user"].clone();
    assert_eq!(
        links(&root).await,
        json!({ "links": [{ "server": { "name": "attic" } }] })
    );
    assert_eq!(links(&stranger).await, Value::Null);
    // Another replica took the server away, and this one has not read the links anew.
    world.app.app.catalog.registry().remove(world.server);
    assert_eq!(
        links(&root).await,
        json!({ "links": [{ "server": { "name": "" } }] })
    );
}
