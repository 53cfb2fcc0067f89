//! The SQL of each database that reads a table as JSON and writes it from JSON.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::MigrationHarness;

use super::ArchiveError;
use super::shape::{Column, Kind, Table};
use crate::db::DbError;
use crate::db::connection::LOCK_SPACE;
use crate::db::migrate::{MIGRATING, POSTGRES, SQLITE};

pub(super) type Postgres = AsyncConnectionWrapper<AsyncPgConnection>;

/// Rows that are read at once: few enough that a page of bodies fits easily.
const PAGE: usize = 200;

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = BigInt)]
    pub number: i64,
    #[diesel(sql_type = Text)]
    pub line: String,
}

/// A connection of one of the databases, used from a thread that may wait.
pub(super) trait Engine:
    Connection + SimpleConnection + MigrationHarness<<Self as Connection>::Backend> + Sized
{
    const NAME: &'static str;
    /// Begins to read what is there now; `ROLLBACK` ends it.
    const SNAPSHOT: &'static str;

    /// Every migration of this version, oldest first.
    fn known() -> Result<Vec<Box<dyn Migration<Self::Backend>>>, ArchiveError>;
    fn rows(&mut self, query: &str) -> QueryResult<Vec<Row>>;
    /// Runs a statement with one text.
    fn put(&mut self, query: &str, text: &str) -> QueryResult<usize>;
    fn has_table(&mut self, name: &str) -> QueryResult<bool>;
    /// The next rows after `after`, which begins as `None`. An empty page is the end.
    fn page(&mut self, table: &Table, after: &mut Option<i64>) -> QueryResult<Vec<Row>>;
    /// Inserts an array of rows.
    fn insert(table: &Table) -> String;
    fn last_id(&mut self, table: &Table) -> QueryResult<i64>;
    fn set_last_id(&mut self, table: &Table, last: i64) -> QueryResult<()>;
    /// A transaction that nobody else migrates or restores beside.
    fn alone<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError>;

    fn number(&mut self, query: &str) -> QueryResult<i64> {
        let rows = self.rows(query)?;
        Ok(rows.first().map_or(0, |row| row.number))
    }

    fn count(&mut self, table: &Table) -> QueryResult<u64> {
        let query = format!(
            "SELECT count(*) AS number, '' AS line FROM {}",
            quoted(&table.name)
        );
        Ok(u64::try_from(self.number(&query)?).unwrap_or_default())
    }
}

/// The migrations that were run, oldest first; none where there never was an installation.
pub(super) fn versions<E: Engine>(conn: &mut E) -> QueryResult<Vec<String>> {
    if !conn.has_table("__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    let rows = conn.rows(
        "SELECT CAST(0 AS BIGINT) AS number, CAST(version AS TEXT) AS line \
         FROM __diesel_schema_migrations ORDER BY version",
    )?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns in order, each through `write`.
fn list(columns: &[Column], write: impl Fn(usize, Kind, &str) -> String) -> String {
    let columns = columns.iter().enumerate();
    let columns = columns.map(|(at, column)| write(at, column.kind, quoted(&column.name).as_str()));
    columns.collect::<Vec<_>>().join(", ")
}

fn names(table: &Table) -> String {
    list(&table.columns, |_, _, name| name.to_owned())
}

fn sorted<B: diesel::backend::Backend>(
    found: diesel::migration::Result<Vec<Box<dyn Migration<B>>>>,
) -> Result<Vec<Box<dyn Migration<B>>>, ArchiveError> {
    let mut all = found.map_err(|error| DbError::Migration(error.to_string()))?;
    all.sort_by_key(|migration| migration.name().version().as_owned());
    Ok(all)
}

impl Engine for SqliteConnection {
    const NAME: &'static str = "sqlite";
    const SNAPSHOT: &'static str = "BEGIN";

    fn known() -> Result<Vec<Box<dyn Migration<Self::Backend>>>, ArchiveError> {
        sorted(MigrationSource::migrations(&SQLITE))
    }

    fn rows(&mut self, query: &str) -> QueryResult<Vec<Row>> {
        diesel::sql_query(query).load(self)
    }

    fn put(&mut self, query: &str, text: &str) -> QueryResult<usize> {
        diesel::sql_query(query).bind::<Text, _>(text).execute(self)
    }

    fn has_table(&mut self, name: &str) -> QueryResult<bool> {
        let query = format!(
            "SELECT count(*) AS number, '' AS line FROM sqlite_schema \
             WHERE type = 'table' AND name = '{name}'"
        );
        Ok(self.number(&query)? > 0)
    }

    fn page(&mut self, table: &Table, after: &mut Option<i64>) -> QueryResult<Vec<Row>> {
        let values = list(&table.columns, |_, kind, name| match kind {
            Kind::Integer | Kind::Text => name.to_owned(),
            Kind::Boolean => {
                format!("json(CASE {name} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END)")
            }
            // hex(NULL) is an empty text.
            Kind::Blob => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        });
        let from = after.map_or(String::new(), |after| format!("WHERE rowid > {after}"));
        let query = format!(
            "SELECT rowid AS number, json_array({values}) AS line FROM {} {from} \
             ORDER BY rowid LIMIT {PAGE}",
            quoted(&table.name)
        );
        let rows = self.rows(&query)?;
        *after = rows.last().map(|row| row.number);
        Ok(rows)
    }

    fn insert(table: &Table) -> String {
        let values = list(&table.columns, |at, kind, _| match kind {
            Kind::Integer | Kind::Text | Kind::Boolean => format!("row.value ->> {at}"),
            Kind::Blob => format!("unhex(row.value ->> {at})"),
        });
        format!(
            "INSERT INTO {} ({}) SELECT {values} FROM json_each(?) AS row",
            quoted(&table.name),
            names(table)
        )
    }

    fn last_id(&mut self, table: &Table) -> QueryResult<i64> {
        self.number(&format!(
            "SELECT seq AS number, '' AS line FROM sqlite_sequence WHERE name = '{}'",
            table.name
        ))
    }

    fn set_last_id(&mut self, table: &Table, last: i64) -> QueryResult<()> {
        // The rows that were put in have counted it up already, where it is the last of them.
        let name = &table.name;
        self.batch_execute(&format!(
            "DELETE FROM sqlite_sequence WHERE name = '{name}' AND seq < {last};
             INSERT INTO sqlite_sequence (name, seq) SELECT '{name}', {last} WHERE {last} > 0
                AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{name}')"
        ))
    }

    fn alone<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        self.exclusive_transaction(work)
    }
}

impl Engine for Postgres {
    const NAME: &'static str = "postgres";
    const SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    fn known() -> Result<Vec<Box<dyn Migration<Self::Backend>>>, ArchiveError> {
        sorted(MigrationSource::migrations(&POSTGRES))
    }

    fn rows(&mut self, query: &str) -> QueryResult<Vec<Row>> {
        diesel::sql_query(query).load(self)
    }

    fn put(&mut self, query: &str, text: &str) -> QueryResult<usize> {
        diesel::sql_query(query).bind::<Text, _>(text).execute(self)
    }

    fn has_table(&mut self, name: &str) -> QueryResult<bool> {
        let query = format!(
            "SELECT count(*) AS number, '' AS line FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = '{name}'"
        );
        Ok(self.number(&query)? > 0)
    }

    fn page(&mut self, table: &Table, after: &mut Option<i64>) -> QueryResult<Vec<Row>> {
        if after.is_none() {
            let values = list(&table.columns, |_, kind, name| match kind {
                Kind::Integer | Kind::Text | Kind::Boolean => name.to_owned(),
                Kind::Blob => format!("encode({name}, 'hex')"),
            });
            self.batch_execute(&format!(
                "DECLARE manyfin_backup NO SCROLL CURSOR FOR SELECT CAST(0 AS BIGINT) AS number, \
                 json_build_array({values})::text AS line FROM {}",
                quoted(&table.name)
            ))?;
            *after = Some(0);
        }
        let rows = self.rows(&format!("FETCH {PAGE} FROM manyfin_backup"))?;
        if rows.is_empty() {
            self.batch_execute("CLOSE manyfin_backup")?;
            *after = None;
        }
        Ok(rows)
    }

    fn insert(table: &Table) -> String {
        let values = list(&table.columns, |at, kind, _| match kind {
            Kind::Integer => format!("(line ->> {at})::bigint"),
            Kind::Text => format!("line ->> {at}"),
            Kind::Boolean => format!("(line ->> {at})::boolean"),
            Kind::Blob => format!("decode(line ->> {at}, 'hex')"),
        });
        format!(
            "INSERT INTO {} ({}) SELECT {values} FROM jsonb_array_elements($1::jsonb) AS line",
            quoted(&table.name),
            names(table)
        )
    }

    fn last_id(&mut self, table: &Table) -> QueryResult<i64> {
        let sequence = self.sequence(table)?;
        self.number(&format!(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS number, '' AS line \
             FROM {sequence}"
        ))
    }

    fn set_last_id(&mut self, table: &Table, last: i64) -> QueryResult<()> {
        let sequence = self.sequence(table)?;
        self.batch_execute(&format!(
            "SELECT setval('{sequence}', GREATEST({last}, highest, 1), GREATEST({last}, highest) > 0)
             FROM (SELECT COALESCE(max(id), 0) AS highest FROM {}) AS given",
            quoted(&table.name)
        ))
    }

    fn alone<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        self.transaction(|conn| {
            conn.batch_execute(&format!(
                "SELECT pg_advisory_xact_lock({LOCK_SPACE}, {MIGRATING})"
            ))?;
            work(conn)
        })
    }
}

trait Sequence {
    fn sequence(&mut self, table: &Table) -> QueryResult<String>;
}

impl Sequence for Postgres {
    /// What counts a table's ids.
    fn sequence(&mut self, table: &Table) -> QueryResult<String> {
        let rows = self.rows(&format!(
            "SELECT CAST(0 AS BIGINT) AS number, pg_get_serial_sequence('{}', 'id') AS line",
            quoted(&table.name)
        ))?;
        let row = rows.into_iter().next();
        row.map(|row| row.line).ok_or(diesel::NotFound)
    }
}
