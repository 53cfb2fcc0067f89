//! What is refused, and why: input that means nothing, named by its field.

use manyfin::demo::ExtraKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, text};
use crate::support::app::TestApp;

/// The code of the first error, and the field that it names.
async fn refusal(world: &World, token: &str, query: &str) -> (String, Option<String>) {
    let told = world.graphql(token, query).await;
    let error = &told["errors"][0]["extensions"];
    assert!(error["code"].is_string(), "{query}: {told}");
    let field = error["field"].as_str().map(str::to_owned);
    (text(error, "code"), field)
}

#[tokio::test(flavor = "multi_thread")]
async fn mutations_name_the_field_that_is_wrong() {
    let world = World::new().await;
    let root = world.app.sign_in("root", "root").await;
    let told = world
        .graphql(
            &root,
            "{ servers { id } mergedLibraries { id } sourceLibraries { id name } }",
        )
        .await["data"]
        .clone();
    let server = text(&told["servers"][0], "id");
    let library = text(&told["mergedLibraries"][0], "id");
    let shelves = told["sourceLibraries"].as_array().expect("libraries");
    let shelf = |name: &str| {
        let found = shelves.iter().find(|library| library["name"] == name);
        text(found.expect("it is listed"), "id")
    };
    let url = world.demo.url();
    let credentials = "credentials: {password: {username: \"crawler\", password: \"crawler-pw\"}}";
    let film = text(&world.items(&root, "Movie").await[0], "Id");
    let nobody = "0123456789abcdef0123456789abcdef";
    for (mutation, code, field) in [
        (
            format!(
                "addServer(input: {{name: \"b\", url: \"{url}\", {credentials}, takeKey: \"x\"}}) {{ id }}"
            ),
            "BAD_INPUT",
            Some("takeKey"),
        ),
        (
            format!(
                "addServer(input: {{name: \"b\", url: \"{url}\", {credentials}, trust: \"x\"}}) {{ id }}"
            ),
            "BAD_INPUT",
            Some("trust"),
        ),
        (
            format!("updateServer(id: \"{server}\", input: {{trust: \"sha256:x\"}}) {{ id }}"),
            "BAD_INPUT",
            Some("trust"),
        ),
        (
            format!(
                "removeLibrarySource(id: \"{library}\", sourceLibraryId: \"{nobody}\") {{ id }}"
            ),
            "NOT_FOUND",
            None,
        ),
        (
            format!(
                "removeLibrarySource(id: \"{library}\", sourceLibraryId: \"{server}\") {{ id }}"
            ),
            "BAD_INPUT",
            Some("sourceLibraryId"),
        ),
        (
            format!("updateUserData(id: \"{film}\", changes: {{LastPlayedDate: \"yesterday\"}})"),
            "BAD_INPUT",
            Some("LastPlayedDate"),
        ),
        (
            format!("updateUserData(id: \"{film}\", changes: \"Played\")"),
            "BAD_INPUT",
            Some("changes"),
        ),
        (
            format!("undoDecision(id: \"{nobody}\") {{ id }}"),
            "NOT_FOUND",
            None,
        ),
    ] {
        let got = refusal(&world, &root, &format!("mutation {{ {mutation} }}")).await;
        assert_eq!((&*got.0, got.1.as_deref()), (code, field), "{mutation}");
    }

    // What is right is taken: each strategy, and a source library by its id.
    for strategy in ["NAME_YEAR", "SMART", "NONE", "PROVIDER_IDS"] {
        let query = format!(
            "mutation {{ updateMergedLibrary(id: \"{library}\", input: {{dedupStrategy: {strategy}, sources: [
                {{serverId: \"{server}\", library: \"{}\"}}]}}) {{ dedupStrategy sources {{ library {{ name }} }} }} }}",
            shelf("Films")
        );
        let told = world.graphql(&root, &query).await;
        let now = &told["data"]["updateMergedLibrary"];
        assert_eq!(now["dedupStrategy"], strategy, "{told}");
        assert_eq!(now["sources"][0]["library"]["name"], "Films", "{told}");
    }
    let query = format!(
        "mutation {{ removeLibrarySource(id: \"{library}\", sourceLibraryId: \"{}\") {{ sources {{ priority }} }} }}",
        shelf("Films")
    );
    let told = world.graphql(&root, &query).await;
    assert_eq!(
        told["data"]["removeLibrarySource"]["sources"],
        json!([]),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_mean_nothing_are_refused() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let me = text(&world.get("/Users/Me", &ann).await.json(), "Id");
    let film = text(&world.items(&ann, "Movie").await[0], "Id");
    let views = world.get("/UserViews", &ann).await.json();
    let view = text(&views["Items"][0], "Id");
    let post = Method::POST;
    for (method, path, body, status) in [
        (&Method::GET, "/Items/%FF".to_owned(), None, 404),
        (
            &post,
            "/Users/AuthenticateByName".to_owned(),
            Some(json!({ "Username": 5 })),
            400,
        ),
        (&post, "/UserImage".to_owned(), Some(json!({})), 403),
        (
            &post,
            format!("/Users/Password?userId={me}"),
            Some(json!({ "ResetPassword": true })),
            403,
        ),
        (
            &post,
            format!("/UserItems/{film}/UserData"),
            Some(json!({ "LastPlayedDate": "yesterday" })),
            400,
        ),
        (
            &post,
            format!("/UserItems/{view}/UserData"),
            Some(json!({ "Played": true })),
            400,
        ),
        (
            &post,
            format!("/Items/{view}/PlaybackInfo"),
            Some(json!({})),
            404,
        ),
    ] {
        let got = world.ask(method.clone(), &path, &ann, body).await;
        assert_eq!(got.status, status, "{path}: {}", got.text);
    }
    // Nothing was changed by it.
    let ann = world.app.sign_in("ann", "ann").await;

    let change = json!({ "CurrentPw": "ann", "NewPw": "another" });
    let path = format!("/Users/Password?userId={me}");
    assert_eq!(world.ask(post, &path, &ann, Some(change)).await.status, 204);
    world.app.sign_in("ann", "another").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_watched_and_by_which_session_is_told_to_its_user() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let films = world.items(&ann, "Movie").await;
    let film = text(&films[0], "Id");
    let mark = Some(json!({ "Played": true, "PlayCount": 3, "IsFavorite": true, "Likes": false }));
    let path = format!("/UserItems/{film}/UserData");
    assert_eq!(world.ask(Method::POST, &path, &ann, mark).await.status, 200);
    let query = format!(
        "{{ item(id: \"{film}\") {{ userData {{ played playCount positionTicks lastPlayedAt isFavorite likes
            isResumable unplayedCount }} }} sessions {{ user {{ name }} }} }}"
    );
    let told = world.graphql(&ann, &query).await["data"].clone();
    let state = &told["item"]["userData"];
    for (field, value) in [
        ("played", json!(true)),
        ("playCount", json!(3)),
        ("positionTicks", json!(0)),
        ("isFavorite", json!(true)),
        ("likes", json!(false)),
        ("isResumable", json!(false)),
        ("unplayedCount", json!(null)),
    ] {
        assert_eq!(state[field], value, "{field}: {told}");
    }
    let sessions = told["sessions"].as_array().expect("sessions");
    assert!(!sessions.is_empty());
    assert!(
        sessions
            .iter()
            .all(|session| session["user"]["name"] == "ann"),
        "{told}"
    );
    // Another's marks are their own.
    let root = world.app.sign_in("root", "root").await;
    let told = world.graphql(&root, &query).await["data"].clone();
    assert_eq!(told["item"]["userData"]["played"], false, "{told}");

    for (within, expected) in [("960", true), ("-1", false)] {
        let path = format!("/Sessions?activeWithinSeconds={within}");
        let told = world.get(&path, &ann).await.json();
        let told = told.as_array().expect("a list");
        assert_eq!(!told.is_empty(), expected, "{within}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extra_that_its_server_has_no_longer_is_gone() {
    let world = World::new().await;
    let ann = world.app.sign_in("ann", "ann").await;
    let copy = world.demo.items(manyfin::model::ItemKind::Movie)[0];
    let name = world.demo.item_name(copy).expect("a name");
    let extra = world.demo.add_extra(copy, ExtraKind::Trailer, "Teaser");
    let extra = extra.expect("a film");
    world.app.crawl(world.server).await;
    let films = world.items(&ann, "Movie").await;
    let film = films.iter().find(|film| film["Name"] == *name);
    let film = text(film.expect("it is listed"), "Id");
    let told = world
        .get(&format!("/Items/{film}/LocalTrailers"), &ann)
        .await;
    let trailer = text(&told.json()[0], "Id");
    let there = format!("/Items/{trailer}");
    assert_eq!(world.get(&there, &ann).await.status, 200);
    assert!(world.demo.remove_item(extra));
    assert_eq!(world.get(&there, &ann).await.status, 404);
    let info = format!("/Items/{trailer}/PlaybackInfo");
    let info = world.ask(Method::POST, &info, &ann, Some(json!({}))).await;
    assert!([404, 503].contains(&info.status), "{}", info.text);

    // Where nobody answers there is nothing, and it is said in the form that apps expect.
    world.demo.set_available(false).await.expect("it stops");
    let known = world.app.app.catalog.registry().get(world.server);
    known.expect("the server").check().await;
    let themes = world.get(&format!("/Items/{film}/ThemeMedia"), &ann).await;
    assert_eq!(themes.status, 200, "{}", themes.text);
    assert_eq!(themes.json()["ThemeSongsResult"]["Items"], json!([]));
    let segments = world.get(&format!("/MediaSegments/{film}"), &ann).await;
    assert_eq!(segments.status, 200, "{}", segments.text);
    assert_eq!(segments.json()["Items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_at_home_and_who_is_listed_follow_the_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let app = TestApp::start_with(&url, |config| {
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
        config.public_users = true;
    })
    .await;
    app.add_user("ann", "ann", false, &[]).await;
    let token = app.sign_in("ann", "ann").await;
    let http = reqwest::Client::new();
    for (from, is_local, is_in_network) in [
        ("203.0.113.7", false, false),
        ("10.1.2.3", false, true),
        ("169.254.7.7", false, true),
        ("2001:db8::1", false, false),
        ("fd00::5", false, true),
        ("fe80::5", false, true),
        ("::ffff:192.168.1.9", false, true),
        ("127.0.0.1", true, true),
    ] {
        let asked = http
            .get(format!("{}/System/Endpoint", app.url))
            .header("X-Forwarded-For", from)
            .header("X-Emby-Token", &token);
        let told: Value = asked
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let expected = json!({ "IsLocal": is_local, "IsInNetwork": is_in_network });
        assert_eq!(told, expected, "{from}");
    }
    let asked = http.get(format!("{}/Users/Public", app.url)).send().await;
    let told: Value = asked.expect("an answer").json().await.expect("JSON");
    assert_eq!(told[0]["Name"], "ann", "{told}");

    // By default nobody is listed.
    let app = TestApp::on_sqlite().await;
    app.add_user("ann", "ann", false, &[]).await;
    let asked = http.get(format!("{}/Users/Public", app.url)).send().await;
    let told: Value = asked.expect("an answer").json().await.expect("JSON");
    assert_eq!(told, json!([]));
}
