//! Upstream passwords and tokens as they lie in the database: XChaCha20-Poly1305.
//!
//! A sealed text is `version (1) | key id (4) | nonce (24) | ciphertext and tag`, bound to what it
//! is for. The key file holds one key a line, in hex: the first seals, all open, so that keys can be
//! rotated while a gateway runs.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::config::private;
use crate::model::Secret;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEAD: usize = 1 + 4 + NONCE;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the key file {0} cannot be used: {1}")]
    File(PathBuf, String),
    #[error("MANYFIN_SECRET_KEY must be 64 hex digits or base64 of 32 bytes")]
    Key,
    /// The key that it was sealed with is not here: a wrong or lost key file.
    #[error("a stored secret was sealed with another key than those in the key file")]
    UnknownKey,
    #[error("a stored secret is damaged")]
    Damaged,
}

struct Key {
    id: [u8; 4],
    cipher: XChaCha20Poly1305,
    bytes: [u8; 32],
}

/// Seals and opens. Cheap to clone; never prints a key.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    keys: RwLock<Vec<Key>>,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A vault of one key, kept nowhere.
    pub fn from_key(bytes: [u8; 32]) -> Self {
        Self::with(vec![Key::new(bytes)], None)
    }

    /// Reads `MANYFIN_SECRET_KEY`: 64 hex digits, or base64 of 32 bytes.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub fn from_text(text: &Secret) -> Result<Self, VaultError> {
        use base64::Engine as _;
        let text = text.expose().trim();
        let bytes = hex::decode(text)
            .or_else(|_| base64::engine::general_purpose::STANDARD.decode(text))
            .map_err(|_| VaultError::Key)?;
        Ok(Self::from_key(
            bytes.try_into().map_err(|_| VaultError::Key)?,
        ))
    }

    /// Reads the key file, and makes it first where there is none (only its owner may read it).
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub fn from_file(path: &Path) -> Result<Self, VaultError> {
        if !path.exists()
            && let Err(error) = write_keys(path, &[rand::random()], false)
            // Else another process was faster.
            && !path.exists()
        {
            return Err(file_error(path, &error));
        }
        Ok(Self::with(read_keys(path)?, Some(path.to_owned())))
    }

    fn with(keys: Vec<Key>, file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            keys: RwLock::new(keys),
            file,
        }))
    }

    /// Seals a secret for a purpose (`link.token` …): it opens for that purpose only.
    pub fn seal(&self, purpose: &str, secret: &Secret) -> Vec<u8> {
        let keys = self.0.keys.read().unwrap_or_else(|e| e.into_inner());
        let key = keys.first().expect("a vault has a key");
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: purpose.as_bytes(),
        };
        let sealed = key
            .cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("the cipher takes texts of any length that fits in memory");
        let mut whole = Vec::with_capacity(HEAD + sealed.len());
        whole.push(VERSION);
        whole.extend_from_slice(&key.id);
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(&sealed);
        whole
    }

    /// Opens what [`Self::seal`] sealed.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] or [`VaultError::Damaged`].
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        match self.try_open(purpose, sealed) {
            // The keys may have been rotated by another process.
            Err(VaultError::UnknownKey) if self.reload()? => self.try_open(purpose, sealed),
            other => other,
        }
    }

    fn try_open(&self, purpose: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        if sealed.len() < HEAD || sealed[0] != VERSION {
            return Err(VaultError::Damaged);
        }
        let keys = self.0.keys.read().unwrap_or_else(|e| e.into_inner());
        let key = keys
            .iter()
            .find(|key| key.id == sealed[1..5])
            .ok_or(VaultError::UnknownKey)?;
        let payload = Payload {
            msg: &sealed[HEAD..],
            aad: purpose.as_bytes(),
        };
        let plain = key
            .cipher
            .decrypt(XNonce::from_slice(&sealed[5..HEAD]), payload)
            .map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| VaultError::Damaged)
    }

    /// Makes a new key that seals from now on; the older ones still open. Kept in the file.
    ///
    /// # Errors
    /// [`VaultError::File`]; a key from the environment cannot be changed from inside.
    pub fn add_key(&self) -> Result<(), VaultError> {
        let path = self.path()?;
        let mut keys = self.0.keys.write().unwrap_or_else(|e| e.into_inner());
        let fresh = Key::new(rand::random());
        let mut all = vec![fresh.bytes];
        all.extend(keys.iter().map(|key| key.bytes));
        write_keys(path, &all, true).map_err(|error| file_error(path, &error))?;
        keys.insert(0, fresh);
        Ok(())
    }

    /// Forgets all keys but the one that seals.
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub fn drop_old_keys(&self) -> Result<(), VaultError> {
        let path = self.path()?;
        let mut keys = self.0.keys.write().unwrap_or_else(|e| e.into_inner());
        let first = keys.first().expect("a vault has a key").bytes;
        write_keys(path, &[first], true).map_err(|error| file_error(path, &error))?;
        keys.truncate(1);
        Ok(())
    }

    /// Every key in hex, the one that seals first. For a backup that is asked to hold them.
    pub fn keys(&self) -> Vec<Secret> {
        let keys = self.0.keys.read().unwrap_or_else(|e| e.into_inner());
        let keys = keys.iter().map(|key| Secret::new(hex::encode(key.bytes)));
        keys.collect()
    }

    /// Adds keys of a backup to a key file, made where there is none: what the file's own keys
    /// sealed still opens, and what the backup's sealed does too.
    ///
    /// # Errors
    /// [`VaultError::File`]; [`VaultError::Damaged`] for what is no key.
    pub fn add_keys(path: &Path, keys: &[Secret]) -> Result<(), VaultError> {
        let mut all: Vec<[u8; 32]> = match path.exists() {
            true => read_keys(path)?.iter().map(|key| key.bytes).collect(),
            false => Vec::new(),
        };
        let before = all.len();
        for key in keys {
            let mut bytes = [0; 32];
            hex::decode_to_slice(key.expose(), &mut bytes).map_err(|_| VaultError::Damaged)?;
            if !all.contains(&bytes) {
                all.push(bytes);
            }
        }
        match all.len() > before {
            true => write_keys(path, &all, true).map_err(|error| file_error(path, &error)),
            false => Ok(()),
        }
    }

    fn path(&self) -> Result<&Path, VaultError> {
        self.0.file.as_deref().ok_or_else(|| {
            VaultError::File(
                PathBuf::from("MANYFIN_SECRET_KEY"),
                "the key comes from the environment; change it there".into(),
            )
        })
    }

    fn reload(&self) -> Result<bool, VaultError> {
        let Some(path) = &self.0.file else {
            return Ok(false);
        };
        let fresh = read_keys(path)?;
        *self.0.keys.write().unwrap_or_else(|e| e.into_inner()) = fresh;
        Ok(true)
    }
}

impl Key {
    fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::digest([b"manyfin key id".as_slice(), &bytes].concat());
        Self {
            id: [digest[0], digest[1], digest[2], digest[3]],
            cipher: XChaCha20Poly1305::new(&bytes.into()),
            bytes,
        }
    }
}

fn file_error(path: &Path, error: &dyn std::fmt::Display) -> VaultError {
    VaultError::File(path.to_owned(), error.to_string())
}

fn read_keys(path: &Path) -> Result<Vec<Key>, VaultError> {
    let text = fs::read_to_string(path).map_err(|error| file_error(path, &error))?;
    let mut keys = Vec::new();
    for line in text.split_whitespace() {
        let mut bytes = [0; 32];
        hex::decode_to_slice(line, &mut bytes)
            .map_err(|_| file_error(path, &"it must hold keys of 64 hex digits, one a line"))?;
        keys.push(Key::new(bytes));
    }
    if keys.is_empty() {
        return Err(file_error(path, &"it is empty"));
    }
    Ok(keys)
}

/// Writes beside the file and moves it there, so that a crash leaves the old file or the new one.
fn write_keys(path: &Path, keys: &[[u8; 32]], replace: bool) -> std::io::Result<()> {
    private::make_folder(path.parent().unwrap_or(Path::new("")))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    for key in keys {
        writeln!(file, "{}", hex::encode(key))?;
    }
    file.sync_all()?;
    if replace {
        fs::rename(&beside, path)
    } else {
        put_new(&beside, path, |beside, path| fs::hard_link(beside, path))
    }
}

/// Moves a file to where none may be yet, by a link.
pub(super) fn put_new(
    beside: &Path,
    path: &Path,
    link: impl Fn(&Path, &Path) -> std::io::Result<()>,
) -> std::io::Result<()> {
    match link(beside, path) {
        // A file system without links: the last of two first starts at once wins there.
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => fs::rename(beside, path),
        linked => {
            fs::remove_file(beside)?;
            linked
        }
    }
}
