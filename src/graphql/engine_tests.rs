use serde_json::{Value, json};

use super::*;
use crate::accounts::{Accounts, Actor, NewUser, Options, PasswordCost};
use crate::catalog::Catalog;
use crate::catalog::render::Identity;
use crate::clock::Clock;
use crate::db::Db;
use crate::jellyfin::Registry;

/// An engine over an empty installation with an administrator and a user, both with password `pw`.
struct Installation {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/t.db", folder.path().display()))
            .await
            .unwrap();
        db.migrate_up().await.unwrap();
        let clock = Clock::system();
        let registry = Registry::new(clock.clone());
        let options = Options {
            secret_key_file: folder.path().join("secret.key"),
            password_cost: PasswordCost::Cheap,
            ..Options::default()
        };
        let accounts = Accounts::open(db.clone(), registry.clone(), clock.clone(), options)
            .await
            .unwrap();
        for (name, is_administrator) in [("admin", true), ("alice", false)] {
            let user = NewUser {
                name: name.to_owned(),
                password: Some(Secret::new("pw")),
                is_administrator,
                config_key: None,
            };
            accounts.create_user(&Actor::System, user).await.unwrap();
        }
        let identity = Identity {
            server_id: accounts.server_id().to_string(),
        };
        let ids = accounts.ids().clone();
        let catalog = Catalog::load(db, clock, registry, ids, identity, Default::default())
            .await
            .unwrap();
        let services = Services::new(accounts, catalog, false);
        Self {
            engine: Engine::new(services, Limits::default()),
            _folder: folder,
        }
    }

    /// Executes a document from outside and gives the answer as JSON.
    async fn ask(&self, token: Option<&str>, query: &str) -> Value {
        let params = Params {
            query: query.to_owned(),
            operation_name: None,
            variables: async_graphql::Variables::default(),
        };
        let meta = RequestMeta::new(None);
        let entrance = self
            .engine
            .enter(token.map(Secret::new), meta)
            .await
            .unwrap();
        let response = match self.engine.admit(params) {
            Ok(admitted) => self.engine.answer(admitted, &entrance).await,
            Err(error) => self.engine.refused(error, &entrance),
        };
        serde_json::to_value(&response).unwrap()
    }

    async fn sign_in(&self, name: &str) -> String {
        let device = r#"{client: "c", deviceName: "d", deviceId: "i", version: "1"}"#;
        let query = format!(
            r#"mutation {{ signIn(username: "{name}", password: "pw", device: {device}) {{ token }} }}"#
        );
        let answer = self.ask(None, &query).await;
        let token = answer["data"]["signIn"]["token"].as_str();
        token.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signs_in_looks_around_and_out() {
    let installation = Installation::new().await;
    let token = installation.sign_in("alice").await;
    let query = "{ viewer { name isAdministrator session { client isCurrent } servers { id } }
        views { id } items { totalCount nodes { id } pageInfo { hasNextPage } } root counts }";
    let answer = installation.ask(Some(&token), query).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["viewer"]["name"], "alice");
    assert_eq!(answer["data"]["viewer"]["session"]["isCurrent"], true);
    assert_eq!(answer["data"]["items"]["totalCount"], 0);
    assert_eq!(answer["data"]["counts"]["MovieCount"], 0);

    let out = installation.ask(Some(&token), "mutation { signOut }").await;
    assert_eq!(out["data"]["signOut"], true);
    let answer = installation.ask(Some(&token), "{ viewer { name } }").await;
    assert_eq!(code(&answer), "UNAUTHENTICATED", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_as_such() {
    let installation = Installation::new().await;
    let device = r#"{client: "c", deviceName: "d", deviceId: "i", version: "1"}"#;
    for name in ["alice", "nobody"] {
        let query = format!(
            r#"mutation {{ signIn(username: "{name}", password: "no", device: {device}) {{ token }} }}"#
        );
        let answer = installation.ask(None, &query).await;
        assert_eq!(code(&answer), "INVALID_CREDENTIALS", "{answer}");
        assert!(!answer.to_string().contains("\"no\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_administrators_is_refused_to_others() {
    let installation = Installation::new().await;
    let alice = installation.sign_in("alice").await;
    let admin = installation.sign_in("admin").await;
    for query in [
        "{ catalog { itemCount } }",
        "{ auditLog { nodes { action } } }",
        "{ outbox(all: true) { register } }",
        r#"mutation { createUser(name: "eve") { id } }"#,
        r#"mutation { addServer(input: {name: "a", url: "http://127.0.0.1:9", credentials: {token: "t"}}) { id } }"#,
        r#"mutation { createMergedLibrary(input: {name: "F", collectionType: MOVIES, isGlobal: true}) { id } }"#,
    ] {
        let answer = installation.ask(Some(&alice), query).await;
        assert_eq!(code(&answer), "FORBIDDEN", "{query} {answer}");
        let nobody = installation.ask(None, query).await;
        assert_eq!(code(&nobody), "UNAUTHENTICATED", "{query} {nobody}");
        let answer = installation.ask(Some(&admin), query).await;
        assert_ne!(code(&answer), "FORBIDDEN", "{query} {answer}");
        assert_ne!(code(&answer), "INTERNAL", "{query} {answer}");
    }
    let users = installation.ask(Some(&alice), "{ users { name } }").await;
    assert_eq!(users["data"]["users"], json!([{"name": "alice"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_in_the_very_next_answer() {
    let installation = Installation::new().await;
    let admin = installation.sign_in("admin").await;
    let made = installation
        .ask(
            Some(&admin),
            r#"mutation { createMergedLibrary(input: {name: " Films ", collectionType: MOVIES}) {
                id virtualId name dedupStrategy sourcePolicy isGlobal } }"#,
        )
        .await;
    let library = &made["data"]["createMergedLibrary"];
    assert_eq!(library["name"], "Films", "{made}");
    assert_eq!(library["dedupStrategy"], "PROVIDER_IDS");
    let id = library["id"].as_str().unwrap();

    let node = format!(r#"{{ node(id: "{id}") {{ id ... on MergedLibrary {{ name }} }} }}"#);
    let answer = installation.ask(Some(&admin), &node).await;
    assert_eq!(answer["data"]["node"]["name"], "Films", "{answer}");

    let rename = format!(
        r#"mutation {{ updateMergedLibrary(id: "{id}", input: {{name: "Cinema", dedupStrategy: NONE}}) {{ name dedupStrategy }} }}"#
    );
    let answer = installation.ask(Some(&admin), &rename).await;
    let changed = json!({"name": "Cinema", "dedupStrategy": "NONE"});
    assert_eq!(answer["data"]["updateMergedLibrary"], changed, "{answer}");

    let delete = format!(r#"mutation {{ deleteMergedLibrary(id: "{id}") }}"#);
    installation.ask(Some(&admin), &delete).await;
    let answer = installation
        .ask(Some(&admin), "{ mergedLibraries { id } }")
        .await;
    assert_eq!(answer["data"]["mergedLibraries"], json!([]), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_of_ones_own_is_nobody_elses() {
    let installation = Installation::new().await;
    let alice = installation.sign_in("alice").await;
    let made = installation
        .ask(
            Some(&alice),
            r#"mutation { createMergedLibrary(input: {name: "Mine", collectionType: MOVIES}) { id isGlobal owner { name } } }"#,
        )
        .await;
    let library = &made["data"]["createMergedLibrary"];
    assert_eq!(
        (&library["isGlobal"], &library["owner"]["name"]),
        (&json!(false), &json!("alice")),
        "{made}"
    );

    let admin = installation.sign_in("admin").await;
    let id = library["id"].as_str().unwrap();
    let create = r#"mutation { createUser(name: "bob", password: "pw") { id } }"#;
    installation.ask(Some(&admin), create).await;
    let bob = installation.sign_in("bob").await;
    let answer = installation
        .ask(Some(&bob), "{ mergedLibraries { id } }")
        .await;
    assert_eq!(answer["data"]["mergedLibraries"], json!([]), "{answer}");
    let node = format!(r#"{{ node(id: "{id}") {{ id }} }}"#);
    let answer = installation.ask(Some(&bob), &node).await;
    assert_eq!(answer["data"]["node"], Value::Null, "{answer}");
    let delete = format!(r#"mutation {{ deleteMergedLibrary(id: "{id}") }}"#);
    let answer = installation.ask(Some(&bob), &delete).await;
    assert!(!code(&answer).is_empty(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_named() {
    let installation = Installation::new().await;
    let token = installation.sign_in("alice").await;
    for (query, field) in [
        (r#"{ item(id: "film") { id } }"#, "id"),
        ("{ items(first: -1) { totalCount } }", "first"),
        ("{ items(first: 1001) { totalCount } }", "first"),
        (r#"{ items(after: "x") { totalCount } }"#, "after"),
        (
            r#"{ items(filter: {genreIds: ["x"]}) { totalCount } }"#,
            "genreIds",
        ),
        (r#"{ server(id: "link:1") { id } }"#, "id"),
    ] {
        let answer = installation.ask(Some(&token), query).await;
        assert_eq!(code(&answer), "BAD_INPUT", "{query} {answer}");
        assert_eq!(
            answer["errors"][0]["extensions"]["field"], field,
            "{answer}"
        );
    }
    let unknown = "{ item(id: \"00000000000000000000000000000001\") { id } }";
    let answer = installation.ask(Some(&token), unknown).await;
    assert_eq!(answer, json!({"data": {"item": null}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_lists_are_too_complex_and_do_not_overflow() {
    let installation = Installation::new().await;
    let token = installation.sign_in("alice").await;
    let mut query = "id".to_owned();
    for _ in 0..8 {
        query = format!("children(first: 1000) {{ nodes {{ {query} }} }}");
    }
    let query = format!("{{ items(first: 1000) {{ nodes {{ {query} }} }} }}");
    let answer = installation.ask(Some(&token), &query).await;
    assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED", "{answer}");
    assert!(answer.to_string().contains("complex"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_our_own_fit_the_schema() {
    let engine = Engine::bare(Limits::default());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest/queries");
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let answer = engine.0.open.execute(Request::new(text)).await;
        // Without a caller nothing can be answered; before that come validation and missing variables.
        let refused = answer.errors.iter().filter(|error| error.path.is_empty());
        let mine: Vec<_> = refused
            .filter(|error| !error.message.starts_with("Variable"))
            .collect();
        if !mine.is_empty() {
            wrong.push(format!("{}: {mine:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_operations_the_named_one_is_meant() {
    let installation = Installation::new().await;
    let query = "query A { __typename } mutation B { signOut } subscription C { libraryChanged { generation } }";
    let admit = |name: Option<&str>| {
        let params = Params {
            query: query.to_owned(),
            operation_name: name.map(str::to_owned),
            variables: async_graphql::Variables::default(),
        };
        let admitted = installation.engine.admit(params);
        admitted.map(|found| (found.is_mutation(), found.is_subscription()))
    };
    for (name, kind) in [
        ("A", (false, false)),
        ("B", (true, false)),
        ("C", (false, true)),
    ] {
        assert_eq!(admit(Some(name)).ok(), Some(kind), "{name}");
    }
    for name in [None, Some("D"), Some("")] {
        let error = admit(name).expect_err("none is meant");
        assert_eq!(error.code, Code::BadInput, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_crawls_no_crawl_is_told() {
    let installation = Installation::new().await;
    let token = installation.sign_in("admin").await;
    let params = Params {
        query: "subscription { crawlProgress { phase } }".to_owned(),
        operation_name: None,
        variables: async_graphql::Variables::default(),
    };
    let engine = &installation.engine;
    let entrance = engine.enter(Some(Secret::new(token)), RequestMeta::new(None));
    let entrance = entrance.await.unwrap();
    let Ok(admitted) = engine.admit(params) else {
        panic!("it is admitted");
    };
    let mut told = engine.stream(admitted, &entrance);
    let next = tokio::time::timeout(std::time::Duration::from_millis(500), told.next());
    assert!(next.await.is_err(), "neither a crawl nor an end");
}
