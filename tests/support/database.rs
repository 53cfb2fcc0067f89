//! One test, both databases.

use manyfin::db::Db;

use super::postgres;

/// Runs a test on an empty, migrated SQLite file.
pub async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Db) -> F) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let db = Db::open(&url).await.expect("the database opens");
    db.migrate_up().await.expect("the migrations run");
    test(db).await;
}

/// Runs a test on an empty, migrated PostgreSQL database.
pub async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Db) -> F) {
    let url = postgres::create_database().await;
    let db = Db::open(&url).await.expect("the database opens");
    db.migrate_up().await.expect("the migrations run");
    test(db).await;
    postgres::drop_database(&url).await;
}

/// `both_databases!(name, |db| async move { … })`: the tests `name::sqlite` and `name::postgres`,
/// each with an empty, migrated database.
macro_rules! both_databases {
    ($(#[$meta:meta])* $name:ident, $test:expr) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                $crate::support::database::on_sqlite($test).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                $crate::support::database::on_postgres($test).await;
            }
        }
    };
}
