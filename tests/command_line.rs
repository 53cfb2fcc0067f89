//! The program as people and scripts call it.

use std::path::Path;
use std::process::Output;

use manyfin::demo::{DemoServer, DemoSpec};

use crate::support::program;

fn manyfin(folder: &Path, arguments: &[&str]) -> Output {
    program::manyfin()
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn init_prints_a_configuration_that_the_program_reads() {
    let folder = tempfile::tempdir().unwrap();
    let printed = manyfin(folder.path(), &["init"]);
    assert!(printed.status.success());
    std::fs::write(folder.path().join("manyfin.toml"), &printed.stdout).unwrap();
    let status = manyfin(
        folder.path(),
        &["migrate", "--config", "manyfin.toml", "status"],
    );
    assert!(status.status.success(), "{}", text(&status.stderr));
}

#[test]
fn migrate_goes_up_and_down() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = manyfin(folder.path(), arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(run(&["migrate", "status"]).contains("missing"));
    assert!(run(&["migrate", "up"]).contains("applied"));
    assert_eq!(run(&["migrate", "up"]), "nothing to do\n");
    let states: serde_json::Value =
        serde_json::from_str(&run(&["--json", "migrate", "status"])).unwrap();
    let states = states.as_array().unwrap();
    assert!(!states.is_empty() && states.iter().all(|state| state["applied"] == true));
    assert!(run(&["migrate", "down"]).contains("took back"));
    assert!(folder.path().join("data/manyfin.db").is_file());
}

#[test]
fn where_the_configuration_is_may_be_said_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.toml"), "data_dir = \"other\"").unwrap();
    for arguments in [
        &["user", "list", "--config", "other.toml"][..],
        &["user", "--config", "other.toml", "list"],
        &["--config", "other.toml", "user", "list"],
        &["server", "list", "--config", "other.toml"],
        &["library", "list", "--data-dir", "other"],
        &["key", "rotate", "--config", "other.toml"],
        &[
            "migrate",
            "status",
            "--database-url",
            "sqlite://other/manyfin.db",
        ],
        &["check", "--config", "other.toml"],
    ] {
        let output = manyfin(folder.path(), arguments);
        let told = text(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
    }
    let made = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(made, 2, "the file and the folder that it names");
}

#[cfg(unix)]
#[test]
fn what_is_made_is_for_its_owner_alone_and_what_is_there_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &str| {
        let told = std::fs::metadata(folder.path().join(path)).unwrap();
        told.permissions().mode() & 0o777
    };
    assert!(manyfin(folder.path(), &["migrate", "up"]).status.success());
    assert_eq!((mode("data"), mode("data/manyfin.db")), (0o700, 0o600));

    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::create_dir(folder.path().join("shared")).unwrap();
    std::fs::set_permissions(folder.path().join("shared"), open).unwrap();
    let arguments = ["--data-dir", "shared", "migrate", "up"];
    assert!(manyfin(folder.path(), &arguments).status.success());
    assert_eq!((mode("shared"), mode("shared/manyfin.db")), (0o755, 0o600));
}

#[test]
fn a_failure_is_exit_1_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "bnid = \"x\"").unwrap();
    let output = manyfin(folder.path(), &["migrate", "--config", "bad.toml", "up"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "manyfin: unknown key `bnid`; did you mean `bind`?\n"
    );
}

#[test]
fn wrong_usage_is_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["nonsense"][..],
        &["migrate"],
        &["migrate", "sideways"],
        &[],
    ] {
        let output = manyfin(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn dedup_prints_a_group_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let record = |id: &str, title: &str, tmdb: &str| {
        let ids = serde_json::json!({ "Tmdb": tmdb });
        let record =
            serde_json::json!({ "id": id, "kind": "Movie", "title": title, "provider_ids": ids });
        format!("{record}\n")
    };
    let a = record("a2", "Metropolis", "19") + &record("a1", "Nosferatu", "653");
    std::fs::write(folder.path().join("a.jsonl"), a).unwrap();
    std::fs::write(
        folder.path().join("b.jsonl"),
        record("b1", "Métropolis", "19"),
    )
    .unwrap();
    let files = ["a.jsonl", "b.jsonl"];
    let run = |options: &[&str]| manyfin(folder.path(), &[&["dedup"], options, &files].concat());

    let output = run(&["--strategy", "provider_ids"]);
    assert_eq!(text(&output.stdout), "[\"a1\"]\n[\"a2\",\"b1\"]\n");
    let explained = text(&run(&["--strategy", "provider_ids", "--explain"]).stdout);
    let group: serde_json::Value = serde_json::from_str(explained.lines().nth(1).unwrap()).unwrap();
    assert_eq!(group["ids"], serde_json::json!(["a2", "b1"]));
    assert!(group["keys"].is_array() && group["score"].is_number());
    assert_eq!(
        text(&run(&["--strategy", "none"]).stdout).lines().count(),
        3
    );
    assert_eq!(run(&["--strategy", "guess"]).status.code(), Some(2));
    let missing = manyfin(folder.path(), &["dedup", "--strategy", "none", "c.jsonl"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("manyfin: cannot read c.jsonl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_users_and_libraries_are_kept_from_the_shell() {
    let demo = DemoServer::start(DemoSpec::films("Attic", 3, 0))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (file, password) in [
        ("crawler", "crawler-pw"),
        ("alice", "alice-pw"),
        ("bad", "nope"),
    ] {
        std::fs::write(folder.path().join(file), format!("{password}\n")).unwrap();
    }
    let fails = |arguments: &[&str]| {
        let output = manyfin(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr)
    };
    let run = |arguments: &[&str]| {
        let output = manyfin(folder.path(), arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&run(&[&["--json"], arguments].concat())).unwrap()
    };
    let account = |file| ["--username", "crawler", "--password-file", file];

    let url = demo.url();
    let refused = fails(&[&["server", "add", "attic", &url][..], &account("bad")].concat());
    assert!(
        refused.contains("does not accept this account"),
        "{refused}"
    );
    assert_eq!(
        run(&[&["server", "add", "attic", &url][..], &account("crawler")].concat()),
        "added attic\n"
    );
    let servers = json(&["server", "list"]);
    assert_eq!(servers[0]["name"], "attic");
    let films = servers[0]["libraries"][0].as_str().unwrap().to_owned();
    assert!(run(&["server", "list"]).contains(&films));

    let source = format!("attic/{films}=10");
    run(&[
        "library", "add", "Films", "--type", "movies", "--source", &source,
    ]);
    assert_eq!(json(&["library", "list"])[0]["sources"][0]["priority"], 10);
    assert!(fails(&["library", "change", "Flims", "--rename", "x"]).contains("Flims"));
    run(&[
        "library",
        "change",
        "films",
        "--rename",
        "All films",
        "--strategy",
        "none",
    ]);
    assert!(run(&["library", "list"]).contains("All films"));

    run(&["user", "add", "alice", "--password-file", "alice"]);
    let upstream = ["--username", "alice", "--password-file", "alice"];
    run(&[&["user", "link", "alice", "attic"][..], &upstream].concat());
    assert_eq!(json(&["user", "list"])[0]["links"][0]["state"], "active");
    assert!(run(&["key", "rotate"]).contains("under a new key"));
    run(&["user", "unlink", "alice", "attic"]);
    run(&["library", "remove", "All films"]);
    run(&["server", "remove", "attic"]);
    assert_eq!(json(&["server", "list"]), serde_json::json!([]));
}
