//! Builds the web pages in `web/` by npm when their output is missing or old, and gathers the
//! documents that the gateway shows at `/docs/`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fmt::Write as _};

/// What the pages are made from, below `web/`.
const SOURCES: [&str; 8] = [
    "src",
    "index.html",
    "graphiql.html",
    "docs.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.mjs",
];
/// Vite needs this one or newer.
const NODE: (u32, u32) = (20, 19);

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the folder"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MANYFIN_SKIP_WEB");
    if let Err(problem) = documents(&root).and_then(|()| pages(&root.join("web"))) {
        for line in problem.lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Builds the pages if they are not those that the sources make.
fn pages(web: &Path) -> Result<(), String> {
    if env::var_os("MANYFIN_SKIP_WEB").is_some_and(|value| !value.is_empty() && value != "0") {
        println!("cargo::warning=MANYFIN_SKIP_WEB is set: this build may lack the web pages");
        return Ok(());
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let stamp = web.join("dist/.stamp");
    println!("cargo::rerun-if-changed={}", stamp.display());
    if is_current(&stamp, web)? {
        return Ok(());
    }
    // Two builds of one folder (an editor's and a person's) must not run npm into each other.
    let lock = File::create(web.join(".build-lock")).map_err(|error| say("web", &error))?;
    lock.lock().map_err(|error| say("web", &error))?;
    if is_current(&stamp, web)? {
        return Ok(());
    }
    check_node()?;
    let installed = web.join("node_modules/.manyfin-lock");
    let wanted = digest(&[web.join("package-lock.json")])?;
    if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        npm(web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        fs::write(&installed, wanted).map_err(|error| say("node_modules", &error))?;
    }
    npm(web, &["run", "build"])?;
    fs::write(&stamp, inputs(web)?).map_err(|error| say("web/dist", &error))?;
    // Cargo would take a file written by this very run for a change, and build again.
    File::options()
        .write(true)
        .open(&stamp)
        .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH))
        .map_err(|error| say("web/dist", &error))
}

fn is_current(stamp: &Path, web: &Path) -> Result<bool, String> {
    let wanted = inputs(web)?;
    Ok(fs::read_to_string(stamp).is_ok_and(|found| found == wanted))
}

fn inputs(web: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    for source in SOURCES {
        walk(&web.join(source), &mut files).map_err(|error| say(source, &error))?;
    }
    digest(&files)
}

/// A fingerprint of names and contents: times say nothing after a checkout.
fn digest(files: &[PathBuf]) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        fs::read(file)
            .map_err(|error| say(&file.display().to_string(), &error))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files below a path, in a stable order.
fn walk(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        entries.sort();
        entries.iter().try_for_each(|entry| walk(entry, files))
    } else {
        files.push(path.to_owned());
        Ok(())
    }
}

fn check_node() -> Result<(), String> {
    let answer = Command::new("node").arg("--version").output();
    let version = match &answer {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout),
        _ => {
            return Err(format!(
                "Manyfin's web pages are built with Node.js, and `node` was not found.\n\
                 Install Node.js {}.{} or newer (https://nodejs.org), or set MANYFIN_SKIP_WEB=1 \
                 to build the gateway without its pages.",
                NODE.0, NODE.1
            ));
        }
    };
    let mut parts = version.trim().trim_start_matches('v').split('.');
    let mut part = || parts.next().and_then(|part| part.parse::<u32>().ok());
    let found = (part().unwrap_or(0), part().unwrap_or(0));
    if found < NODE {
        return Err(format!(
            "Manyfin's web pages need Node.js {}.{} or newer; `node` here is {}.",
            NODE.0,
            NODE.1,
            version.trim()
        ));
    }
    Ok(())
}

fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let command = format!("npm {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(web)
        .output()
        .map_err(|error| format!("`{command}` could not be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "`{command}` in web/ failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Writes the list of documents (path below the repository, content) for `src/web/docs.rs`.
fn documents(root: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for source in ["README.md", "CHANGELOG.md", "docs"] {
        let path = root.join(source);
        // Cargo runs this script every time for a watched file that does not exist.
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
            walk(&path, &mut files).map_err(|error| say(source, &error))?;
        }
    }
    let mut list = BTreeMap::new();
    for file in files {
        let shown = matches!(
            file.extension().and_then(|extension| extension.to_str()),
            Some("md" | "svg" | "png")
        );
        if let (true, Ok(name)) = (shown, file.strip_prefix(root)) {
            list.insert(name.to_string_lossy().replace('\\', "/"), file);
        }
    }
    let mut code = String::from("&[\n");
    for (name, file) in list {
        let file = file.display().to_string();
        writeln!(code, "    ({name:?}, include_bytes!({file:?})),").expect("writing to a text");
    }
    code.push(']');
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    fs::write(target.join("documents.rs"), code).map_err(|error| say("documents", &error))
}

fn say(what: &str, error: &std::io::Error) -> String {
    format!("{what}: {error}")
}
