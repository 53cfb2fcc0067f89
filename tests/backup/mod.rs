//! One archive of everything, and back, on either database.

mod front_door;
mod refusals;
mod tables;

use std::io::{Read, Write};
use std::path::Path;

use manyfin::config::Config;
use manyfin::db::Db;
use manyfin::model::Secret;

/// The configuration of an installation in `folder`.
fn config(folder: &Path, database: &str) -> Config {
    Config {
        data_dir: folder.to_path_buf(),
        database_url: Secret::new(database),
        secret_key_file: folder.join("secret.key"),
        ..Config::default()
    }
}

fn sqlite(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn open(database: &str) -> Db {
    Db::open(database).await.expect("the database opens")
}

/// Rewrites the lines of an archive; its checksum stays what it was.
fn edit(from: &Path, to: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut text = String::new();
    let file = std::fs::File::open(from).expect("the archive is there");
    let mut source = zstd::Decoder::new(file).expect("it is packed");
    source.read_to_string(&mut text).expect("it is text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let file = std::fs::File::create(to).expect("a file can be made");
    let mut sink = zstd::Encoder::new(file, 1).expect("it can be packed");
    for line in lines {
        writeln!(sink, "{line}").expect("it can be written");
    }
    sink.finish().expect("it ends");
}
