//! What goes on being told: each event asks anew whether it may be.

use std::time::Duration;

use futures::StreamExt;
use manyfin::catalog::sync::Phase;
use manyfin::demo::{Access, DemoServer, DemoSpec};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

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

    fn until_now(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
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
    world.add_film(801).await;
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

    world.sign_out(&tokens[1]).await;
    assert!(world.demo.set_access("alice", Access::default()));
    world.add_film(802).await;
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
    world.sign_out(&tokens[0]).await;
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
    world.demote(boss).await;
    world.app.crawl(world.server).await;
    assert_eq!(told.refusal().await, "FORBIDDEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_crawl_of_a_server_that_came_later_is_told_too() {
    let world = World::new().await;
    let root = world.app.sign_in("root", "root").await;
    let field = "crawlProgress { phase fullFinishedAt server { name } }";
    let mut told = Told::open(&world, &root, field).await;
    let first = told.next().await["data"]["crawlProgress"].clone();
    assert_eq!(first["server"]["name"], "attic");

    let demo = DemoServer::start(DemoSpec::films("cellar", 4, 0)).await;
    let demo = demo.expect("a source starts");
    let mut crawls = world.app.app.sync.watch_progress();
    let crawler = ("crawler", "crawler-pw");
    let cellar = world.app.add_server(&demo, "cellar", crawler).await;
    // The one that the test asked for, and the first of its own.
    for _ in 0..2 {
        loop {
            let crawl = tokio::time::timeout(PATIENCE, crawls.recv()).await;
            let crawl = crawl.expect("it is crawled").expect("a crawl");
            if (crawl.server_id, crawl.phase) == (cellar, Phase::Idle) {
                break;
            }
        }
    }
    let of = |name: &'static str| {
        move |told: &Value| told["data"]["crawlProgress"]["server"]["name"] == name
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let later: Vec<_> = told.until_now().into_iter().filter(of("cellar")).collect();
    let last = &later.last().expect("it is told")["data"]["crawlProgress"];
    assert_eq!(last["phase"], "idle");
    assert!(last["fullFinishedAt"].is_string(), "{last}");

    // From now on it is known: how it is is not told again with what others do.
    world.app.crawl(world.server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = told.until_now();
    assert!(told.iter().any(of("attic")));
    assert!(!told.iter().any(of("cellar")), "{told:?}");
}
