//! Migrations go up and down on both and end in the same schema.

use manyfin::db::{Db, DbError};

use super::dump;
use crate::support::postgres;

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_end_in_the_same_schema() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/test.db");
    let sqlite = Db::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let url = postgres::create_database().await;
    let server = Db::open(&url).await.unwrap();

    let names = sqlite.migrate_up().await.unwrap();
    assert!(!names.is_empty());
    assert_eq!(names, server.migrate_up().await.unwrap(), "the same names");
    let (ours, theirs) = (dump::of_sqlite(&file), dump::of_postgres(&url).await);
    assert!(
        ours.iter().any(|line| line == "column users.name text NO"),
        "{ours:#?}"
    );
    assert!(ours.iter().any(|line| line.starts_with("reference ")));
    assert_eq!(ours, theirs);

    for db in [&sqlite, &server] {
        assert!(
            db.migrate_up().await.unwrap().is_empty(),
            "nothing left to do"
        );
        let mut undone = Vec::new();
        while let Ok(name) = db.migrate_down().await {
            undone.push(name);
        }
        undone.reverse();
        assert_eq!(undone, names, "all of it can be undone");
        assert!(matches!(db.migrate_down().await, Err(DbError::NotFound)));
    }
    assert_eq!(dump::of_sqlite(&file), Vec::<String>::new());
    assert_eq!(dump::of_postgres(&url).await, Vec::<String>::new());

    for db in [&sqlite, &server] {
        db.migrate_up().await.unwrap();
        assert!(
            db.migrate_status()
                .await
                .unwrap()
                .iter()
                .all(|state| state.applied)
        );
    }
    assert_eq!(dump::of_sqlite(&file), ours, "up again is the same");
    assert_eq!(dump::of_postgres(&url).await, theirs);
    postgres::drop_database(&url).await;
}

/// The issue names these columns; scripts may read them.
#[tokio::test(flavor = "multi_thread")]
async fn merged_libraries_have_the_columns_and_indexes_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let db = Db::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    db.migrate_up().await.unwrap();
    let schema = dump::of_sqlite(&file).join("\n");
    for (table, columns) in [
        (
            "merged_libraries",
            "id virtual_id name collection_type dedup_strategy created_by is_global created_at \
             updated_at",
        ),
        (
            "merged_library_sources",
            "id merged_library_id server_id library_id library_name priority created_at",
        ),
    ] {
        for column in columns.split_whitespace() {
            assert!(
                schema.contains(&format!("column {table}.{column} ")),
                "{table}.{column}"
            );
        }
    }
    for index in [
        "merged_libraries (virtual_id) UNIQUE",
        "merged_libraries (created_by)",
        "merged_library_sources (merged_library_id)",
        "merged_library_sources (server_id)",
        "merged_library_sources (merged_library_id,server_id,library_id) UNIQUE",
    ] {
        assert!(schema.contains(index), "{index}");
    }
    for cascade in [
        "merged_library_id -> merged_libraries.id",
        "server_id -> servers.id",
    ] {
        let line = format!("reference merged_library_sources.{cascade} CASCADE");
        assert!(schema.contains(&line), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_fails_is_told_without_its_password() {
    for url in [
        "mysql://root:hunter2@localhost/x",
        "hunter2",
        "sqlite://",
        "sqlite::memory:",
        "postgres://root:hunter2@127.0.0.1:1/x",
        "postgres://root:hunter2@127.0.0.1:port/x",
        "postgres://root:hunter2@/x?nonsense=hunter2",
    ] {
        let error = Db::open(url).await.expect_err(url);
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
