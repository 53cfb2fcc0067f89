//! Reading an archive line by line, trusting none of them.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::shape::{Column, Kind};
use super::{ArchiveError, FORMAT, Header};
use crate::model::Secret;

/// No row comes near it; a damaged file must not fill the memory.
const LONGEST: u64 = 256 << 20;

/// How everything that zstd packed begins.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An archive whose header was read.
pub struct Archive {
    pub header: Header,
    /// The keys that seal its secrets, where they were put in.
    pub(super) keys: Vec<Secret>,
    pub(super) lines: Lines,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.header.fmt(f)
    }
}

type Source = BufReader<zstd::Decoder<'static, BufReader<Box<dyn Read + Send>>>>;

pub(super) struct Lines {
    source: Source,
    /// Of all lines before this one.
    hash: Sha256,
    line: String,
}

#[derive(Deserialize)]
struct Format {
    manyfin_backup: u32,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Keys {
    secret_keys: Vec<Secret>,
}

#[derive(Deserialize)]
struct Named {
    table: String,
}

#[derive(Deserialize)]
struct End {
    end: bool,
    sha256: String,
}

pub(super) fn open(source: Box<dyn Read + Send>) -> Result<Archive, ArchiveError> {
    let mut source = BufReader::new(source);
    match source.fill_buf() {
        Ok(start) if start.starts_with(&MAGIC) => {}
        Ok(_) => return Err(ArchiveError::NotAnArchive),
        Err(error) => return Err(damaged(&error)),
    }
    let source = zstd::Decoder::with_buffer(source).map_err(|error| damaged(&error))?;
    let mut lines = Lines {
        source: BufReader::new(source),
        hash: Sha256::new(),
        line: String::new(),
    };
    let first = lines.next()?;
    let format: Format = serde_json::from_str(first).map_err(|_| ArchiveError::NotAnArchive)?;
    if format.manyfin_backup != FORMAT {
        let version = format.version;
        return Err(ArchiveError::Newer { version });
    }
    let header: Header = serde_json::from_str(first).map_err(|error| damaged(&error))?;
    let keys = match header.has_key {
        true => {
            let keys: Keys = lines.parse()?;
            keys.secret_keys
        }
        false => Vec::new(),
    };
    Ok(Archive {
        header,
        keys,
        lines,
    })
}

fn damaged(error: &dyn std::fmt::Display) -> ArchiveError {
    ArchiveError::Damaged(error.to_string())
}

impl Lines {
    /// The next line, without its end.
    fn next(&mut self) -> Result<&str, ArchiveError> {
        self.hash.update(&self.line);
        self.line.clear();
        let mut source = (&mut self.source).take(LONGEST);
        let read = source.read_line(&mut self.line);
        read.map_err(|error| damaged(&error))?;
        let line = self.line.strip_suffix('\n');
        line.ok_or_else(|| ArchiveError::Damaged("it ends too early".into()))
    }

    fn parse<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, ArchiveError> {
        serde_json::from_str(self.next()?).map_err(|error| damaged(&error))
    }

    /// The line that begins a table.
    pub(super) fn begin(&mut self, table: &str) -> Result<(), ArchiveError> {
        let named: Named = self.parse()?;
        match named.table == table {
            true => Ok(()),
            false => {
                let told = format!("the table {} stands where {table} should", named.table);
                Err(ArchiveError::Damaged(told))
            }
        }
    }

    /// A row of such columns, as it is written.
    pub(super) fn row(&mut self, columns: &[Column]) -> Result<&str, ArchiveError> {
        let line = self.next()?;
        let values: Vec<Value> = serde_json::from_str(line).map_err(|error| damaged(&error))?;
        if values.len() != columns.len() {
            return Err(ArchiveError::Damaged("a row has too few values".into()));
        }
        for (value, column) in values.iter().zip(columns) {
            if !fits(value, column.kind) {
                let told = format!("a value of {} is of another type", column.name);
                return Err(ArchiveError::Damaged(told));
            }
        }
        Ok(line)
    }

    /// The end: nothing may be missing, changed or left.
    pub(super) fn end(&mut self) -> Result<(), ArchiveError> {
        self.next()?;
        self.ended()
    }

    /// Whether this line is the end, and says the sum of all before it.
    fn ended(&mut self) -> Result<(), ArchiveError> {
        let end: End = serde_json::from_str(&self.line).map_err(|error| damaged(&error))?;
        if !end.end || end.sha256 != hex::encode(self.hash.clone().finalize()) {
            return Err(ArchiveError::Damaged("its checksum is wrong".into()));
        }
        // The frame's own checksum is read with its end.
        match self.at_end()? {
            true => Ok(()),
            false => Err(ArchiveError::Damaged("something follows its end".into())),
        }
    }

    /// Reads what is left and looks at nothing but the sums.
    pub(super) fn skip_to_end(&mut self) -> Result<(), ArchiveError> {
        while !self.at_end()? {
            self.next()?;
        }
        self.ended()
    }

    fn at_end(&mut self) -> Result<bool, ArchiveError> {
        let rest = self.source.fill_buf();
        Ok(rest.map_err(|error| damaged(&error))?.is_empty())
    }
}

fn fits(value: &Value, kind: Kind) -> bool {
    match (value, kind) {
        (Value::Null, _) => true,
        (Value::Number(number), Kind::Integer) => number.is_i64(),
        (Value::Bool(_), Kind::Boolean) | (Value::String(_), Kind::Text) => true,
        (Value::String(text), Kind::Blob) => {
            text.len() % 2 == 0 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
        }
        _ => false,
    }
}
