//! A database that fails in one place, as a full disk or a lost connection makes it, and is mended.

/// Runs a statement on the database of a URL, past the gateway that has it open.
pub async fn execute(url: &str, statement: &str) {
    if let Some(path) = url.strip_prefix("sqlite://") {
        use diesel::connection::SimpleConnection as _;
        use diesel::{Connection as _, SqliteConnection};
        let mut conn = SqliteConnection::establish(path).expect("it opens");
        conn.batch_execute(&format!("PRAGMA busy_timeout = 20000; {statement}"))
            .expect("it is done");
        return;
    }
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("it opens");
    tokio::spawn(connection);
    client.batch_execute(statement).await.expect("it is done");
}

/// Every question about a table fails from now on.
pub async fn hide(url: &str, table: &str) {
    execute(url, &format!("ALTER TABLE {table} RENAME TO {table}_gone")).await;
}

/// The end of [`hide`].
pub async fn bring_back(url: &str, table: &str) {
    execute(url, &format!("ALTER TABLE {table}_gone RENAME TO {table}")).await;
}

/// Every `INSERT`, `UPDATE` or `DELETE` of a table fails from now on; it can be read.
pub async fn refuse(url: &str, deed: &str, table: &str) {
    let statement = if url.starts_with("sqlite") {
        format!(
            "CREATE TRIGGER refuse_{table} BEFORE {deed} ON {table}
             BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    } else {
        format!(
            "CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
             CREATE TRIGGER refuse_{table} BEFORE {deed} ON {table}
             FOR EACH ROW EXECUTE FUNCTION refuse_{table}()"
        )
    };
    execute(url, &statement).await;
}

/// The end of [`refuse`].
pub async fn allow(url: &str, table: &str) {
    let statement = if url.starts_with("sqlite") {
        format!("DROP TRIGGER refuse_{table}")
    } else {
        format!("DROP FUNCTION refuse_{table} CASCADE")
    };
    execute(url, &statement).await;
}
