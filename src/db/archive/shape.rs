//! Which tables and columns the migrations make, asked of an empty SQLite in memory that they ran on.
//! Both databases have the same ones.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;
use serde::{Deserialize, Serialize};

use super::ArchiveError;
use super::engine::Engine;
use crate::db::DbError;

/// A type that both databases can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Integer,
    Text,
    Boolean,
    Blob,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Whether its ids are given by the database and never given twice.
    pub counts: bool,
}

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    parent: String,
}

/// The tables at these migrations, each after those that its rows refer to. `None` when one of the
/// migrations is not known here.
pub(super) fn at(applied: &[String]) -> Result<Option<Vec<Table>>, ArchiveError> {
    let mut wanted: BTreeSet<&str> = applied.iter().map(String::as_str).collect();
    let mut conn = SqliteConnection::establish(":memory:")
        .map_err(|error| DbError::Open(error.to_string()))?;
    // Makes the table in which migrations are noted.
    let noted = conn.applied_migrations();
    noted.map_err(|error| DbError::Migration(error.to_string()))?;
    for migration in SqliteConnection::known()? {
        if wanted.remove(migration.name().version().to_string().as_str()) {
            let run = conn.run_migration(&migration);
            run.map_err(|error| DbError::Migration(error.to_string()))?;
        }
    }
    if !wanted.is_empty() {
        return Ok(None);
    }
    let rows: Vec<TableRow> = diesel::sql_query(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name <> '__diesel_schema_migrations' ORDER BY name",
    )
    .load(&mut conn)?;
    let mut open = Vec::with_capacity(rows.len());
    for row in rows {
        let columns = columns(&mut conn, &row.name)?;
        let parents: Vec<Reference> =
            diesel::sql_query("SELECT \"table\" AS parent FROM pragma_foreign_key_list(?)")
                .bind::<Text, _>(&row.name)
                .load(&mut conn)?;
        let parents: Vec<String> = parents.into_iter().map(|row| row.parent).collect();
        let counts = row.sql.to_ascii_uppercase().contains("AUTOINCREMENT");
        let table = Table {
            name: row.name,
            columns,
            counts,
        };
        open.push((table, parents));
    }
    in_order(open).map(Some)
}

fn columns(conn: &mut SqliteConnection, table: &str) -> Result<Vec<Column>, ArchiveError> {
    let rows: Vec<ColumnRow> =
        diesel::sql_query("SELECT name, type AS declared FROM pragma_table_info(?)")
            .bind::<Text, _>(table)
            .load(conn)?;
    let column = |row: ColumnRow| {
        let kind = match row.declared.as_str() {
            "INTEGER" | "BIGINT" => Kind::Integer,
            "TEXT" => Kind::Text,
            "BOOLEAN" => Kind::Boolean,
            "BLOB" => Kind::Blob,
            other => {
                let told = format!("{table}.{}: backups do not know the type {other}", row.name);
                return Err(ArchiveError::Refused(told));
            }
        };
        Ok(Column {
            name: row.name,
            kind,
        })
    };
    rows.into_iter().map(column).collect()
}

fn in_order(mut open: Vec<(Table, Vec<String>)>) -> Result<Vec<Table>, ArchiveError> {
    let mut done: Vec<Table> = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let is_done = |name: &String| done.iter().any(|table| table.name == *name);
        let next = open.iter().position(|(table, parents)| {
            let mut others = parents.iter().filter(|parent| **parent != table.name);
            others.all(is_done)
        });
        let Some(next) = next else {
            let told = "tables refer to each other in a circle; backups cannot order them";
            return Err(ArchiveError::Refused(told.into()));
        };
        done.push(open.remove(next).0);
    }
    Ok(done)
}
