//! The folder of pictures: which files there are, which was used last, and no more bytes than allowed.
//!
//! Everything here blocks. The order of use is kept in the files' modification times, so it survives a
//! restart; a folder that other files are in keeps them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use lru::LruCache;

use super::file::{self, Kept, Picture};
use crate::telemetry::Metrics;
use crate::telemetry::metrics::CacheName;

/// Of the hash of what is asked for: neither addresses nor ids show in the folder.
pub(super) type Name = [u8; 16];

/// Files take whole blocks.
const BLOCK: u64 = 4096;
/// What the index takes in memory stays small, however small the pictures are.
const MOST_FILES: usize = 65_536;
/// What a file is called until it is whole.
const UNFINISHED: &str = "new-";
/// An unfinished file this old is nobody's.
const ABANDONED: Duration = Duration::from_secs(3600);

pub(super) struct Store {
    folder: PathBuf,
    max_bytes: u64,
    index: Mutex<Index>,
    metrics: Metrics,
}

struct Index {
    /// Bytes on the disk by name, the one used last first.
    files: LruCache<Name, u64>,
    bytes: u64,
}

impl Index {
    fn add(&mut self, name: Name, size: u64) {
        let before = self.files.put(name, size).unwrap_or(0);
        self.bytes = self.bytes + size - before;
    }

    fn remove(&mut self, name: &Name) {
        self.bytes -= self.files.pop(name).unwrap_or(0);
    }

    fn evict(&mut self, max_bytes: u64) -> Vec<Name> {
        let mut out = Vec::new();
        while (self.bytes > max_bytes || self.files.len() > MOST_FILES)
            && let Some((name, size)) = self.files.pop_lru()
        {
            self.bytes -= size;
            out.push(name);
        }
        out
    }
}

impl Store {
    pub(super) fn new(folder: PathBuf, max_bytes: u64, metrics: Metrics) -> Self {
        Self {
            folder,
            max_bytes,
            index: Mutex::new(Index {
                files: LruCache::unbounded(),
                bytes: 0,
            }),
            metrics,
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.max_bytes == 0
    }

    /// Takes in what earlier runs left, the order of use included. What was used since the start is newer.
    pub(super) fn scan(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(meta) = entry.metadata() else { continue };
            let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let file_name = entry.file_name();
            let Some(text) = file_name.to_str() else {
                continue;
            };
            if let Some(name) = parse(text) {
                found.push((used, name, on_disk(meta.len())));
            } else if text.starts_with(UNFINISHED)
                && used.elapsed().is_ok_and(|age| age > ABANDONED)
            {
                let _ = fs::remove_file(entry.path());
            }
        }
        found.sort_unstable_by(|left, right| right.cmp(left));
        let mut index = self.lock();
        for (_, name, size) in found {
            if !index.files.contains(&name) {
                index.add(name, size);
                index.files.demote(&name);
            }
        }
        self.make_room(index);
        Ok(())
    }

    /// The picture; none when there is none, or it is damaged: then it is gone after this.
    pub(super) fn read(&self, name: &Name) -> Option<Kept> {
        if self.is_off() {
            return None;
        }
        let kept = self.open(name);
        match &kept {
            Ok(Some(_)) => {}
            Ok(None) => {
                tracing::warn!("a kept picture is damaged; it is fetched again");
                self.forget(name);
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, "a kept picture cannot be read: {error}");
                }
                self.set(self.lock(), |index| index.remove(name));
            }
        }
        kept.ok().flatten()
    }

    fn open(&self, name: &Name) -> io::Result<Option<Kept>> {
        let file = File::open(self.path(name))?;
        let Some(kept) = file::read(&file)? else {
            return Ok(None);
        };
        // Where this fails, only the order after a restart is another.
        let _ = file.set_modified(SystemTime::now());
        let size = on_disk(file.metadata()?.len());
        self.set(self.lock(), |index| index.add(*name, size));
        Ok(Some(kept))
    }

    /// Keeps a picture: whole under its name, or not at all. The ones not used for longest go.
    pub(super) fn write(&self, name: &Name, picture: &Picture, checked_at: i64) -> io::Result<()> {
        if self.is_off() {
            return Ok(());
        }
        make_folder(&self.folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        let size = on_disk(picture.write(&mut file, checked_at)?);
        if size > self.max_bytes {
            return Ok(());
        }
        file.persist(self.path(name)).map_err(|error| error.error)?;
        let mut index = self.lock();
        index.add(*name, size);
        self.make_room(index);
        Ok(())
    }

    /// Notes when the server was asked about it.
    pub(super) fn set_checked_at(&self, name: &Name, checked_at: i64) {
        // It may just have gone.
        let _ = file::set_checked_at(&self.path(name), checked_at);
    }

    pub(super) fn forget(&self, name: &Name) {
        let _ = fs::remove_file(self.path(name));
        self.set(self.lock(), |index| index.remove(name));
    }

    fn make_room(&self, mut index: MutexGuard<'_, Index>) {
        let out = index.evict(self.max_bytes);
        self.set(index, |_| ());
        for name in out {
            let _ = fs::remove_file(self.path(&name));
        }
    }

    /// Changes the index, and tells how many bytes there are now.
    fn set(&self, mut index: MutexGuard<'_, Index>, change: impl FnOnce(&mut Index)) {
        change(&mut index);
        self.metrics.cache_bytes(CacheName::Images, index.bytes);
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.folder.join(hex::encode(name))
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(|e| e.into_inner())
    }
}

fn parse(text: &str) -> Option<Name> {
    let mut name = Name::default();
    hex::decode_to_slice(text, &mut name).ok()?;
    Some(name)
}

fn on_disk(length: u64) -> u64 {
    length.next_multiple_of(BLOCK)
}

/// What people watch is nobody else's on this machine.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
