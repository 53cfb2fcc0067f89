//! A kept picture as a file: when it was last found to be current, a checksum, what is told of it, its bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The last byte is the version of the form.
const MAGIC: [u8; 8] = *b"mfpict\0\x01";
const CHECKED_AT: usize = MAGIC.len();
const DIGEST: usize = CHECKED_AT + size_of::<i64>();
const META_LENGTH: usize = DIGEST + 32;
const META: usize = META_LENGTH + size_of::<u32>();

/// A picture and what its server said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(in crate::stream) content_type: HeaderValue,
    pub(in crate::stream) etag: Option<HeaderValue>,
    pub(in crate::stream) last_modified: Option<HeaderValue>,
    pub(in crate::stream) bytes: Bytes,
}

/// A picture that was read, and when its server was last asked about it, milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) picture: Picture,
    pub(super) checked_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Meta {
    content_type: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Picture {
    /// What stands before the bytes; none for headers that are no text.
    fn meta(&self) -> Option<Vec<u8>> {
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
        let meta = Meta {
            content_type: text(&self.content_type)?,
            etag: self.etag.as_ref().and_then(text),
            last_modified: self.last_modified.as_ref().and_then(text),
        };
        serde_json::to_vec(&meta).ok()
    }

    /// Writes the file's whole content; gives its length.
    pub(super) fn write(&self, file: &mut impl Write, checked_at: i64) -> io::Result<u64> {
        let meta = self.meta().ok_or(io::ErrorKind::InvalidData)?;
        let length = u32::try_from(meta.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let length = length.to_le_bytes();
        let digest = Sha256::new()
            .chain_update(length)
            .chain_update(&meta)
            .chain_update(&self.bytes)
            .finalize();
        file.write_all(&MAGIC)?;
        file.write_all(&checked_at.to_le_bytes())?;
        file.write_all(&digest)?;
        file.write_all(&length)?;
        file.write_all(&meta)?;
        file.write_all(&self.bytes)?;
        Ok((META + meta.len() + self.bytes.len()) as u64)
    }
}

/// Reads a file; none when it is not whole, or not as it was written.
pub(super) fn read(mut file: &File) -> io::Result<Option<Kept>> {
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(parse(Bytes::from(content)))
}

fn parse(content: Bytes) -> Option<Kept> {
    if content.len() < META || content[..CHECKED_AT] != MAGIC {
        return None;
    }
    if *Sha256::digest(&content[META_LENGTH..]) != content[DIGEST..META_LENGTH] {
        return None;
    }
    let checked_at = i64::from_le_bytes(content[CHECKED_AT..DIGEST].try_into().ok()?);
    let length = u32::from_le_bytes(content[META_LENGTH..META].try_into().ok()?);
    let bytes_at = META.checked_add(usize::try_from(length).ok()?)?;
    let meta: Meta = serde_json::from_slice(content.get(META..bytes_at)?).ok()?;
    let value = |text: String| HeaderValue::from_str(&text).ok();
    Some(Kept {
        picture: Picture {
            content_type: value(meta.content_type)?,
            etag: meta.etag.and_then(value),
            last_modified: meta.last_modified.and_then(value),
            bytes: content.slice(bytes_at..),
        },
        checked_at,
    })
}

/// Notes when the server was asked last; the checksum does not cover it, so that this is one small write.
pub(super) fn set_checked_at(path: &Path, checked_at: i64) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(CHECKED_AT as u64))?;
    file.write_all(&checked_at.to_le_bytes())
}
