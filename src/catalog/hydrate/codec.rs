//! A body as it is kept: without what is one account's, compressed.

use super::readable::clean;
use crate::wire::Body;

/// What differs by account, or is counted over what an account may see: Manyfin says it itself.
const OF_AN_ACCOUNT: &[&str] = &[
    "UserData",
    "CanDelete",
    "CanDownload",
    "PlayAccess",
    "ChildCount",
    "RecursiveItemCount",
    "AlbumCount",
    "ArtistCount",
    "EpisodeCount",
    "MovieCount",
    "MusicVideoCount",
    "ProgramCount",
    "SeriesCount",
    "SongCount",
    "TrailerCount",
];

/// Fast, and a fifth of the text.
const LEVEL: i32 = 3;
/// No body of an item is larger unpacked.
const MAX_BYTES: usize = 32 << 20;

/// Takes out what is one account's, and what no client can read.
pub fn strip(body: &Body) -> Body {
    let mut body: Body = body
        .iter()
        .filter(|(key, _)| !OF_AN_ACCOUNT.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    clean(&mut body);
    body
}

/// The form in memory and in the database.
pub fn pack(body: &Body) -> Vec<u8> {
    let text = serde_json::to_vec(body).expect("a JSON object is written as JSON");
    zstd::bulk::compress(&text, LEVEL).expect("memory takes what is compressed")
}

/// Reads the form in the database; nothing when it is damaged.
pub fn unpack(packed: &[u8]) -> Option<Body> {
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(MAX_BYTES);
    let text = zstd::bulk::decompress(packed, size.min(MAX_BYTES)).ok()?;
    let mut body = serde_json::from_slice(&text).ok()?;
    // It may have been kept by a version that took all.
    clean(&mut body);
    Some(body)
}
