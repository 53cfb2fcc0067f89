//! Which copy of an item comes first when it is played, through the front door: by the source policy,
//! among the copies whose servers answer.

use manyfin::demo::DemoServer;
use serde_json::{Value, json};

use crate::support::gateway::{Client, Gateway, eventually, film, sources};

/// Two servers with the same films, `ann` who is linked to both, and an administrator.
struct Stage {
    sources: Vec<DemoServer>,
    gateway: Gateway,
    ann: Client,
    root: Client,
}

impl Stage {
    async fn set(database: &str) -> Self {
        let sources = sources(2, 4).await;
        let gateway = Gateway::over(database, &sources).await;
        gateway.add_administrator("root").await;
        Self {
            ann: gateway.sign_in("ann").await,
            root: gateway.sign_in("root").await,
            sources,
            gateway,
        }
    }

    /// Gives the library of films another source policy.
    async fn policy(&self, policy: &str) {
        let known = graphql(&self.root, "{ mergedLibraries { id } }", json!({})).await;
        let id = &known["mergedLibraries"][0]["id"];
        let change = "mutation($id: ID!, $input: UpdateMergedLibraryInput!) {
            updateMergedLibrary(id: $id, input: $input) { id } }";
        let input = json!({ "id": id, "input": { "sourcePolicy": policy } });
        graphql(&self.root, change, input).await;
    }

    /// The servers of an item's versions in their order, by their labels.
    async fn order(&self, id: &str) -> Vec<String> {
        let details = self.ann.get(&format!("/Items/{id}")).await;
        servers(&details)
    }

    /// The same, as told to a player.
    async fn playback(&self, id: &str) -> Vec<String> {
        let path = format!("/Items/{id}/PlaybackInfo");
        servers(&self.ann.post(&path, json!({})).await)
    }

    /// Plays the first half megabyte of each copy.
    async fn play_all(&self, id: &str) {
        let details = self.ann.get(&format!("/Items/{id}")).await;
        for source in details["MediaSources"].as_array().expect("versions") {
            let tag = source["ETag"].as_str().expect("a tag");
            let version = source["Id"].as_str().expect("an id");
            let path = format!("/Videos/{id}/stream?static=true&mediaSourceId={version}&tag={tag}");
            let (status, bytes) = self.ann.bytes(&path, "bytes=0-524287").await;
            assert_eq!(status, 206);
            assert!(bytes.len() > 128 << 10, "only {} bytes", bytes.len());
        }
    }

    fn source(&self, name: &str) -> &DemoServer {
        let found = self.sources.iter().find(|source| source.name() == name);
        found.expect("a source of that name")
    }
}

async fn graphql(client: &Client, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let answer = client.post("/graphql", body).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"].clone()
}

fn servers(told: &Value) -> Vec<String> {
    let sources = told["MediaSources"].as_array().expect("versions");
    let labels = sources.iter().map(|source| {
        let label = source["Name"].as_str().expect("a label");
        label.split(" · ").next().expect("a server").to_owned()
    });
    labels.collect()
}

both_gateways!(fastest, the_fastest_server_comes_first);

async fn the_fastest_server_comes_first(database: String) {
    let stage = Stage::set(&database).await;
    let id = stage.ann.id_of(&film(&stage.sources, 0).0).await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"], "by priority");

    stage.policy("FASTEST").await;
    let before = stage.order(&id).await;
    assert_eq!(
        before,
        ["Basement", "Attic"],
        "nobody was measured, and they are equally good: by priority"
    );
    stage.source("Basement").set_pace(512 << 10);
    stage.play_all(&id).await;
    let measured = ["Attic", "Basement"];
    // A server is told of as measured when the end of its stream was noticed.
    eventually("the slow one is last", async || {
        stage.order(&id).await == measured
    })
    .await;
    for _ in 0..5 {
        assert_eq!(stage.playback(&id).await, measured, "the order stays");
    }
    let query = "query($id: ID!) { item(id: $id) { sources { isCanonical
        server { name speed { bitsPerSecond latencyMs estimateMs class } } } } }";
    let told = graphql(&stage.ann, query, json!({ "id": id })).await;
    let told = &told["item"]["sources"];
    assert_eq!(told[0]["server"]["name"], "Attic");
    assert_eq!(
        told[1]["isCanonical"], true,
        "metadata go by priority all the same"
    );
    let speed = |at: usize, field: &str| {
        let speed = &told[at]["server"]["speed"];
        speed[field].as_f64().unwrap_or_else(|| panic!("{speed}"))
    };
    assert!(speed(1, "bitsPerSecond") < 6e6);
    assert!(speed(0, "class") < speed(1, "class"));
    assert!(speed(0, "estimateMs") < speed(1, "estimateMs"));
    assert!(speed(0, "latencyMs") > 0.0);

    // The other policies do not ask for speed while anything else tells the copies apart.
    stage.policy("PRIORITY").await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"]);
    // Equally good, so the faster one comes first.
    stage.policy("QUALITY").await;
    assert_eq!(stage.order(&id).await, measured);
}

both_gateways!(available, who_does_not_answer_comes_last);

async fn who_does_not_answer_comes_last(database: String) {
    let stage = Stage::set(&database).await;
    let (name, ids) = film(&stage.sources, 0);
    let id = stage.ann.id_of(&name).await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"]);
    let basement = stage.source("Basement");
    basement.set_available(false).await.expect("it stops");
    let server = stage.gateway.servers[1];
    let server = stage.gateway.app.catalog.registry().get(server);
    server.expect("it is known").check().await;
    // Its details come from what was kept.
    assert_eq!(stage.order(&id).await, ["Attic", "Basement"]);
    assert_eq!(stage.playback(&id).await, ["Attic"]);
    assert_eq!(stage.ann.named(&name).await["Name"], name.as_str());
    let source = stage.sources[1].item_name(ids[1]);
    assert_eq!(source.as_deref(), Some(name.as_str()));
    basement.set_available(true).await.expect("it listens");
    eventually("it is first again", async || {
        stage.order(&id).await == ["Basement", "Attic"]
    })
    .await;
}

both_gateways!(own_policy, a_user_may_have_a_policy_of_their_own);

async fn a_user_may_have_a_policy_of_their_own(database: String) {
    let stage = Stage::set(&database).await;
    let (name, ids) = film(&stage.sources, 0);
    // The Attic's copy is the better one, the Basement's has the sound that ann wishes for.
    let [attic, basement] = [0, 1].map(|at| (&stage.sources[at], ids[at]));
    attic
        .0
        .edit_item(attic.1, |body| version(body, 3840, "eng"));
    basement
        .0
        .edit_item(basement.1, |body| version(body, 1920, "deu"));
    stage.gateway.crawl().await;
    let id = stage.ann.id_of(&name).await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"]);

    let me = graphql(
        &stage.ann,
        "{ viewer { id user { sourcePolicy } } }",
        json!({}),
    )
    .await;
    assert!(me["viewer"]["user"]["sourcePolicy"].is_null());
    let ann = &me["viewer"]["id"];
    let set = "mutation($id: ID!, $policy: SourcePolicy) {
        setSourcePolicy(userId: $id, policy: $policy) { sourcePolicy } }";
    let wish = |policy: Value| json!({ "id": ann, "policy": policy });
    let done = graphql(&stage.ann, set, wish(json!("QUALITY"))).await;
    assert_eq!(done["setSourcePolicy"]["sourcePolicy"], "QUALITY");
    assert_eq!(stage.order(&id).await, ["Attic", "Basement"]);
    assert_eq!(stage.playback(&id).await, ["Attic", "Basement"]);

    // Language is part of the quality.
    let settings = json!({ "AudioLanguagePreference": "ger" });
    let path = format!("/Users/Configuration?userId={}", ann.as_str().expect("id"));
    stage.ann.post(&path, settings).await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"]);
    let why = "query($id: ID!) { item(id: $id) { sources { isCanonical
        quality { score label parts { name value points } }
        versions { quality { score } } } holdings { best { score } worst { score } } } }";
    let told = graphql(&stage.ann, why, json!({ "id": id })).await;
    let sources = &told["item"]["sources"];
    assert_eq!(sources[0]["isCanonical"], true);
    for source in sources.as_array().expect("two") {
        let quality = &source["quality"];
        let parts = quality["parts"].as_array().expect("parts").iter();
        let points = parts.map(|part| part["points"].as_i64().expect("points"));
        assert_eq!(quality["score"].as_i64(), Some(points.sum()), "{quality}");
        assert_eq!(quality["score"], source["versions"][0]["quality"]["score"]);
    }
    let parts = sources[0]["quality"]["parts"].as_array().expect("parts");
    let language = parts.iter().find(|part| part["name"] == "language");
    assert_eq!(language.expect("it is told")["value"], "deu");
    let held = &told["item"]["holdings"];
    assert_eq!(held["best"]["score"], sources[0]["quality"]["score"]);
    assert_eq!(held["worst"]["score"], sources[1]["quality"]["score"]);

    // It is kept, and it is ann's alone.
    let Stage { gateway, .. } = stage;
    let gateway = gateway.restart().await;
    let stage = Stage {
        ann: gateway.sign_in("ann").await,
        root: gateway.sign_in("root").await,
        sources: stage.sources,
        gateway,
    };
    let me = graphql(
        &stage.ann,
        "{ viewer { user { sourcePolicy } } }",
        json!({}),
    )
    .await;
    assert_eq!(me["viewer"]["user"]["sourcePolicy"], "QUALITY");
    let stranger = stage.gateway.add_user("eve", &stage.gateway.servers).await;
    let eve = stage.gateway.sign_in("eve").await;
    let body = json!({ "query": set, "variables": wish(json!("FASTEST")) });
    let refused = eve.post("/graphql", body).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let done = graphql(
        &stage.root,
        set,
        json!({ "id": stranger, "policy": "QUALITY" }),
    )
    .await;
    assert_eq!(done["setSourcePolicy"]["sourcePolicy"], "QUALITY");
    graphql(&stage.ann, set, wish(Value::Null)).await;
    assert_eq!(stage.order(&id).await, ["Basement", "Attic"]);
}

/// Makes the only version of a film one of this width, with sound in this language.
fn version(body: &mut serde_json::Map<String, Value>, width: i64, language: &str) {
    let source = &mut body["MediaSources"][0];
    source["MediaStreams"] = json!([
        { "Type": "Video", "Codec": "h264", "Width": width, "Height": width * 9 / 16, "Index": 0 },
        { "Type": "Audio", "Codec": "aac", "Channels": 2, "Language": language, "Index": 1 },
    ]);
    source["Bitrate"] = json!(8_000_000);
    body["MediaStreams"] = source["MediaStreams"].clone();
}

both_gateways!(effort, what_needs_less_work_comes_first);

async fn what_needs_less_work_comes_first(database: String) {
    let stage = Stage::set(&database).await;
    let (name, ids) = film(&stage.sources, 0);
    let id = stage.ann.id_of(&name).await;
    // Whether a source plays as it is, whether only its container must be made over.
    let set = |source: usize, plays: bool, streams: bool| {
        let edited = stage.sources[source].edit_item(ids[source], |body| {
            let sources = body.get_mut("MediaSources").and_then(Value::as_array_mut);
            for source in sources.into_iter().flatten() {
                source["SupportsDirectPlay"] = json!(plays);
                source["SupportsDirectStream"] = json!(streams);
            }
        });
        assert!(edited);
    };
    let (by_priority, other) = (["Basement", "Attic"], ["Attic", "Basement"]);
    for (attic, basement, order) in [
        ((true, true), (false, true), other),
        ((false, true), (false, false), other),
        ((true, false), (false, true), other),
        ((false, true), (false, true), by_priority),
        ((false, false), (false, true), by_priority),
    ] {
        set(0, attic.0, attic.1);
        set(1, basement.0, basement.1);
        assert_eq!(stage.playback(&id).await, order, "{attic:?} {basement:?}");
    }
}
