//! What clients hold stays true on the other database: tokens, ids, what was watched, what is owed.

use std::path::Path;

use manyfin::app::backup::{Restored, backup, restore};
use manyfin::config::Config;
use manyfin::db::audit::{self, AuditFilter};
use serde_json::{Value, json};

use super::sqlite;
use crate::support::gateway::{ALICE, Client, Gateway, film, sources};
use crate::support::{postgres, program};

/// What a client sees: names with their ids and what was watched, in order.
async fn shelf(client: &Client) -> Value {
    let all = client
        .get("/Items?recursive=true&includeItemTypes=Movie&enableUserData=true&fields=MediaSources")
        .await;
    let items = all["Items"].as_array().expect("a list").iter();
    let items = items.map(|item| {
        json!({
            "id": item["Id"], "name": item["Name"], "data": item["UserData"],
            "sources": item["MediaSources"].as_array().map(|all| {
                all.iter().map(|source| source["Id"].clone()).collect::<Vec<_>>()
            }),
        })
    });
    json!({ "count": all["TotalRecordCount"], "items": items.collect::<Vec<_>>() })
}

/// Lets the gateway find out how its servers are: the versions of one that is down come last.
async fn notice(gateway: &Gateway) {
    for server in gateway.app.catalog.registry().all() {
        server.check().await;
    }
}

async fn moved(from: &Config, to: &str, archive: &Path) -> Restored {
    backup(from, archive, false).await.expect("it is backed up");
    let mut target = from.clone();
    target.database_url = manyfin::config::Secret::new(to);
    restore(&target, archive, false)
        .await
        .expect("it is restored")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_client_goes_on_where_it_was() {
    let sources = sources(3, 8).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let gateway = Gateway::over(&sqlite(&path("one.db")), &sources).await;
    let mut ann = gateway.sign_in("ann").await;
    let (name, ids) = film(&sources, 2);
    let id = ann.id_of(&name).await;
    // One server is down: what it is owed waits in the outbox.
    sources[2].set_available(false).await.expect("it stops");
    notice(&gateway).await;
    ann.post(&format!("/UserPlayedItems/{id}"), json!({})).await;
    let before = shelf(&ann).await;
    assert_eq!(before["count"], 8);
    assert!(before.to_string().contains("\"Played\":true"));
    let me = ann.get("/Users/Me").await;
    let info = ann.get("/System/Info/Public").await;

    let url = postgres::create_database().await;
    let config = gateway.config();
    let restored = moved(&config, &url, &path("a")).await;
    assert!(restored.secrets > 0 && restored.unreadable == 0);
    let gateway = gateway.restart_on(&url).await;
    notice(&gateway).await;
    ann.url = gateway.url.clone();
    assert_eq!(shelf(&ann).await, before, "with the token it had");
    assert_eq!(ann.get("/Users/Me").await["Id"], me["Id"]);
    let restores = AuditFilter {
        action: Some("installation.restore".into()),
        ..AuditFilter::default()
    };
    let noted = audit::count(gateway.app.catalog.db(), &restores).await;
    assert_eq!(noted.unwrap(), 1, "the log says that it was restored");
    let told = ann.get("/System/Info/Public").await;
    assert_eq!(told["Id"], info["Id"], "one server to its clients");

    let last = sqlite(&path("two.db"));
    moved(&gateway.config(), &last, &path("b")).await;
    let gateway = gateway.restart_on(&last).await;
    notice(&gateway).await;
    ann.url = gateway.url.clone();
    assert_eq!(shelf(&ann).await, before);
    assert_eq!(sources[2].user_data(ALICE, ids[2]), Some((false, 0, false)));
    sources[2].set_available(true).await.expect("it starts");
    crate::support::gateway::eventually("what was owed is delivered", async || {
        sources[2].user_data(ALICE, ids[2]) == Some((true, 0, false))
    })
    .await;
    postgres::drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_goes_along_when_asked_and_is_missed_when_not() {
    let sources = sources(1, 2).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let gateway = Gateway::over(&sqlite(&path("one.db")), &sources).await;
    let config = gateway.config();
    let run = |arguments: &[&str]| {
        program::manyfin()
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("the program starts")
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let data_dir = config.data_dir.to_str().unwrap();
    let from = config.database_url.expose();
    let made = |file: &str, extra: &[&str]| {
        let place = [
            "backup",
            "--data-dir",
            data_dir,
            "--database-url",
            from,
            file,
        ];
        let output = run(&[&place, extra].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(made("without", &[]).contains("is not in it"));
    assert!(made("with", &["--with-key"]).contains("passwords of your servers"));

    let key = std::fs::read_to_string(&config.secret_key_file).unwrap();
    let holds_key = |file: &str| {
        let packed = std::fs::File::open(path(file)).unwrap();
        let lines = zstd::decode_all(packed).unwrap();
        text(&lines).contains(key.trim())
    };
    assert!(holds_key("with") && !holds_key("without"));

    // Elsewhere, without the key: all is there but the passwords, and that is said.
    let output = run(&["--json", "restore", "without", "--data-dir", "other"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cannot be opened with the key at hand"));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["secrets"].as_u64().unwrap() > 0);
    assert_eq!(told["unreadable_secrets"], told["secrets"]);
    assert!(
        !path("other/secret.key").exists(),
        "no key that opens nothing"
    );

    let output = run(&["restore", "with", "--data-dir", "other"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("holds an installation already"));
    // A key of its own stays the one that seals.
    let own = "ab".repeat(32);
    std::fs::write(path("other/secret.key"), &own).unwrap();
    let output = run(&[
        "--json",
        "restore",
        "with",
        "--data-dir",
        "other",
        "--force",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["unreadable_secrets"], 0, "{}", text(&output.stderr));
    let keys = std::fs::read_to_string(path("other/secret.key")).unwrap();
    let keys: Vec<_> = keys.split_whitespace().collect();
    assert_eq!(keys, [own.as_str(), key.trim()]);
    let output = run(&["user", "--data-dir", "other", "list"]);
    assert!(text(&output.stdout).contains("ann"));

    // By a pipe, as into a program that encrypts.
    let output = run(&[
        "backup",
        "--data-dir",
        data_dir,
        "--database-url",
        from,
        "-",
    ]);
    assert!(output.status.success());
    std::fs::write(path("piped"), &output.stdout).unwrap();
    let output = run(&["restore", "piped", "--data-dir", "third"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}
