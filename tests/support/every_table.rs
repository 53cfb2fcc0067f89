//! Rows for every table that there is, whatever tables there are: what moves or upgrades databases
//! must not forget one, or lose a value on the way.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use manyfin::db::Db;
use tokio_postgres::NoTls;

/// Rows a table, beside those of the tables that are made long.
const ROWS: usize = 3;
/// More than one read's or write's worth.
const LONG: (&str, usize) = ("audit", 450);

#[derive(Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
}

#[derive(Clone, QueryableByName)]
pub struct Column {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    declared: String,
    #[diesel(sql_type = Bool)]
    not_null: bool,
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = Nullable<Text>)]
    parent: Option<String>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The columns of each row of each table, as text that is the same for both databases; sorted.
pub type Dump = BTreeMap<String, Vec<String>>;

/// The tables at the first `level` migrations, each after those that it refers to.
pub async fn at_level(level: usize) -> Vec<Table> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("level.db");
    let db = Db::open(&format!("sqlite://{}", file.display()))
        .await
        .expect("the database opens");
    migrate_to(&db, level).await;
    let mut conn = sqlite(&file);
    let names = lines(
        &mut conn,
        "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' ORDER BY name",
    );
    let mut open: Vec<Table> = names
        .into_iter()
        .map(|name| Table {
            columns: diesel::sql_query(
                "SELECT c.name, c.type AS declared, c.\"notnull\" AS not_null, c.pk AS key, \
                 f.\"table\" AS parent FROM pragma_table_info(?) c \
                 LEFT JOIN pragma_foreign_key_list(?) f ON f.\"from\" = c.name",
            )
            .bind::<Text, _>(&name)
            .bind::<Text, _>(&name)
            .load(&mut conn)
            .expect("the columns are told"),
            name,
        })
        .collect();
    let mut tables: Vec<Table> = Vec::new();
    while !open.is_empty() {
        let next = open.iter().position(|table| {
            let mut parents = table.columns.iter().filter_map(|c| c.parent.as_ref());
            parents.all(|parent| tables.iter().any(|done| done.name == *parent))
        });
        tables.push(open.remove(next.expect("no circle of references")));
    }
    tables
}

/// Runs the first `level` migrations on an empty database.
pub async fn migrate_to(db: &Db, level: usize) {
    db.migrate_up().await.expect("the migrations run");
    let all = db.migrate_status().await.expect("they are told").len();
    for _ in level..all {
        db.migrate_down().await.expect("one is taken back");
    }
}

/// Puts rows into every table of an SQLite file.
pub fn fill_sqlite(file: &Path, tables: &[Table]) {
    use diesel::connection::SimpleConnection;
    let mut conn = sqlite(file);
    conn.batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 20000; BEGIN")
        .expect("a transaction begins");
    for statement in inserts(tables, false) {
        let done = conn.batch_execute(&statement);
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    conn.batch_execute("COMMIT").expect("it ends");
}

/// The same rows into a PostgreSQL database.
pub async fn fill_postgres(url: &str, tables: &[Table]) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it opens");
    let driver = tokio::spawn(connection);
    for statement in inserts(tables, true) {
        let done = client.batch_execute(&statement).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    drop(client);
    let _ = driver.await;
}

pub fn dump_sqlite(file: &Path, tables: &[Table]) -> Dump {
    let mut conn = sqlite(file);
    let dump = |table: &Table| {
        let query = select(table, |column| {
            let name = &column.name;
            match column.declared.as_str() {
                "BLOB" => format!("'\\x' || lower(hex(\"{name}\"))"),
                "BOOLEAN" => format!("CASE \"{name}\" WHEN 0 THEN 'false' WHEN 1 THEN 'true' END"),
                _ => format!("CAST(\"{name}\" AS TEXT)"),
            }
        });
        let mut rows = lines(&mut conn, &query);
        rows.sort();
        (table.name.clone(), rows)
    };
    tables.iter().map(dump).collect()
}

pub async fn dump_postgres(url: &str, tables: &[Table]) -> Dump {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it opens");
    let driver = tokio::spawn(connection);
    let mut dump = Dump::new();
    for table in tables {
        let query = select(table, |column| format!("\"{}\"::text", column.name));
        let rows = client.query(&query, &[]).await.expect("the rows are told");
        let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        rows.sort();
        dump.insert(table.name.clone(), rows);
    }
    drop(client);
    let _ = driver.await;
    dump
}

fn select(table: &Table, text: impl Fn(&Column) -> String) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let name = &column.name;
            let text = text(column);
            format!(
                "'{name}=' || CASE WHEN \"{name}\" IS NULL THEN 'null' ELSE '<' || {text} || '>' END"
            )
        })
        .collect();
    let columns = columns.join(" || ' ' || ");
    format!("SELECT {columns} AS line FROM \"{}\"", table.name)
}

fn inserts(tables: &[Table], postgres: bool) -> Vec<String> {
    let mut statements = Vec::new();
    for table in tables {
        let rows = if table.name == LONG.0 { LONG.1 } else { ROWS };
        let names: Vec<_> = table.columns.iter().map(|c| quoted(&c.name)).collect();
        for row in 0..rows {
            let values: Vec<_> = table
                .columns
                .iter()
                .map(|column| value(table, column, row, postgres))
                .collect();
            statements.push(format!(
                "INSERT INTO \"{}\" ({}) VALUES ({})",
                table.name,
                names.join(", "),
                values.join(", ")
            ));
        }
    }
    statements
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Values at the edges of their types; the second row has nothing where nothing is allowed.
fn value(table: &Table, column: &Column, row: usize, postgres: bool) -> String {
    if row == 1 && !column.not_null && column.key == 0 {
        return "NULL".to_owned();
    }
    let identifies = column.key > 0 || column.parent.is_some();
    match (column.declared.as_str(), postgres) {
        ("BIGINT" | "INTEGER", _) if identifies => (row * 5 + 1).to_string(),
        // The least number of 64 bits cannot be written as a literal everywhere.
        ("BIGINT", _) => [i64::MAX, 0, i64::MIN + 1][row % 3].to_string(),
        ("INTEGER", _) => [i32::MAX, 0, i32::MIN + 1][row % 3].to_string(),
        ("BOOLEAN", true) => row.is_multiple_of(2).to_string(),
        ("BOOLEAN", false) => (1 - row % 2).to_string(),
        ("BLOB", postgres) => {
            let bytes: Vec<u8> = match row {
                0 => (0..=255).collect(),
                1 => Vec::new(),
                _ => vec![0; row],
            };
            match postgres {
                true => format!("'\\x{}'::bytea", hex::encode(bytes)),
                false => format!("X'{}'", hex::encode(bytes)),
            }
        }
        ("TEXT", _) if identifies => {
            let table = column.parent.as_ref().unwrap_or(&table.name);
            format!("'{table} {row}'")
        }
        ("TEXT", _) => format!(
            "'{}.{} {row} \"quoted\" ''quoted'' \\back\\u0041 Ünïcode 🎬 [1,{{}}]\nnext\tline'",
            table.name, column.name
        ),
        (other, _) => panic!("{}.{}: what is {other}?", table.name, column.name),
    }
}

fn sqlite(file: &Path) -> SqliteConnection {
    SqliteConnection::establish(file.to_str().expect("a temporary path is text"))
        .expect("the file opens")
}

fn lines(conn: &mut SqliteConnection, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(conn).expect("an answer");
    rows.into_iter().map(|row| row.line).collect()
}
