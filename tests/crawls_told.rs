//! What a crawl finds out is told: libraries that came later, the server's version, why it failed, how
//! far it is.

use std::time::Duration;

use futures::StreamExt;
use manyfin::app::apply::apply;
use manyfin::catalog::sync::{CrawlKind, Phase};
use manyfin::config::{Config, Overrides};
use manyfin::demo::{DemoServer, DemoSpec};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::gateway::eventually;

async fn ask(app: &TestApp, token: &str, query: &str) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("{}/graphql", app.url))
        .bearer_auth(token)
        .json(&json!({ "query": query }))
        .send()
        .await
        .expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["errors"], Value::Null, "{body}");
    body["data"].clone()
}

fn declared(text: &str) -> Config {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("manyfin.toml");
    std::fs::write(&file, text).expect("a file can be written");
    Config::load_from(Some(&file), [], &Overrides::default()).expect("it is right")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_comes_later_is_found() {
    let demo = DemoServer::start(DemoSpec::films("attic", 6, 0)).await;
    let demo = demo.expect("a source starts");
    demo.set_available(false).await.expect("it stops");
    let app = TestApp::on_sqlite().await;
    let config = declared(&format!(
        "[[servers]]\nname = \"attic\"\nurl = \"{}\"\nusername = \"crawler\"\n\
         password = \"crawler-pw\"\n\
         [[merged_libraries]]\nname = \"Cinema\"\ncollection_type = \"movies\"\n\
         sources = [{{ server = \"attic\", library = \"Pictures\" }}]\n",
        demo.url()
    ));
    let accounts = &app.app.accounts;
    apply(accounts, &config, false)
        .await
        .expect("it is applied");
    let pending = async || {
        let library = accounts
            .merged_libraries()
            .await
            .expect("libraries")
            .remove(0);
        (library.sources.len(), library.pending.len())
    };
    demo.set_available(true).await.expect("it starts");
    let server = accounts.servers().await.expect("servers").remove(0).id;
    let known = app.app.catalog.registry().get(server).expect("the server");
    eventually("the server is crawled", async || {
        known.check().await.is_online() && app.app.sync.crawl(server, CrawlKind::Full).await.is_ok()
    })
    .await;
    assert_eq!(pending().await, (0, 1), "there is none of that name yet");

    assert!(demo.rename_library("Films", "Pictures"));
    app.crawl(server).await;
    assert_eq!(pending().await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_told_how_servers_are() {
    let demo = DemoServer::start(DemoSpec::films("attic", 6, 0)).await;
    let demo = demo.expect("a source starts");
    let app = TestApp::on_sqlite().await;
    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    app.add_user("root", "root", true, &[]).await;
    let token = app.sign_in("root", "root").await;
    let query = "{ servers { version lastError lastSeenAt health { version } } }";
    let told = &ask(&app, &token, query).await["servers"][0];
    assert!(told["version"].is_string(), "{told}");
    assert_eq!(told["version"], told["health"]["version"]);
    assert_eq!(told["lastError"], Value::Null);
    assert!(told["lastSeenAt"].is_string());

    demo.set_available(false).await.expect("it stops");
    let crawled = app.app.sync.crawl(server, CrawlKind::Full).await;
    let why = crawled.expect_err("nobody answers").to_string();
    let told = &ask(&app, &token, query).await["servers"][0];
    assert_eq!(told["lastError"], why);
    assert!(told["version"].is_string(), "what it was is still known");
    assert_eq!(told["health"]["version"], Value::Null);

    demo.set_available(true).await.expect("it starts");
    let known = app.app.catalog.registry().get(server).expect("the server");
    eventually("the server is crawled", async || {
        known.check().await.is_online() && app.app.sync.crawl(server, CrawlKind::Full).await.is_ok()
    })
    .await;
    let told = &ask(&app, &token, query).await["servers"][0];
    assert_eq!(told["lastError"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_as_it_happens() {
    let demo = DemoServer::start(DemoSpec::films("attic", 60, 0)).await;
    let demo = demo.expect("a source starts");
    let app = TestApp::on_sqlite().await;
    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    app.add_user("root", "root", true, &[]).await;
    let token = app.sign_in("root", "root").await;
    let query =
        "subscription { crawlProgress { phase finishedAt fullFinishedAt server { name } } }";
    let answer = reqwest::Client::new()
        .post(format!("{}/graphql/stream", app.url))
        .bearer_auth(&token)
        .header("Accept", "text/event-stream")
        .json(&json!({ "query": query }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut chunks = answer.bytes_stream();
    let mut text = String::new();
    let mut events = async |enough: &dyn Fn(&[Value]) -> bool| {
        // Some chunks only keep the line alive.
        for _ in 0..1000 {
            let told: Vec<Value> = text
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .filter_map(|data| serde_json::from_str(data.trim()).ok())
                .collect();
            if enough(&told) {
                return told;
            }
            let next = tokio::time::timeout(Duration::from_secs(20), chunks.next()).await;
            let chunk = next.expect("more is told").expect("not the end");
            text.push_str(&String::from_utf8_lossy(&chunk.expect("bytes")));
        }
        panic!("it was not told: {text}");
    };
    let first = events(&|told| !told.is_empty()).await;
    let progress = &first[0]["data"]["crawlProgress"];
    assert_eq!(progress["server"]["name"], "attic");
    assert!(progress["fullFinishedAt"].is_string(), "{progress}");
    let before = progress["fullFinishedAt"].clone();

    app.crawl(server).await;
    let told = events(&|told| {
        told.iter().any(|event| {
            let now = &event["data"]["crawlProgress"];
            now["phase"] == "idle" && now["fullFinishedAt"] != before
        })
    })
    .await;
    assert!(told.len() > 1);

    // Only for administrators.
    app.add_user("ann", "ann", false, &[]).await;
    let token = app.sign_in("ann", "ann").await;
    let refused = reqwest::Client::new()
        .post(format!("{}/graphql/stream", app.url))
        .bearer_auth(&token)
        .header("Accept", "text/event-stream")
        .json(&json!({ "query": query }))
        .send()
        .await
        .expect("an answer");
    let refused = refused.text().await.expect("a text");
    assert!(refused.contains("FORBIDDEN"), "{refused}");
}

async fn get(app: &TestApp, token: &str, path: &str) -> (u16, Value) {
    let asked = reqwest::Client::new().get(format!("{}{path}", app.url));
    let answer = asked.header("X-Emby-Token", token).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn post(app: &TestApp, token: &str, path: &str) -> u16 {
    let asked = reqwest::Client::new().post(format!("{}{path}", app.url));
    let answer = asked.header("X-Emby-Token", token).send().await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_comes_when_it_is_asked_for() {
    let demo = DemoServer::start(DemoSpec::films("attic", 6, 0)).await;
    let demo = demo.expect("a source starts");
    let app = TestApp::on_sqlite().await;
    let mut told = app.app.sync.watch_progress();
    app.add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    // The one that the test asked for, and the first of its own.
    for _ in 0..2 {
        while told.recv().await.expect("progress").phase != Phase::Idle {}
    }
    app.add_user("root", "root", true, &[]).await;
    let token = app.sign_in("root", "root").await;
    let names = async || {
        let told = ask(&app, &token, "{ sourceLibraries { name } }").await;
        told["sourceLibraries"].to_string()
    };

    // Each by itself; nothing else would tell for five minutes.
    assert!(demo.rename_library("Films", "Pictures"));
    assert!(names().await.contains("Films"));
    assert_eq!(post(&app, &token, "/Library/Refresh").await, 204);
    eventually("the scan finds it", async || {
        names().await.contains("Pictures")
    })
    .await;

    let (_, tasks) = get(&app, &token, "/ScheduledTasks?isEnabled=true").await;
    let id = tasks[0]["Id"].as_str().expect("a task");
    assert_eq!(tasks[0]["Key"], "RefreshLibrary");
    assert!(demo.rename_library("Pictures", "Movies"));
    let running = format!("/ScheduledTasks/Running/{id}");
    assert_eq!(post(&app, &token, &running).await, 204);
    eventually("the task finds it", async || {
        names().await.contains("Movies")
    })
    .await;

    assert!(demo.rename_library("Movies", "Cinema"));
    let query = "mutation { crawlServers(everything: true) { id name crawl { phase } } }";
    let server = ask(&app, &token, query).await["crawlServers"][0].clone();
    assert_eq!(server["name"], "attic");
    eventually("the mutation finds it", async || {
        names().await.contains("Cinema")
    })
    .await;
    assert!(demo.rename_library("Cinema", "Attic"));
    let query = format!(
        "mutation {{ crawlServers(ids: [{}]) {{ id }} }}",
        server["id"]
    );
    ask(&app, &token, &query).await;
    eventually("the server's own crawl finds it", async || {
        names().await.contains("Attic")
    })
    .await;

    let refused = async |ids: &str| {
        let query = format!("mutation {{ crawlServers(ids: [{ids}]) {{ id }} }}");
        let asked = reqwest::Client::new().post(format!("{}/graphql", app.url));
        let asked = asked.bearer_auth(&token).json(&json!({ "query": query }));
        let answer = asked.send().await.expect("an answer").json::<Value>().await;
        answer.expect("JSON")["errors"][0]["extensions"]["code"].clone()
    };
    assert_eq!(refused("\"x\"").await, "BAD_INPUT");
    let id = server["id"].to_string();
    ask(
        &app,
        &token,
        &format!("mutation {{ removeServer(id: {id}) }}"),
    )
    .await;
    assert_eq!(refused(&id).await, "NOT_FOUND");
    assert_eq!(
        post(&app, &token, "/ScheduledTasks/Running/other").await,
        404
    );
    assert_eq!(get(&app, &token, "/ScheduledTasks/other").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scan_says_how_it_went() {
    let demo = DemoServer::start(DemoSpec::films("attic", 6, 0)).await;
    let demo = demo.expect("a source starts");
    let app = TestApp::on_sqlite().await;
    app.add_user("root", "root", true, &[]).await;
    let token = app.sign_in("root", "root").await;
    let task = async || {
        let (_, tasks) = get(&app, &token, "/ScheduledTasks").await;
        tasks[0].clone()
    };
    assert_eq!(task().await["State"], "Idle");
    assert_eq!(task().await["LastExecutionResult"], Value::Null);

    let server = app
        .add_server(&demo, "attic", ("crawler", "crawler-pw"))
        .await;
    eventually("nothing runs any more", async || {
        task().await["State"] == "Idle"
    })
    .await;
    let last = task().await["LastExecutionResult"].clone();
    assert_eq!(last["Status"], "Completed");
    assert!(last["StartTimeUtc"].as_str() <= last["EndTimeUtc"].as_str());

    // Held up in the middle: it runs, and says how far it is.
    demo.set_delay(Duration::from_secs(2));
    let crawl = tokio::spawn({
        let sync = app.app.sync.clone();
        async move { sync.crawl(server, CrawlKind::Full).await }
    });
    eventually("it runs", async || {
        let task = task().await;
        task["State"] == "Running" && task["CurrentProgressPercentage"].is_number()
    })
    .await;
    demo.set_available(false).await.expect("it stops");
    crawl.await.expect("no panic").expect_err("nobody answers");
    let stopped = task().await;
    assert_eq!(stopped["State"], "Idle");
    assert_eq!(stopped["LastExecutionResult"]["Status"], "Failed");
    assert!(stopped["LastExecutionResult"]["ErrorMessage"].is_string());
    // Also what is kept for the next start says that it stands still.
    let kept = manyfin::db::crawls::get(app.app.catalog.db(), server).await;
    assert_eq!(kept.expect("a database").expect("a row").phase, "idle");

    let (_, none) = get(&app, &token, "/ScheduledTasks?isHidden=true").await;
    assert_eq!(none, json!([]));
}
