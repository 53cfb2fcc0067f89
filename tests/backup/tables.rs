//! Every value of every table, over both databases and from every earlier schema.

use std::collections::BTreeSet;
use std::path::Path;

use manyfin::app::backup::backup;
use manyfin::config::Config;
use manyfin::db::archive::Archive;
use manyfin::db::audit;

use super::{config, open, sqlite};
use crate::support::{every_table, postgres};

fn header_tables(archive: &Path) -> BTreeSet<String> {
    let file = std::fs::File::open(archive).unwrap();
    let header = Archive::open(Box::new(file)).unwrap().header;
    header.tables.into_iter().map(|table| table.name).collect()
}

/// The rows alone: the command adds a line to the log that says who restored.
async fn restore(config: &Config, archive: &Path) {
    let file = std::fs::File::open(archive).unwrap();
    let archive = Archive::open(Box::new(file)).unwrap();
    let db = open(config.database_url.expose()).await;
    db.restore(archive, false, |_| Ok(())).await.unwrap();
}

async fn levels() -> usize {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&sqlite(&folder.path().join("any.db"))).await;
    db.migrate_status().await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_to_postgres_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let tables = every_table::at_level(levels().await).await;
    let db = open(&sqlite(&path("one.db"))).await;
    db.migrate_up().await.unwrap();
    every_table::fill_sqlite(&path("one.db"), &tables);
    let before = every_table::dump_sqlite(&path("one.db"), &tables);
    assert!(before.values().all(|rows| rows.len() >= 3), "{before:#?}");

    let one = config(folder.path(), &sqlite(&path("one.db")));
    let moved = backup(&one, &path("one.backup"), false).await.unwrap();
    assert_eq!(moved.tables, tables.len());
    let rows: usize = before.values().map(Vec::len).sum();
    assert_eq!(moved.rows, rows as u64);

    let url = postgres::create_database().await;
    let server = config(folder.path(), &url);
    restore(&server, &path("one.backup")).await;
    assert_eq!(every_table::dump_postgres(&url, &tables).await, before);

    backup(&server, &path("two.backup"), false).await.unwrap();
    let two = config(folder.path(), &sqlite(&path("two.db")));
    restore(&two, &path("two.backup")).await;
    assert_eq!(
        every_table::dump_sqlite(&path("two.db"), &tables),
        before,
        "and back"
    );
    postgres::drop_database(&url).await;
}

/// The schema is what the queries use: a table that no backup holds would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.db");
    let db = open(&sqlite(&file)).await;
    db.migrate_up().await.unwrap();
    manyfin::db::installation::set(&db, "k", "v").await.unwrap();
    let archive = folder.path().join("archive");
    let config = config(folder.path(), &sqlite(&file));
    backup(&config, &archive, false).await.unwrap();

    let schema =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs"))
            .unwrap();
    let named: BTreeSet<String> = schema
        .split("table! {")
        .skip(1)
        .map(|rest| rest.split('(').next().unwrap().trim().to_owned())
        .collect();
    assert!(named.contains("users") && named.len() > 20, "{named:?}");
    assert_eq!(header_tables(&archive), named);
}

/// Ids of rows that are gone are given to nobody else, on either database.
#[tokio::test(flavor = "multi_thread")]
async fn ids_are_not_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let url = postgres::create_database().await;
    let entry = audit::NewAudit {
        at: 1,
        actor: "a".into(),
        kind: "b".into(),
        action: "b.c".into(),
        subject: "d".into(),
        subject_name: "e".into(),
        before: None,
        after: None,
    };
    let newest = async |database: &str| {
        let part = audit::AuditPart {
            limit: 1,
            ..audit::AuditPart::default()
        };
        let rows = audit::list(&open(database).await, &Default::default(), &part)
            .await
            .unwrap();
        rows.first().map(|row| row.id)
    };
    let first = sqlite(&path("first.db"));
    let db = open(&first).await;
    db.migrate_up().await.unwrap();
    for _ in 0..5 {
        audit::insert(&db, &entry).await.unwrap();
    }
    // The highest rows go; 5 was given all the same.
    {
        use diesel::connection::SimpleConnection as _;
        use diesel::{Connection as _, SqliteConnection};
        let file = path("first.db");
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        conn.batch_execute("DELETE FROM audit WHERE id > 2")
            .unwrap();
    }
    let last = sqlite(&path("last.db"));
    let mut from = first;
    for (to, expected) in [(url.clone(), 6), (last, 7)] {
        let archive = path("archive");
        backup(&config(folder.path(), &from), &archive, false)
            .await
            .unwrap();
        restore(&config(folder.path(), &to), &archive).await;
        audit::insert(&open(&to).await, &entry).await.unwrap();
        assert_eq!(newest(&to).await, Some(expected));
        // Also where the highest row is not the highest id ever given.
        from = to;
    }
    postgres::drop_database(&url).await;
}

/// Before an upgrade people back up with the old version, and restore with the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_every_earlier_schema_restores() {
    let all = levels().await;
    for level in 1..all {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let tables = every_table::at_level(level).await;
        let db = open(&sqlite(&path("old.db"))).await;
        every_table::migrate_to(&db, level).await;
        every_table::fill_sqlite(&path("old.db"), &tables);
        let before = every_table::dump_sqlite(&path("old.db"), &tables);
        let old = config(folder.path(), &sqlite(&path("old.db")));
        backup(&old, &path("archive"), false).await.unwrap();
        assert!(
            !db.migrate_status().await.unwrap()[level].applied,
            "a backup changes nothing"
        );

        let url = postgres::create_database().await;
        for target in [sqlite(&path("new.db")), url.clone()] {
            let target = config(folder.path(), &target);
            restore(&target, &path("archive")).await;
            let states = open(target.database_url.expose()).await;
            let states = states.migrate_status().await.unwrap();
            assert!(states.iter().all(|state| state.applied), "level {level}");
        }
        let new = every_table::dump_sqlite(&path("new.db"), &tables);
        assert_eq!(new, before, "level {level}");
        assert_eq!(
            every_table::dump_postgres(&url, &tables).await,
            before,
            "level {level}"
        );
        postgres::drop_database(&url).await;
    }
}
