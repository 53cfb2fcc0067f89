//! Runs `tests/specs/whole/*.md`: what people see of merged libraries, step by step, through the front
//! door. `tests/specs/README.md` tells the form.

mod bodies;
mod checks;
mod deeds;
mod held;
mod spec;
mod told;
mod world;

use std::path::{Path, PathBuf};

use futures::StreamExt;

use crate::support::gateway::on_postgres;
use spec::{Section, Spec};
use world::World;

/// How many worlds live at once.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_spec_holds_on_sqlite() {
    let runs = specs().into_iter().map(|(name, spec)| async move {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = format!("sqlite://{}/test.db", folder.path().display());
        (name, run(&spec, &database).await)
    });
    told(runs.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn specs_of_what_is_stored_hold_on_postgres() {
    let stored = |(_, spec): &(String, Spec)| {
        spec.sections.iter().any(|section| {
            section
                .bullets
                .iter()
                .any(|line| line == "Manyfin restarts")
        })
    };
    let runs = specs()
        .into_iter()
        .filter(stored)
        .map(|(name, spec)| async move {
            let mut result = Ok(());
            on_postgres(async |url| result = run(&spec, &url).await).await;
            (name, result)
        });
    told(runs.collect()).await;
}

fn specs() -> Vec<(String, Spec)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs/whole");
    let only = std::env::var("SPEC").unwrap_or_default();
    let entries = std::fs::read_dir(folder).expect("tests/specs/whole");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = paths.iter().filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let text = std::fs::read_to_string(path).expect("a readable spec");
        name.contains(&only).then(|| (name, Spec::parse(&text)))
    });
    read.collect()
}

async fn told(runs: Vec<impl Future<Output = (String, Result<(), String>)>>) {
    let count = runs.len();
    let mut results = futures::stream::iter(runs).buffer_unordered(AT_ONCE);
    let mut failures = Vec::new();
    while let Some((name, result)) = results.next().await {
        failures.extend(result.err().map(|problem| format!("{name}: {problem}")));
    }
    failures.sort();
    assert!(count > 0, "there are no specs");
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Does and checks what the sections say, in their order.
async fn run(spec: &Spec, database: &str) -> Result<(), String> {
    let mut world = World::set(spec, database).await?;
    let mut checked = false;
    for section in &spec.sections {
        let result = step(&mut world, section).await;
        checked |= result.map_err(|problem| format!("{}: {problem}", section.heading))?;
    }
    match checked {
        true => Ok(()),
        false => Err("it checks nothing".to_owned()),
    }
}

/// Whether it was a check.
async fn step(world: &mut World, section: &Section) -> Result<bool, String> {
    let word = section
        .heading
        .split_whitespace()
        .next()
        .unwrap_or_default();
    match word.to_lowercase().as_str() {
        // What the world was made of.
        "copies" | "libraries" => return Ok(false),
        "when" => {
            for line in &section.bullets {
                deeds::does(world, line)
                    .await
                    .map_err(|problem| format!("{line}: {problem}"))?;
            }
            world.settle().await?;
            return Ok(false);
        }
        "items" => checks::items(world, section).await?,
        "listed" => checks::listed(world, section).await?,
        "ids" => checks::ids(world, section)?,
        "opens" => checks::opens(world, section).await?,
        "shown" => checks::shown(world, section).await?,
        "order" => checks::order(world, section).await?,
        "played" => checks::played(world, section).await?,
        "held" => held::held(world, section).await?,
        "found" => held::found(world, section).await?,
        "scores" => checks::scores(world, section).await?,
        "why" => checks::why(world, section).await?,
        "decided" => told::decided(world, section).await?,
        "conflicts" => told::conflicts(world, section).await?,
        "previewed" => told::previewed(world, section).await?,
        "calls" => checks::calls(world, section).await?,
        _ => return Err("no such section".to_owned()),
    }
    Ok(true)
}
