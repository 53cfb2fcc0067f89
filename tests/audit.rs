//! Who changed what: all of it, nothing secret, and for administrators alone.

use manyfin::app::apply::apply;
use manyfin::config::{Config, Overrides};
use manyfin::db::audit::{self, AuditFilter, AuditPart};
use manyfin::db::{Db, users};
use manyfin::demo::{DemoServer, DemoSpec};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::sabotage;

/// Everything that must not stand in the log.
const SECRETS: &[&str] = &[
    "root-secret",
    "crawler-pw",
    "alice-pw",
    "first-secret",
    "second-secret",
    "filed-secret",
];

async fn graphql(app: &TestApp, token: &str, query: &str, variables: Value) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("{}/graphql", app.url))
        .bearer_auth(token)
        .json(&json!({ "query": query, "variables": variables }))
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

async fn done(app: &TestApp, token: &str, query: &str, variables: Value) -> Value {
    let answer = graphql(app, token, query, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{query}: {answer}");
    answer["data"].clone()
}

const LOG: &str =
    "query($filter: AuditLogFilter, $first: Int, $after: String, $last: Int, $before: String) {
    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id at actor actorName kind action subject subjectName before after } }
    }
}";

async fn log(app: &TestApp, token: &str, variables: Value) -> Value {
    done(app, token, LOG, variables).await["auditLog"].clone()
}

fn actions(log: &Value) -> Vec<String> {
    let edges = log["edges"].as_array().unwrap().iter();
    edges
        .map(|edge| edge["node"]["action"].as_str().unwrap().to_owned())
        .collect()
}

/// Changes by GraphQL, by a file, and by signing in.
async fn lived_in(app: &TestApp, demo: &DemoServer) -> String {
    app.add_user("root", "root-secret", true, &[]).await;
    let root = app.sign_in("root", "root-secret").await;
    let added = done(
        app,
        &root,
        "mutation($url: String!) { addServer(input: { name: \"attic\", url: $url,
            credentials: { password: { username: \"crawler\", password: \"crawler-pw\" } } }) { id } }",
        json!({ "url": demo.url() }),
    )
    .await;
    let server = added["addServer"]["id"].as_str().unwrap().to_owned();
    let made = done(
        app,
        &root,
        "mutation { createUser(name: \"ann\", password: \"first-secret\") { id } }",
        json!({}),
    )
    .await;
    let ann = made["createUser"]["id"].as_str().unwrap().to_owned();
    done(
        app,
        &root,
        "mutation($user: ID!, $server: ID!) { linkAccount(userId: $user, serverId: $server,
            credentials: { password: { username: \"alice\", password: \"alice-pw\" } }) { id } }",
        json!({ "user": ann, "server": server }),
    )
    .await;
    for change in [
        "mutation($id: ID!) { changePassword(userId: $id, new: \"second-secret\") }",
        "mutation($id: ID!) { updateSettings(userId: $id, body: { SubtitleMode: \"Always\" }) }",
        "mutation($id: ID!) { setSourcePolicy(userId: $id, policy: FASTEST) { id } }",
        "mutation($id: ID!) { renameUser(id: $id, name: \"Anna\") { id } }",
        "mutation($id: ID!) { setAdministrator(id: $id, isAdministrator: true) { id } }",
        "mutation($id: ID!) { setAdministrator(id: $id, isAdministrator: false) { id } }",
    ] {
        done(app, &root, change, json!({ "id": ann })).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manyfin.toml");
    let text = "[[users]]\nname = \"zoe\"\npassword = \"filed-secret\"\n\
        [[merged_libraries]]\nname = \"Films\"\ncollection_type = \"movies\"\n\
        sources = [{ server = \"attic\", library = \"Films\", priority = 1 }]\n";
    std::fs::write(&file, text).unwrap();
    let config = Config::load_from(Some(&file), [], &Overrides::default()).unwrap();
    apply(&app.app.accounts, &config, false).await.unwrap();
    root
}

both_gateways!(every_change_is_told_and_no_secret, told);

async fn told(url: String) {
    let demo = DemoServer::start(DemoSpec::films("Attic", 2, 0))
        .await
        .unwrap();
    let config = |config: &mut Config| config.sign_in_servers = vec!["attic".into()];
    let app = TestApp::start_with(&url, config).await;
    let root = lived_in(&app, &demo).await;
    // A user and a link made by signing in.
    app.sign_in("bob", "bob-pw").await;

    let all = log(&app, &root, json!({ "first": 100 })).await;
    let mut seen = actions(&all);
    seen.reverse();
    assert_eq!(
        seen,
        [
            "user.create",
            "server.add",
            // Whoever adds a server is linked to it.
            "link.put",
            "user.create",
            "link.put",
            "user.set_password",
            "user.update_settings",
            "user.set_source_policy",
            "user.rename",
            "user.set_administrator",
            "user.set_administrator",
            "user.create",
            "library.create",
            "user.sign_in",
            "link.put",
        ]
    );
    assert_eq!(all["totalCount"], seen.len());
    let nodes: Vec<Value> = all["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["node"].clone())
        .collect();
    let renamed = nodes.iter().find(|node| node["action"] == "user.rename");
    let renamed = renamed.unwrap();
    assert_eq!(renamed["actorName"], "root");
    assert_eq!(
        (&renamed["kind"], &renamed["subjectName"]),
        (&json!("user"), &json!("Anna"))
    );
    assert_eq!(renamed["before"]["name"], "ann");
    assert_eq!(renamed["after"]["name"], "Anna");
    let roles = nodes
        .iter()
        .find(|node| node["action"] == "user.set_administrator");
    assert_eq!(roles.unwrap()["before"]["administrator"], true);
    assert_eq!(roles.unwrap()["after"]["administrator"], false);
    let library = nodes.iter().find(|node| node["kind"] == "library").unwrap();
    assert_eq!(library["actor"], "config");
    assert_eq!(library["after"]["sources"][0]["library"], "Films");

    let db = app.app.catalog.db();
    let part = AuditPart {
        limit: 1000,
        ..AuditPart::default()
    };
    let rows = audit::list(db, &AuditFilter::default(), &part)
        .await
        .unwrap();
    let text = format!("{all} {rows:?}");
    for secret in SECRETS
        .iter()
        .chain([&root.as_str(), &"$argon2", &"bob-pw"])
    {
        assert!(!text.contains(secret), "the log tells {secret}");
    }
    assert!(text.contains("crawler"), "whose account it is, is told");
}

both_gateways!(the_log_is_found_by_who_what_and_when, found);

async fn found(url: String) {
    let demo = DemoServer::start(DemoSpec::films("Attic", 2, 0))
        .await
        .unwrap();
    let app = TestApp::start(&url).await;
    let root = lived_in(&app, &demo).await;
    let filtered = async |filter: Value| {
        let found = log(&app, &root, json!({ "filter": filter, "first": 100 })).await;
        assert_eq!(found["totalCount"], actions(&found).len());
        actions(&found)
    };
    assert_eq!(filtered(json!({ "kind": "server" })).await, ["server.add"]);
    assert_eq!(
        filtered(json!({ "actor": "config" })).await,
        ["library.create", "user.create"]
    );
    assert_eq!(
        filtered(json!({ "actor": "config", "kind": "library" })).await,
        ["library.create"]
    );
    assert_eq!(filtered(json!({ "action": "user.create" })).await.len(), 3);
    let all = log(&app, &root, json!({ "first": 100 })).await;
    let edges = all["edges"].as_array().unwrap();
    let rename = edges
        .iter()
        .find(|edge| edge["node"]["action"] == "user.rename");
    let ann = &rename.unwrap()["node"]["subject"];
    assert_eq!(filtered(json!({ "subject": ann })).await.len(), 7);
    let latest = &edges[0]["node"]["at"];
    let until = filtered(json!({ "until": latest })).await.len();
    let since = filtered(json!({ "since": latest })).await.len();
    assert!(since >= 1 && until + since == edges.len());
    assert_eq!(
        filtered(json!({ "since": "2199-01-01T00:00:00Z" }))
            .await
            .len(),
        0
    );

    // Forwards and backwards, page by page.
    let whole = actions(&all);
    let (mut forwards, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = log(&app, &root, json!({ "first": 3, "after": after })).await;
        forwards.extend(actions(&page));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(forwards, whole);
    let (mut backwards, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = log(&app, &root, json!({ "last": 3, "before": before })).await;
        let mut part = actions(&page);
        part.extend(backwards);
        backwards = part;
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(backwards, whole);
    for wrong in [
        json!({ "first": -1 }),
        json!({ "first": 5000 }),
        json!({ "after": "nonsense" }),
        json!({ "first": 1, "last": 1 }),
    ] {
        let answer = graphql(&app, &root, LOG, wrong.clone()).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_INPUT", "{wrong}: {answer}");
    }

    // Others learn nothing of it.
    let zoe = app.sign_in("zoe", "filed-secret").await;
    for token in [zoe.as_str(), "no-token"] {
        let answer = graphql(&app, token, LOG, json!({})).await;
        assert_eq!(answer["data"]["auditLog"], Value::Null, "{answer}");
        assert!(
            answer["errors"][0]["extensions"]["code"].is_string(),
            "{answer}"
        );
    }
}

both_gateways!(a_change_that_cannot_be_written_down_is_not_made, together);

async fn together(url: String) {
    use manyfin::accounts::{AccountsError, Actor, NewUser};
    let app = TestApp::start(&url).await;
    let root = app.add_user("root", "root-secret", true, &[]).await;
    let db = app.app.catalog.db();
    // As a full disk would, at the worst moment.
    sabotage::hide(&url, "audit").await;
    let accounts = &app.app.accounts;
    let eve = NewUser {
        name: "eve".into(),
        ..NewUser::default()
    };
    let refused = accounts.create_user(&Actor::Shell, eve).await;
    assert!(matches!(refused, Err(AccountsError::Db(_))), "{refused:?}");
    let refused = accounts.rename_user(&Actor::Shell, root, "emperor").await;
    assert!(matches!(refused, Err(AccountsError::Db(_))), "{refused:?}");
    let names: Vec<String> = users::all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["root"]);
    // No connection was left with an open transaction: others can write.
    for _ in 0..20 {
        manyfin::db::installation::count_up(db, "mark")
            .await
            .unwrap();
    }
}

fn of(action: &str, at: i64) -> audit::NewAudit {
    audit::NewAudit {
        at,
        actor: "shell".into(),
        kind: "user".into(),
        action: action.into(),
        subject: "x".into(),
        subject_name: String::new(),
        before: None,
        after: None,
    }
}

both_databases!(what_is_old_is_forgotten, |db: Db| async move {
    let own = "user.update_settings";
    for at in 0..10 {
        for action in [own, "user.create"] {
            audit::insert(&db, &of(action, at)).await.unwrap();
        }
    }
    assert_eq!(
        audit::forget_of(&db, own, 3).await.unwrap(),
        7,
        "its oldest"
    );
    assert_eq!(audit::forget_of(&db, own, 3).await.unwrap(), 0);
    assert_eq!(
        audit::forget_of(&db, own, 0).await.unwrap(),
        3,
        "of it alone"
    );
    assert_eq!(audit::forget(&db, 3, 100).await.unwrap(), 3, "by age");
    assert_eq!(audit::forget(&db, 0, 4).await.unwrap(), 3, "by number");
    assert_eq!(audit::forget(&db, 0, 4).await.unwrap(), 0);
    let part = AuditPart {
        limit: 100,
        ..AuditPart::default()
    };
    let left = audit::list(&db, &AuditFilter::default(), &part)
        .await
        .unwrap();
    let left: Vec<i64> = left.iter().map(|row| row.at).collect();
    assert_eq!(left, [9, 8, 7, 6]);
});
