//! What administrators decide by hand, through the front door: previewed, applied, undone, and stable
//! over re-crawls, restarts and a copy that goes and comes back.

use manyfin::accounts::Actor;
use manyfin::catalog::CatalogError;
use manyfin::catalog::decisions::Wish;
use manyfin::config::CollectionType;
use manyfin::demo::{DemoServer, DemoSpec};
use manyfin::model::ItemKind;
use serde_json::{Value, json};

use crate::support::app::TestApp;

struct Stage {
    app: TestApp,
    /// The demo servers; they end when they are dropped.
    _sources: Vec<DemoServer>,
    rows: Vec<i64>,
    admin: String,
}

impl Stage {
    /// Two servers with eight films each, four of which are on both.
    async fn set(database: &str) -> Self {
        Self::with(database, 8, |_| {}).await
    }

    /// The same with so many films on the first one, which is changed before it is crawled.
    async fn with(database: &str, films: usize, change: impl Fn(&DemoServer)) -> Self {
        let app = TestApp::start(database).await;
        let mut sources = Vec::new();
        let mut rows = Vec::new();
        for (name, films, offset) in [("Attic", films, 0), ("Basement", 8, 4)] {
            let source = DemoServer::start(DemoSpec::films(name, films, offset))
                .await
                .expect("a source");
            if name == "Attic" {
                change(&source);
            }
            rows.push(
                app.add_server(&source, name, ("crawler", "crawler-pw"))
                    .await,
            );
            sources.push(source);
        }
        let links: Vec<_> = rows
            .iter()
            .map(|row| (*row, ("alice", "alice-pw")))
            .collect();
        app.add_user("root", "root", true, &links).await;
        app.add_user("alice", "alice", false, &links).await;
        let libraries = app
            .app
            .accounts
            .source_libraries()
            .await
            .expect("libraries");
        let of = |row: i64| {
            let found = libraries.iter().find(|library| library.server_id == row);
            found.expect("a library of films").library_id.clone()
        };
        let (attic, basement) = (of(rows[0]), of(rows[1]));
        let sources_of_films = [
            ("Attic", attic.as_str(), 20),
            ("Basement", basement.as_str(), 10),
        ];
        app.add_library("Films", CollectionType::Movies, &sources_of_films)
            .await;
        let admin = app.sign_in("root", "root").await;
        Self {
            app,
            _sources: sources,
            rows,
            admin,
        }
    }

    async fn ask_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let answer = reqwest::Client::new()
            .post(format!("{}/graphql", self.app.url))
            .bearer_auth(token)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .expect("an answer");
        answer.json().await.expect("JSON")
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask_as(&self.admin, query, variables).await;
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"].clone()
    }

    /// The items as sorted lists of their copies.
    async fn items(&self) -> Vec<Vec<String>> {
        let query = "{ catalog { items(first: 100, filter: {kinds: [MOVIE]}) { nodes { sources { id } } } } }";
        let data = self.ask(query, json!({})).await;
        let nodes = data["catalog"]["items"]["nodes"].as_array().expect("nodes");
        let mut items: Vec<Vec<String>> =
            nodes.iter().map(|node| copies(&node["sources"])).collect();
        items.sort();
        items
    }

    /// The copies of one film on both servers, and of two films on one each.
    async fn films(&self) -> (Vec<String>, String, String) {
        let items = self.items().await;
        let both = items
            .iter()
            .find(|copies| copies.len() == 2)
            .expect("a film on both");
        let mut alone = items.iter().filter(|copies| copies.len() == 1);
        let one = alone.next().expect("a film on one")[0].clone();
        let other = alone.next().expect("another")[0].clone();
        (both.clone(), one, other)
    }

    async fn recrawl(&self) {
        for row in &self.rows {
            self.app.crawl(*row).await;
        }
    }
}

fn copies(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    let mut ids: Vec<String> = list
        .map(|copy| copy["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

fn groups(list: &Value) -> Vec<Vec<String>> {
    let list = list.as_array().expect("a list").iter();
    list.map(|group| copies(&group["copies"])).collect()
}

const JOIN: &str = "mutation($ids: [ID!]!, $dry: Boolean!) {
    joinItems(ids: $ids, dryRun: $dry) { id before { copies { id } } after { copies { id name server } } } }";
const SPLIT: &str = "mutation($ids: [ID!]!, $dry: Boolean!) {
    splitItem(copies: $ids, dryRun: $dry) { id before { copies { id } } after { copies { id } } } }";
const UNDO: &str = "mutation($id: ID!) { undoDecision(id: $id) { id before { copies { id } } after { copies { id } } } }";

both_gateways!(joined, items_are_joined_previewed_and_undone);

async fn items_are_joined_previewed_and_undone(url: String) {
    let stage = Stage::set(&url).await;
    let before = stage.items().await;
    let (_, one, other) = stage.films().await;
    let ids = json!([one, other]);
    let dry = stage.ask(JOIN, json!({ "ids": ids, "dry": true })).await;
    assert!(dry["joinItems"]["id"].is_null());
    let mut pair = vec![one.clone(), other.clone()];
    pair.sort();
    assert_eq!(groups(&dry["joinItems"]["after"]), [pair.clone()]);
    assert_eq!(stage.items().await, before, "a preview changes nothing");

    let done = stage.ask(JOIN, json!({ "ids": ids, "dry": false })).await;
    assert_eq!(done["joinItems"]["after"], dry["joinItems"]["after"]);
    assert!(stage.items().await.contains(&pair));
    stage.recrawl().await;
    assert!(
        stage.items().await.contains(&pair),
        "a crawl changes nothing of it"
    );

    let told = stage
        .ask(
            "{ catalog { decisions { id action } } auditLog { nodes { action } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        told["catalog"]["decisions"][0]["id"],
        done["joinItems"]["id"]
    );
    assert_eq!(told["auditLog"]["nodes"][0]["action"], "item.join");

    stage
        .ask(UNDO, json!({ "id": done["joinItems"]["id"] }))
        .await;
    assert_eq!(stage.items().await, before);
    let again = stage
        .ask_as(&stage.admin, UNDO, json!({ "id": done["joinItems"]["id"] }))
        .await;
    assert_eq!(
        again["errors"][0]["extensions"]["code"], "NOT_FOUND",
        "{again}"
    );
}

both_gateways!(marks, items_that_become_one_keep_the_marks_of_both);

async fn items_that_become_one_keep_the_marks_of_both(url: String) {
    let stage = Stage::set(&url).await;
    let (_, one, other) = stage.films().await;
    let alice = stage.app.sign_in("alice", "alice").await;
    let mark = async |mutation: &str| {
        let answer = stage
            .ask_as(&alice, &format!("mutation {{ {mutation} }}"), json!({}))
            .await;
        assert!(answer["errors"].is_null(), "{answer}");
        // The later change of a register wins: times are milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    // The one is played first and disliked last; the other is a favourite, and liked before.
    mark(&format!("setLikes(id: \"{other}\", likes: true)")).await;
    mark(&format!("setFavorite(id: \"{one}\", favorite: false)")).await;
    mark(&format!("setPlayed(id: \"{one}\", played: true)")).await;
    mark(&format!("setFavorite(id: \"{other}\", favorite: true)")).await;
    mark(&format!("setLikes(id: \"{one}\", likes: false)")).await;
    let shown = async |id: &str| {
        let body = stage.app.get(&alice, &format!("/Items/{id}")).await;
        let data = &body["UserData"];
        (
            data["Played"].clone(),
            data["IsFavorite"].clone(),
            data["Likes"].clone(),
        )
    };
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(shown(&one).await, (yes.clone(), no.clone(), no.clone()));
    assert_eq!(shown(&other).await, (no.clone(), yes.clone(), yes.clone()));

    let ids = json!([one, other]);
    stage.ask(JOIN, json!({ "ids": ids, "dry": false })).await;
    for id in [&one, &other] {
        assert_eq!(
            shown(id).await,
            (yes.clone(), yes.clone(), no.clone()),
            "{id}"
        );
    }
    stage.recrawl().await;
    assert_eq!(shown(&other).await, (yes.clone(), yes, no));
}

both_gateways!(split, a_split_holds_over_crawls_and_restarts);

async fn a_split_holds_over_crawls_and_restarts(url: String) {
    let stage = Stage::set(&url).await;
    let (both, one, _) = stage.films().await;
    let split = stage
        .ask(SPLIT, json!({ "ids": [both[0]], "dry": false }))
        .await;
    assert_eq!(
        groups(&split["splitItem"]["before"]),
        std::slice::from_ref(&both)
    );
    let mut parts = groups(&split["splitItem"]["after"]);
    parts.sort();
    assert_eq!(parts, [vec![both[0].clone()], vec![both[1].clone()]]);
    stage.recrawl().await;
    let items = stage.items().await;
    assert!(items.contains(&vec![both[0].clone()]) && items.contains(&vec![both[1].clone()]));

    // Both ids answer, each as the copy that it names.
    let explain = "query($a: ID!, $b: ID!) { catalog { explain(left: $a, right: $b) {
        together path { key } reasons { by detail score } } } }";
    let told = stage
        .ask(explain, json!({ "a": both[0], "b": both[1] }))
        .await;
    assert_eq!(told["catalog"]["explain"]["together"], false);
    assert_eq!(
        told["catalog"]["explain"]["reasons"][0]["by"], "HAND",
        "{told}"
    );

    // What the next start finds in the database.
    stage
        .app
        .app
        .catalog
        .store()
        .reload_configuration()
        .await
        .expect("it reads");
    assert!(stage.items().await.contains(&vec![both[0].clone()]));

    // The later of two decisions about one pair counts.
    stage.ask(JOIN, json!({ "ids": both, "dry": false })).await;
    assert!(stage.items().await.contains(&both));
    let told = stage
        .ask(explain, json!({ "a": both[0], "b": both[1] }))
        .await;
    assert_eq!(told["catalog"]["explain"]["path"][0]["key"], "HAND");

    let moved = "mutation($copy: ID!, $to: ID!) { moveCopy(copy: $copy, to: $to) { id } }";
    stage
        .ask(moved, json!({ "copy": both[0], "to": one }))
        .await;
    let mut target = vec![both[0].clone(), one];
    target.sort();
    let items = stage.items().await;
    assert!(
        items.contains(&target) && items.contains(&vec![both[1].clone()]),
        "{items:?}"
    );
}

both_gateways!(chosen, the_leading_copy_and_the_poster_are_chosen);

async fn the_leading_copy_and_the_poster_are_chosen(url: String) {
    let stage = Stage::set(&url).await;
    let item = "query($id: ID!) { catalog { item(id: $id) { id sources { id isCanonical }
        holdings { copies servers totalSize best { score label } worst { score } } body } } }";
    let (both, ..) = stage.films().await;
    let own = "query($id: ID!) { catalog { item(id: $id) { series { id } } } }";
    stage.ask(own, json!({ "id": both[0] })).await;
    // By an id of the item's own, not of a copy.
    let data = stage.ask("{ catalog { items(first: 100, filter: {kinds: [MOVIE]}) { nodes { id sources { id } } } } }", json!({})).await;
    let nodes = data["catalog"]["items"]["nodes"].as_array().expect("nodes");
    let node = nodes
        .iter()
        .find(|node| copies(&node["sources"]) == both)
        .expect("the film");
    let id = node["id"].clone();
    let shown = stage.ask(item, json!({ "id": id })).await;
    let sources = &shown["catalog"]["item"]["sources"];
    let lead = sources[0]["id"].clone();
    let second = sources[1]["id"].clone();
    assert_eq!(sources[0]["isCanonical"], true);
    let held = &shown["catalog"]["item"]["holdings"];
    assert_eq!(
        (held["copies"].as_i64(), held["servers"].as_i64()),
        (Some(2), Some(2))
    );

    let choose = "mutation($copy: ID!) { chooseCanonicalCopy(copy: $copy) { id chosen { id } } }";
    let chosen = stage.ask(choose, json!({ "copy": second })).await;
    assert_eq!(chosen["chooseCanonicalCopy"]["chosen"]["id"], second);
    stage.recrawl().await;
    let shown = stage.ask(item, json!({ "id": id })).await;
    assert_eq!(leader(&shown), second, "{shown}");
    assert_eq!(
        shown["catalog"]["item"]["sources"][0]["id"], lead,
        "what plays first is the policy's to decide"
    );
    stage
        .ask(UNDO, json!({ "id": chosen["chooseCanonicalCopy"]["id"] }))
        .await;
    let shown = stage.ask(item, json!({ "id": id })).await;
    assert_eq!(leader(&shown), lead);

    let poster = "mutation($copy: ID!) { choosePoster(copy: $copy) { id chosen { id imageUrl } } }";
    let chosen = stage.ask(poster, json!({ "copy": second })).await;
    let url = chosen["choosePoster"]["chosen"]["imageUrl"]
        .as_str()
        .expect("a picture");
    let tag = url.rsplit('=').next().expect("a tag");
    let shown = stage.ask(item, json!({ "id": id })).await;
    assert_eq!(
        shown["catalog"]["item"]["body"]["ImageTags"]["Primary"],
        tag
    );
    assert_eq!(leader(&shown), lead, "the poster alone is the other's");
}

/// The copy that gives an item its metadata.
fn leader(shown: &Value) -> Value {
    let sources = shown["catalog"]["item"]["sources"].as_array();
    let mut sources = sources.expect("copies").iter();
    let leader = sources.find(|source| source["isCanonical"] == true);
    leader.expect("one leads")["id"].clone()
}

both_gateways!(previewed, a_library_is_previewed_before_it_is_saved);

async fn a_library_is_previewed_before_it_is_saved(url: String) {
    let stage = Stage::set(&url).await;
    let data = stage.ask("{ servers { id name } }", json!({})).await;
    let servers = data["servers"].as_array().expect("servers");
    let libraries = stage
        .app
        .app
        .accounts
        .source_libraries()
        .await
        .expect("libraries");
    let sources: Vec<Value> = stage
        .rows
        .iter()
        .zip(servers)
        .map(|(row, server)| {
            let library = libraries.iter().find(|library| library.server_id == *row);
            json!({ "serverId": server["id"], "library": library.expect("films").library_id })
        })
        .collect();
    let preview = "query($input: CreateMergedLibraryInput!) { previewMergedLibrary(input: $input) {
        workCount copyCount joinedBy { key provider count } conflictCount conflicts { leftName }
        nearMisses { score left { name } } examples { copies { name imageUrl server } } } }";
    let input = |strategy: &str| json!({ "input": { "name": "New", "collectionType": "MOVIES", "dedupStrategy": strategy, "sources": sources } });
    let by_ids = stage.ask(preview, input("PROVIDER_IDS")).await["previewMergedLibrary"].clone();
    assert_eq!(
        (by_ids["workCount"].as_i64(), by_ids["copyCount"].as_i64()),
        (Some(12), Some(16)),
        "{by_ids}"
    );
    assert_eq!(by_ids["joinedBy"][0]["key"], "PROVIDER");
    assert_eq!(by_ids["examples"].as_array().map(Vec::len), Some(4));
    assert!(by_ids["examples"][0]["copies"][0]["imageUrl"].is_string());
    let none = stage.ask(preview, input("NONE")).await["previewMergedLibrary"].clone();
    assert_eq!(none["workCount"], 16);
    let data = stage.ask("{ mergedLibraries { name } }", json!({})).await;
    assert!(!data.to_string().contains("New"), "nothing was saved");

    // Only a library that is there can be replaced.
    let replacing = preview
        .replace("!) {", "!, $id: ID) {")
        .replace("(input: $input)", "(input: $input, replaces: $id)");
    for (id, code) in [
        ("0123456789abcdef0123456789abcdef", "NOT_FOUND"),
        ("server:1", "BAD_INPUT"),
    ] {
        let mut with = input("PROVIDER_IDS");
        with["id"] = json!(id);
        let answer = stage.ask_as(&stage.admin, &replacing, with).await;
        let error = &answer["errors"][0]["extensions"];
        assert_eq!(error["code"], code, "{answer}");
        assert_eq!(error["field"], "replaces", "{answer}");
    }
}

/// Makes a series of the first film and takes the second one's poster away.
fn spoil(source: &DemoServer) {
    let films = source.items(ItemKind::Movie);
    source.edit_item(films[0], |body| {
        body.insert("Type".to_owned(), json!("Series"));
    });
    source.edit_item(films[1], |body| {
        body.insert("ImageTags".to_owned(), json!({}));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    // As many copies are not decided about at once.
    let stage = Stage::with(&url, 300, spoil).await;
    let catalog = &stage.app.app.catalog;
    let (mut films, mut both, mut series, mut bare) = (Vec::new(), None, None, None);
    let snapshot = catalog.snapshot();
    for item in snapshot.items.iter() {
        let copies: Vec<_> = item.copies.iter().map(|at| snapshot.copy(*at)).collect();
        let [copy] = &copies[..] else {
            let ids = copies.iter().map(|copy| copy.id.to_string());
            both = Some((item.id.to_string(), ids.collect::<Vec<_>>()));
            continue;
        };
        let id = copy.id.to_string();
        let has_poster = copy.light.image_tags().get("Primary").is_some();
        match copy.light.kind {
            ItemKind::Series => series = Some(id),
            ItemKind::Movie if !has_poster => bare = Some(id),
            ItemKind::Movie => films.push(id),
            _ => {}
        }
    }
    let (both, copies) = both.expect("a film on both servers");
    let (series, bare) = (series.expect("a series"), bare.expect("no poster"));
    let (one, other) = (&films[0], &films[1]);
    let nobody = "0123456789abcdef0123456789abcdef";
    let library = snapshot.merged_libraries[0].id;
    let all = films.join("\", \"");
    for (wish, problem) in [
        ("splitItem(copies: [])".to_owned(), "copies: there are none"),
        (
            format!("splitItem(copies: [\"{one}\", \"{other}\"])"),
            "copies: they are of several items",
        ),
        (
            format!("splitItem(copies: [\"{both}\"])"),
            "copy: the item has several copies",
        ),
        (
            format!("splitItem(copies: [\"{nobody}\"])"),
            "there is no such item",
        ),
        (
            format!("joinItems(ids: [\"{one}\", \"{series}\"])"),
            "ids: they are of several kinds",
        ),
        (
            format!("joinItems(ids: [\"{one}\", \"{library}\"])"),
            "there is no such item",
        ),
        (
            format!("joinItems(ids: [\"{all}\"])"),
            "ids: they are too many copies; allowed: at most 200 copies",
        ),
        (
            format!("moveCopy(copy: \"{}\", to: \"{both}\")", copies[0]),
            "to: the copy is there already",
        ),
        (
            format!("moveCopy(copy: \"{series}\", to: \"{both}\")"),
            "ids: they are of several kinds",
        ),
        (
            format!("keepApart(left: \"{}\", right: \"{both}\")", copies[0]),
            "right: it is the same",
        ),
        (
            format!("choosePoster(copy: \"{bare}\")"),
            "copy: it has no poster",
        ),
    ] {
        let query = format!("mutation {{ {wish} {{ id }} }}");
        let answer = stage.ask_as(&stage.admin, &query, json!({})).await;
        let error = &answer["errors"][0];
        let told = error["message"].as_str().unwrap_or_default();
        assert!(told.starts_with(problem), "{problem}: {answer}");
        let code = match problem.starts_with("there is no") {
            true => "NOT_FOUND",
            false => "BAD_INPUT",
        };
        assert_eq!(error["extensions"]["code"], code, "{answer}");
    }
    assert_eq!(catalog.snapshot().generation, snapshot.generation);

    // What makes sense is done, and told of in the log.
    let [left, right] = &copies[..] else {
        panic!("two copies")
    };
    let path = format!(
        "{{ catalog {{ explain(left: \"{left}\", right: \"{right}\") {{
            together path {{ key provider providerId }} }} }} }}"
    );
    let joined = stage.ask(&path, json!({})).await["catalog"]["explain"].clone();
    assert_eq!(joined["together"], true);
    assert_eq!(joined["path"][0]["key"], "PROVIDER", "{joined}");
    let provider = joined["path"][0]["provider"].as_str().expect("a name");
    let known = snapshot.copy_by_id(left.parse().expect("an id"));
    let known = snapshot.copy(known.expect("a copy")).light.provider_ids();
    let known = known.get(provider).expect("an id of that provider");
    assert_eq!(joined["path"][0]["providerId"], known);
    let apart = format!("mutation {{ keepApart(left: \"{left}\", right: \"{right}\") {{ id }} }}");
    stage.ask(&apart, json!({})).await;
    let told = stage.ask(&path, json!({})).await;
    assert_eq!(told["catalog"]["explain"]["together"], false);
    let log = stage
        .ask("{ auditLog { nodes { action } } }", json!({}))
        .await;
    assert_eq!(log["auditLog"]["nodes"][0]["action"], "item.keep_apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_for_administrators() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::set(&format!("sqlite://{}/test.db", folder.path().display())).await;
    let (both, one, _) = stage.films().await;
    let alice = stage.app.sign_in("alice", "alice").await;
    for (query, variables) in [
        (JOIN, json!({ "ids": [both[0], one], "dry": true })),
        (SPLIT, json!({ "ids": [both[0]], "dry": false })),
        (UNDO, json!({ "id": both[0] })),
    ] {
        let answer = stage.ask_as(&alice, query, variables).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
    }
    // The catalog itself takes none from others either.
    let (app, id) = (&stage.app.app, both[0].parse().expect("an id"));
    let alice = Actor::User {
        id,
        is_administrator: false,
    };
    let (accounts, wish) = (&app.accounts, Wish::Split(vec![id]));
    for refused in [
        app.catalog.decide(accounts, &alice, &wish, false).await,
        app.catalog.undo(accounts, &alice, id).await,
    ] {
        assert!(matches!(refused, Err(CatalogError::Accounts(_))));
    }
    // What makes no sense is told so.
    for (query, variables) in [
        (JOIN, json!({ "ids": [one], "dry": false })),
        (SPLIT, json!({ "ids": both, "dry": false })),
        (SPLIT, json!({ "ids": [one], "dry": false })),
    ] {
        let answer = stage.ask_as(&stage.admin, query, variables).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_INPUT",
            "{answer}"
        );
    }
}
