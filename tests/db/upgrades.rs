//! Whoever upgrades keeps what they have, from every version there was.

use manyfin::db::Db;

use crate::support::{every_table, postgres};

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_from_every_earlier_schema_keeps_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = |level: usize| folder.path().join(format!("{level}.db"));
    let mut level = 1;
    loop {
        let sqlite = Db::open(&format!("sqlite://{}", file(level).display()))
            .await
            .unwrap();
        let url = postgres::create_database().await;
        let server = Db::open(&url).await.unwrap();
        let tables = every_table::at_level(level).await;
        for db in [&sqlite, &server] {
            every_table::migrate_to(db, level).await;
        }
        every_table::fill_sqlite(&file(level), &tables);
        every_table::fill_postgres(&url, &tables).await;
        let before = every_table::dump_sqlite(&file(level), &tables);
        assert_eq!(every_table::dump_postgres(&url, &tables).await, before);

        let steps = sqlite.migrate_up().await.unwrap().len();
        assert_eq!(server.migrate_up().await.unwrap().len(), steps);
        let after = every_table::dump_sqlite(&file(level), &tables);
        assert_eq!(after, before, "SQLite, from migration {level}");
        let after = every_table::dump_postgres(&url, &tables).await;
        assert_eq!(after, before, "PostgreSQL, from migration {level}");
        postgres::drop_database(&url).await;
        if steps <= 1 {
            break;
        }
        level += 1;
    }
    assert!(level > 1, "there is an earlier schema");
}
