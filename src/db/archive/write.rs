//! Writing an archive.

use std::io::{BufWriter, Write};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::engine::{Engine, versions};
use super::shape::{self, Table};
use super::{About, ArchiveError, FORMAT, Header, Moved, TableHead};

/// Little more time than level 1, much smaller.
const LEVEL: i32 = 3;

pub(super) fn write<E: Engine>(
    conn: &mut E,
    sink: Box<dyn Write + Send>,
    about: &About,
) -> Result<Moved, ArchiveError> {
    conn.batch_execute(E::SNAPSHOT)?;
    let written = write_snapshot(conn, sink, about);
    let ended = conn.batch_execute("ROLLBACK");
    let moved = written?;
    ended?;
    Ok(moved)
}

fn write_snapshot<E: Engine>(
    conn: &mut E,
    sink: Box<dyn Write + Send>,
    about: &About,
) -> Result<Moved, ArchiveError> {
    let migrations = versions(conn)?;
    let tables = shape::at(&migrations)?.ok_or(ArchiveError::DatabaseNewer)?;
    let heads = tables
        .iter()
        .map(|table| head(conn, table))
        .collect::<Result<Vec<_>, _>>()?;
    let moved = Moved {
        tables: heads.len(),
        rows: heads.iter().map(|head| head.rows).sum(),
    };
    if moved.rows == 0 {
        return Err(ArchiveError::Nothing);
    }
    let header = Header {
        manyfin_backup: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: about.made_at,
        database: E::NAME.to_owned(),
        has_key: !about.keys.is_empty(),
        migrations,
        tables: heads,
    };
    let mut lines = Lines::new(sink)?;
    lines.put(&json!(header).to_string())?;
    if header.has_key {
        let keys: Vec<_> = about.keys.iter().map(|key| key.expose()).collect();
        lines.put(&json!({ "secret_keys": keys }).to_string())?;
    }
    for table in &tables {
        lines.put(&json!({ "table": table.name }).to_string())?;
        let mut after = None;
        loop {
            let rows = conn.page(table, &mut after)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                lines.put(&row.line)?;
            }
        }
    }
    lines.end()?;
    Ok(moved)
}

fn head<E: Engine>(conn: &mut E, table: &Table) -> Result<TableHead, ArchiveError> {
    Ok(TableHead {
        name: table.name.clone(),
        rows: conn.count(table)?,
        last_id: match table.counts {
            true => Some(conn.last_id(table)?),
            false => None,
        },
        columns: table.columns.clone(),
    })
}

struct Lines {
    sink: zstd::Encoder<'static, BufWriter<Box<dyn Write + Send>>>,
    hash: Sha256,
}

impl Lines {
    fn new(sink: Box<dyn Write + Send>) -> Result<Self, ArchiveError> {
        let mut sink =
            zstd::Encoder::new(BufWriter::new(sink), LEVEL).map_err(ArchiveError::Write)?;
        sink.include_checksum(true).map_err(ArchiveError::Write)?;
        Ok(Self {
            sink,
            hash: Sha256::new(),
        })
    }

    fn put(&mut self, line: &str) -> Result<(), ArchiveError> {
        self.hash.update(line);
        self.hash.update(b"\n");
        let written = self.sink.write_all(line.as_bytes());
        written
            .and_then(|()| self.sink.write_all(b"\n"))
            .map_err(ArchiveError::Write)
    }

    fn end(mut self) -> Result<(), ArchiveError> {
        let sum = hex::encode(self.hash.finalize());
        let line = format!("{}\n", json!({ "end": true, "sha256": sum }));
        let written = self.sink.write_all(line.as_bytes());
        written
            .and_then(|()| self.sink.finish()?.flush())
            .map_err(ArchiveError::Write)
    }
}
