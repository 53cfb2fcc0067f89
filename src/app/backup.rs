//! `manyfin backup` and `manyfin restore`: files, and the key that seals the stored secrets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::accounts::{Actor, Vault, VaultError, unreadable};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::archive::{About, Archive, ArchiveError, Moved};
use crate::db::audit::{self, NewAudit};
use crate::db::{Db, DbError};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the database: {0}")]
    Db(#[from] DbError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: io::Error },
    #[error("{0} is no backup of Manyfin; it is not written over")]
    NotOurs(PathBuf),
    #[error("there is no database at {0}")]
    NoDatabase(PathBuf),
    #[error("there is no key file at {0}, so --with-key has nothing to put in")]
    NoKey(PathBuf),
}

/// What a restore brought, and whether its secrets can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub moved: Moved,
    /// The Manyfin that made the backup.
    pub version: String,
    /// Whether the backup held the secret key.
    pub with_key: bool,
    /// Stored passwords and tokens of servers, and how many of them the key at hand cannot open.
    pub secrets: usize,
    pub unreadable: usize,
}

/// Writes a backup to a file that only its owner may read, or to standard output for `-`. The file
/// appears when it is whole; an older backup of that name is replaced.
///
/// # Errors
/// When there is nothing to back up, or the file cannot be written.
pub async fn backup(config: &Config, path: &Path, with_key: bool) -> Result<Moved, BackupError> {
    let url = config.database_url.expose();
    if let Some(file) = url.strip_prefix("sqlite:") {
        let file = Path::new(file.strip_prefix("//").unwrap_or(file));
        // Opening would make it.
        if !file.exists() {
            return Err(BackupError::NoDatabase(file.to_owned()));
        }
    }
    let keys = match (with_key, &config.secret_key) {
        (false, _) => Vec::new(),
        (true, Some(key)) => Vault::from_text(key)?.keys(),
        (true, None) => match config.secret_key_file.exists() {
            true => Vault::from_file(&config.secret_key_file)?.keys(),
            false => return Err(BackupError::NoKey(config.secret_key_file.clone())),
        },
    };
    let made_at = Clock::system().millis();
    let db = Db::open(url).await?;
    if path == Path::new("-") {
        let about = About { made_at, keys };
        return Ok(db.backup(Box::new(io::stdout()), about).await?);
    }
    may_replace(path)?;
    let part = Part::create(path)?;
    let sink = part.file.try_clone().map_err(at(path))?;
    let moved = db.backup(Box::new(sink), About { made_at, keys }).await?;
    part.finish()?;
    Ok(moved)
}

/// Reads a backup (or standard input for `-`) into the database: all of it or nothing.
///
/// # Errors
/// When the file is no whole backup, or the database is not empty and `force` is not said.
pub async fn restore(config: &Config, path: &Path, force: bool) -> Result<Restored, BackupError> {
    let source: Box<dyn Read + Send> = match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(at(path))?),
    };
    // Looked at before the database is: a wrong file changes nothing.
    let archive = Archive::open(source)?;
    let version = archive.header.version.clone();
    let (with_key, made_at) = (archive.header.has_key, archive.header.made_at);
    let db = Db::open(config.database_url.expose()).await?;
    let (given, file) = (config.secret_key.clone(), config.secret_key_file.clone());
    let moved = db
        .restore(archive, force, move |keys| {
            // A key from the environment is the administrator's to change.
            if keys.is_empty() || given.is_some() {
                return Ok(());
            }
            Vault::add_keys(&file, keys).map_err(|error| error.to_string())
        })
        .await?;
    let entry = NewAudit {
        at: Clock::system().millis(),
        actor: Actor::Shell.to_string(),
        kind: "installation".to_owned(),
        action: "installation.restore".to_owned(),
        subject: "all".to_owned(),
        subject_name: String::new(),
        before: None,
        after: Some(
            json!({ "version": version, "madeAt": made_at, "rows": moved.rows }).to_string(),
        ),
    };
    audit::insert(&db, &entry).await?;
    let vault = match &config.secret_key {
        Some(key) => Some(Vault::from_text(key)?),
        // Not made here: a fresh key would open nothing.
        None if !config.secret_key_file.exists() => None,
        None => Some(Vault::from_file(&config.secret_key_file)?),
    };
    let (secrets, unreadable) = unreadable(&db, vault.as_ref()).await?;
    Ok(Restored {
        moved,
        version,
        with_key,
        secrets,
        unreadable,
    })
}

/// Whether a file may be written over: an older backup, or an empty one. A database, say, may not.
fn may_replace(path: &Path) -> Result<(), BackupError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(path)(error)),
    };
    let about = file.metadata().map_err(at(path))?;
    if about.is_file() && about.len() == 0 {
        return Ok(());
    }
    match Archive::open(Box::new(file)) {
        Ok(_) | Err(ArchiveError::Newer { .. }) => Ok(()),
        Err(_) => Err(BackupError::NotOurs(path.to_owned())),
    }
}

/// A file that is written beside its place; gone again unless it was finished.
struct Part {
    file: File,
    beside: PathBuf,
    path: PathBuf,
    whole: bool,
}

impl Part {
    fn create(path: &Path) -> Result<Self, BackupError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".part-{}", std::process::id()));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .map_err(at(&beside))?;
        Ok(Self {
            file,
            beside,
            path: path.to_owned(),
            whole: false,
        })
    }

    fn finish(mut self) -> Result<(), BackupError> {
        self.file
            .flush()
            .and_then(|()| self.file.sync_all())
            .and_then(|()| fs::rename(&self.beside, &self.path))
            .map_err(at(&self.path))?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            // It is our own; where it is gone already, so much the better.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |reason| BackupError::File { path, reason }
}
