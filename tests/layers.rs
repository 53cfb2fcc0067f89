//! Imports point down only, and some things belong to one layer alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the top down; members of one row do not import each other.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["app"],
    &["server", "demo"],
    &["web", "rest", "graphql", "stream"],
    &["catalog"],
    &["accounts"],
    &["merge", "jellyfin", "db"],
    // `wire` writes with the ids and kinds of `model`.
    &["wire"],
    &["model"],
    &["error", "clock", "hear", "splice", "telemetry"],
    &["config"],
];

/// The one file through which the Jellyfin side reaches the schema.
const BRIDGE: (&str, &str, &str) = ("rest", "engine.rs", "graphql");

#[test]
fn imports_point_down() {
    let mut upward = Vec::new();
    for source in sources() {
        for target in source.imports() {
            if !allowed(&source, &target) {
                upward.push(format!("{} imports {target}", source.name()));
            }
        }
    }
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    for source in sources() {
        let module = source.module();
        assert!(
            module == "lib" || layer(&module).is_some(),
            "{module} stands in no layer"
        );
    }
}

#[test]
fn only_jellyfin_sends_upstream() {
    let clients = [
        "reqwest",
        "tokio_tungstenite",
        "hyper::client",
        "hyper_util::client",
        "hyper_rustls",
    ];
    assert_only("jellyfin", &clients);
}

#[test]
fn only_db_imports_diesel() {
    assert_only("db", &["diesel", "diesel_async", "diesel_migrations"]);
}

#[test]
fn merge_does_no_io_and_waits_for_nothing() {
    for source in sources()
        .into_iter()
        .filter(|source| source.module() == "merge")
    {
        for word in [
            "tokio",
            "async fn",
            ".await",
            "std::fs",
            "std::net",
            "futures::",
        ] {
            assert!(!source.code.contains(word), "{} uses {word}", source.name());
        }
    }
}

fn assert_only(owner: &str, crates: &[&str]) {
    for source in sources()
        .into_iter()
        .filter(|source| source.module() != owner && !source.is_test())
    {
        for name in crates {
            assert!(
                !source.code.contains(&format!("{name}::")),
                "{} uses {name}, which is {owner}'s",
                source.name()
            );
        }
    }
}

fn allowed(source: &Source, target: &str) -> bool {
    let from = source.module();
    if from == target || from == "lib" {
        return true;
    }
    if (from.as_str(), source.file_name().as_str(), target) == BRIDGE {
        return true;
    }
    match (layer(&from), layer(target)) {
        // The demo stands beside `server` and knows only Jellyfin's words.
        (Some(_), Some(below)) if from == "demo" => below >= layer("wire").expect("a layer"),
        (Some(_), Some(_)) if target == "demo" => ["app", "cli", "main"].contains(&from.as_str()),
        (Some(above), Some(below)) => above < below,
        _ => false,
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

struct Source {
    /// Relative to `src`.
    path: PathBuf,
    /// Without comments.
    code: String,
}

impl Source {
    fn name(&self) -> String {
        format!("src/{}", self.path.display())
    }

    fn file_name(&self) -> String {
        self.path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned()
    }

    /// The module at the top of the crate that the file belongs to.
    fn module(&self) -> String {
        let first = self.path.components().next().expect("a path");
        let first = Path::new(first.as_os_str());
        first
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    }

    /// Unit tests may play a client of their own.
    fn is_test(&self) -> bool {
        let mut parts = self.path.components().map(|part| part.as_os_str());
        let named = self.path.to_string_lossy().ends_with("_tests.rs");
        named || parts.any(|part| part == "tests.rs" || part == "tests")
    }

    /// The modules named after `crate::`, in a path or in braces.
    fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, mark) in self.code.match_indices("crate::") {
            let rest = &self.code[at + mark.len()..];
            match rest.strip_prefix('{') {
                None => found.insert(word(rest)),
                Some(group) => {
                    found.extend(group_heads(group));
                    true
                }
            };
        }
        // What macros name by `$crate` is the macro's own affair; words that are no module are
        // items of the crate's root, of which there are none.
        found.retain(|name| !name.is_empty());
        found
    }
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// `{model::{A, B}, wire::Body}` names `model` and `wire`.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = vec![word(group.trim_start())];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    heads
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let code = text
                    .lines()
                    .map(|line| line.split("//").next().unwrap_or_default())
                    .collect::<Vec<_>>()
                    .join("\n");
                sources.push(Source {
                    path: path.strip_prefix(&root).expect("below src").to_path_buf(),
                    code,
                });
            }
        }
    }
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

#[test]
fn the_reader_sees_what_it_should() {
    let source = |path: &str, code: &str| Source {
        path: path.into(),
        code: code.into(),
    };
    let demo = source("demo/mod.rs", "use crate::{model::{A, B}, catalog::C};");
    assert_eq!(
        demo.imports(),
        ["catalog".to_owned(), "model".to_owned()].into()
    );
    assert!(allowed(&demo, "model") && !allowed(&demo, "catalog"));
    assert!(allowed(&source("cli.rs", ""), "demo"));
    assert!(allowed(&source("rest/engine.rs", ""), "graphql"));
    assert!(!allowed(&source("rest/items.rs", ""), "graphql"));
    assert!(!allowed(&source("db/pool.rs", ""), "jellyfin"));
    assert!(!allowed(&source("config/mod.rs", ""), "model"));
    assert!(!allowed(&source("catalog/mod.rs", ""), "nowhere"));
}
