//! A database's schema as text in which SQLite and PostgreSQL can be compared.

use diesel::prelude::*;
use tokio_postgres::NoTls;

/// Tables, columns with type, nullability and key, foreign keys and indexes, sorted.
pub async fn of_postgres(url: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let query = "
        SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' '
            || is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'key ' || t.relname || ' (' || string_agg(a.attname, ',' ORDER BY k.n) || ')'
        FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
            CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(att, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att
        WHERE c.contype = 'p' AND t.relnamespace = 'public'::regnamespace
        GROUP BY t.relname, c.oid
        UNION ALL
        SELECT 'reference ' || t.relname || '.' || a.attname || ' -> ' || r.relname || '.'
            || b.attname || ' '
            || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
               ELSE 'NO ACTION' END
        FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
            JOIN pg_class r ON r.oid = c.confrelid
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
            JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1]
        WHERE c.contype = 'f'
        UNION ALL
        SELECT 'index ' || i.relname || ' ' || t.relname || ' ('
            || string_agg(a.attname, ',' ORDER BY k.n) || ')'
            || CASE WHEN x.indisunique THEN ' UNIQUE' ELSE '' END
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            JOIN pg_class t ON t.oid = x.indrelid
            CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(att, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att
        WHERE NOT x.indisprimary AND t.relnamespace = 'public'::regnamespace
        GROUP BY i.relname, t.relname, x.indexrelid, x.indisunique";
    let rows = client.query(query, &[]).await.unwrap();
    let lines = rows.iter().map(|row| row.get::<_, String>(0)).collect();
    drop(client);
    let _ = driver.await;
    tidy(lines)
}

/// The same of a SQLite file.
pub fn of_sqlite(path: &std::path::Path) -> Vec<String> {
    let query = "
        SELECT 'column ' || t.name || '.' || c.name || ' ' || 
            CASE WHEN c.pk = 1 AND c.type = 'INTEGER' THEN 'bigint' ELSE lower(c.type) END || ' '
            || CASE WHEN c.\"notnull\" THEN 'NO' ELSE 'YES' END AS line
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
        UNION ALL
        SELECT 'key ' || name || ' (' || group_concat(col, ',') || ')' FROM (
            SELECT t.name, c.name AS col FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND c.pk > 0 ORDER BY t.name, c.pk) GROUP BY name
        UNION ALL
        SELECT 'reference ' || t.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.'
            || f.\"to\" || ' ' || f.on_delete
        FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'
        UNION ALL
        SELECT 'index ' || i || ' ' || t || ' (' || group_concat(col, ',') || ')'
            || CASE WHEN u THEN ' UNIQUE' ELSE '' END FROM (
            SELECT t.name AS t, l.name AS i, l.\"unique\" AS u, c.name AS col
            FROM sqlite_schema t JOIN pragma_index_list(t.name) l
                JOIN pragma_index_info(l.name) c
            WHERE t.type = 'table' AND l.origin = 'c' ORDER BY l.name, c.seqno)
        GROUP BY t, i, u";
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let rows: Vec<Line> = diesel::sql_query(format!("SELECT line FROM ({query})"))
        .load(&mut conn)
        .unwrap();
    tidy(rows.into_iter().map(|row| row.line).collect())
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Maps types, and drops what belongs to the migrations' own bookkeeping.
fn tidy(lines: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .into_iter()
        .filter(|line| !line.contains("__diesel") && !line.contains("sqlite_sequence"))
        .map(|line| line.replace(" bytea ", " blob "))
        .collect();
    lines.sort();
    lines
}
