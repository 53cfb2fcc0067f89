//! The recorded answers of three real Jellyfin servers (`tests/fixtures/recorded`).
//!
//! One exchange a line; its README is `tests/fixtures/README.md`.

#![allow(dead_code, reason = "no subject reads every part of an exchange")]

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The servers by number: Attic (12.0.0), Basement (10.11.11), Cottage (12.0.0).
pub const SERVERS: [usize; 3] = [0, 1, 2];

/// The families of exchanges, in the order in which they were recorded.
pub const FAMILIES: [&str; 10] = [
    "system", "auth", "views", "lists", "details", "shows", "images", "playback", "watch", "delta",
];

/// The users of every server and what each of them types.
pub const USERS: [(&str, &str); 3] = [("admin", "admin"), ("alice", "alice-pw"), ("bob", "bob-pw")];

/// One line of a family.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    pub family: String,
    pub name: String,
    /// Whose token went along; `nobody`: none.
    #[serde(rename = "as")]
    pub caller: String,
    pub request: Request,
    pub response: Response,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// A JSON value; a text stands for itself, byte for byte.
    #[serde(default)]
    pub body: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    pub status: u16,
    #[serde(default)]
    pub headers: Map<String, Value>,
    #[serde(default)]
    pub body: Option<Value>,
    #[serde(default)]
    pub text: Option<String>,
    /// Length, SHA-256 and first bytes of what is not text.
    #[serde(default)]
    pub bytes: Option<Value>,
}

/// One line of `delta` is no exchange but what was done to the server's folder.
#[derive(Debug, Clone, Deserialize)]
pub struct FolderChange {
    pub added: String,
    pub removed: String,
    pub renamed: String,
}

/// A step of a family.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Step {
    Exchange(Box<Exchange>),
    Folder(FolderChange),
}

/// The folder of the recordings.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded")
}

/// The text of one compressed file.
pub fn text(path: &str) -> String {
    let path = folder().join(path);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let bytes = zstd::decode_all(packed.as_slice()).expect("a zstd file");
    String::from_utf8(bytes).expect("UTF-8")
}

/// Every line of a file of a server, as JSON.
pub fn lines(server: usize, file: &str) -> Vec<Value> {
    text(&format!("server-{server}/{file}.jsonl.zst"))
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// The steps of one family, in order.
pub fn family(server: usize, family: &str) -> Vec<Step> {
    lines(server, family)
        .into_iter()
        .map(|line| serde_json::from_value(line).expect("a step"))
        .collect()
}

/// The exchanges of one family, without the folder changes of `delta`.
pub fn exchanges(server: usize, name: &str) -> Vec<Exchange> {
    family(server, name)
        .into_iter()
        .filter_map(|step| match step {
            Step::Exchange(exchange) => Some(*exchange),
            Step::Folder(_) => None,
        })
        .collect()
}

/// Every file of the recordings, relative to their folder.
pub fn files() -> Vec<String> {
    let mut files = vec![
        "truth.json.zst".to_owned(),
        "web-session.jsonl.zst".to_owned(),
    ];
    for server in SERVERS {
        let name = format!("server-{server}");
        for entry in std::fs::read_dir(folder().join(&name)).expect("a folder of a server") {
            let file = entry.expect("an entry").file_name();
            files.push(format!("{name}/{}", file.to_string_lossy()));
        }
    }
    files.sort();
    files
}
