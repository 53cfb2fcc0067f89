//! What must not be restored is not, and changes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use manyfin::app::backup::{backup, restore};
use manyfin::db::{Db, installation, users};

use super::{config, edit, open, sqlite};
use crate::support::{every_table, postgres};

/// A backup of an installation whose mark says `old`.
async fn archive(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("source.db");
    let db = open(&sqlite(&file)).await;
    db.migrate_up().await.unwrap();
    let tables = every_table::at_level(db.migrate_status().await.unwrap().len()).await;
    every_table::fill_sqlite(&file, &tables);
    installation::set(&db, "mark", "old").await.unwrap();
    let archive = folder.join("archive");
    backup(&config(folder, &sqlite(&file)), &archive, false)
        .await
        .unwrap();
    archive
}

async fn is_untouched(db: &Db) -> bool {
    let states = db.migrate_status().await.unwrap();
    states.iter().all(|state| !state.applied)
}

async fn damage(database: String) {
    let folder = tempfile::tempdir().unwrap();
    let good = archive(folder.path()).await;
    let bad = folder.path().join("bad");
    let config = config(folder.path(), &database);
    let refused = async |expected: &str| {
        let told = restore(&config, &bad, false).await.expect_err(expected);
        let told = told.to_string();
        assert!(told.contains(expected), "{told}");
        assert!(is_untouched(&open(&database).await).await, "{expected}");
    };

    let bytes = std::fs::read(&good).unwrap();
    for length in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 2] {
        std::fs::write(&bad, &bytes[..length]).unwrap();
        refused("damaged").await;
    }
    // Also in the last bytes, which are the frame's own checksum.
    for at in [bytes.len() / 2, bytes.len() - 20, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&bad, flipped).unwrap();
        // Where the header is hit it may be no backup at all.
        refused("backup").await;
    }
    std::fs::write(&bad, [&bytes[..], &bytes[..]].concat()).unwrap();
    refused("damaged").await;
    std::fs::write(&bad, b"SQLite format 3\0").unwrap();
    refused("no backup of Manyfin").await;

    edit(&good, &bad, |lines| {
        let at = lines.iter().position(|line| line.contains("\"old\""));
        let line = &mut lines[at.unwrap()];
        *line = line.replace("\"old\"", "\"new\"");
    });
    refused("checksum").await;
    // What damage made of a row may be something that the database refuses before the sums are read.
    edit(&good, &bad, |lines| {
        let at = lines.iter().position(|line| line == r#"{"table":"users"}"#);
        let users = at.expect("there are users") + 1;
        lines[users + 1] = lines[users].clone();
    });
    refused("damaged").await;
    edit(&good, &bad, |lines| {
        let at = lines.iter().position(|line| line.contains("\"old\""));
        lines.remove(at.unwrap());
    });
    refused("damaged").await;
    edit(&good, &bad, |lines| {
        lines[0] = lines[0].replace("\"is_administrator\"", "\"is_emperor\"");
    });
    refused("not those of its migrations").await;
    edit(&good, &bad, |lines| {
        lines[0] = lines[0].replace("\"migrations\":[", "\"migrations\":[\"99990101000000\",");
    });
    refused("newer Manyfin").await;
    edit(&good, &bad, |lines| {
        lines[0] = lines[0].replace("\"manyfin_backup\":1", "\"manyfin_backup\":2");
    });
    refused("newer Manyfin").await;

    restore(&config, &good, false).await.unwrap();
    let mark = installation::get(&open(&database).await, "mark").await;
    assert_eq!(mark.unwrap().as_deref(), Some("old"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_newer_backup_restores_nothing_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    damage(sqlite(&folder.path().join("target.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_newer_backup_restores_nothing_to_postgres() {
    let url = postgres::create_database().await;
    damage(url.clone()).await;
    postgres::drop_database(&url).await;
}

both_databases!(an_installation_is_not_written_over, |db: Db| async move {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path()).await;
    let open_archive = || {
        let file = std::fs::File::open(&archive).unwrap();
        manyfin::db::archive::Archive::open(Box::new(file)).unwrap()
    };
    installation::set(&db, "mark", "mine").await.unwrap();
    let told = db.restore(open_archive(), false, |_| Ok(())).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("--force"), "{told}");
    assert_eq!(
        installation::get(&db, "mark").await.unwrap().as_deref(),
        Some("mine")
    );

    // What fails at the very end leaves all as it was, also with force.
    let told = db
        .restore(open_archive(), true, |_| Err("no key".into()))
        .await;
    assert_eq!(told.unwrap_err().to_string(), "no key");
    assert_eq!(
        installation::get(&db, "mark").await.unwrap().as_deref(),
        Some("mine")
    );
    assert!(users::all(&db).await.unwrap().is_empty());

    db.restore(open_archive(), true, |_| Ok(())).await.unwrap();
    assert_eq!(
        installation::get(&db, "mark").await.unwrap().as_deref(),
        Some("old")
    );
    assert_eq!(users::all(&db).await.unwrap().len(), 3);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_private_and_replaces_nothing_but_backups() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path()).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&archive), 0o600);
    let database = folder.path().join("source.db");
    let config = config(folder.path(), &sqlite(&database));

    // An older one, a mistyped name, and nothing at all.
    std::fs::set_permissions(&archive, std::fs::Permissions::from_mode(0o644)).unwrap();
    backup(&config, &archive, false).await.unwrap();
    assert_eq!(mode(&archive), 0o600, "also where it replaces another");
    let told = backup(&config, &database, false).await.unwrap_err();
    assert!(told.to_string().contains("not written over"), "{told}");
    assert!(
        !users::all(&open(&sqlite(&database)).await)
            .await
            .unwrap()
            .is_empty()
    );

    let empty = sqlite(&folder.path().join("empty.db"));
    let told = backup(&super::config(folder.path(), &empty), &archive, false).await;
    assert!(told.unwrap_err().to_string().contains("no database"));
    open(&empty).await.migrate_up().await.unwrap();
    let told = backup(&super::config(folder.path(), &empty), &archive, false).await;
    assert!(told.unwrap_err().to_string().contains("nothing to back up"));
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let whole = std::fs::File::open(&archive).unwrap();
    manyfin::db::archive::Archive::open(Box::new(whole)).unwrap();
}
