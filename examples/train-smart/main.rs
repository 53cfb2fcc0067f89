//! Learns the weights of `SMART`: `cargo run --release --example train-smart [-- --check]`.
//!
//! The data set is generated, the same one every time: a world of works (`world.rs`), described by
//! servers of different habits (`describe.rs`). The candidates that `SMART` would look at are
//! taken with their evidence, a logistic regression is fitted (`fit.rs`), and a second world, which was
//! not learned from, tells the curve. Writes `src/merge/smart/model.toml`; with `--check` it only
//! says whether that would change.

mod describe;
mod fit;
mod random;
mod words;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;

use describe::{Habits, describe};
use fit::{Seen, fit};
use manyfin::merge::OwnedCopies;
use manyfin::merge::smart::{Evidence, Model, Section, Statement, Weights, candidates, model};
use random::Random;
use world::{Work, albums, books, films, series};

const SEED: u64 = 20_261_123;
/// What a weight of one costs, in pairs.
const PENALTY: f64 = 2.0;
const SECTIONS: [(Section, &str); 3] = [
    (Section::Works, "works"),
    (Section::Episodes, "episodes"),
    (Section::Albums, "albums"),
];

/// Where a pair joins: chosen for precision, see `docs/merging.md`.
const THRESHOLD: f64 = 0.6;
/// Episodes of one day have the same people and dates: without the title little tells them apart.
const THRESHOLDS_OF_UNLIKE: [f64; 3] = [0.99, 0.9999, 0.99];

fn habits() -> [Habits; 3] {
    let dates = Habits {
        server: 1,
        day: 0.95,
        year: 0.5,
        number: 0.99,
        runtime: 0.25,
        people: 0.4,
        genres: 0.4,
        overview: 0.7,
        original: 0.4,
        in_original: 0.02,
        parts: 0,
        roman: false,
        tagged: 0.02,
        copied: 0.5,
    };
    let tagging = Habits {
        server: 2,
        runtime: 0.4,
        people: 0.3,
        genres: 0.3,
        overview: 0.8,
        original: 0.1,
        in_original: 0.03,
        parts: 2,
        roman: true,
        tagged: 0.15,
        copied: 0.6,
        ..dates
    };
    let bare = Habits {
        server: 3,
        day: 0.05,
        year: 0.98,
        number: 0.95,
        runtime: 0.8,
        people: 0.5,
        genres: 0.9,
        overview: 0.05,
        original: 0.5,
        in_original: 0.15,
        parts: 1,
        ..dates
    };
    [dates, tagging, bare]
}

/// How often each evidence was one work, and how often not.
type Counts = BTreeMap<Evidence, (u64, u64)>;

fn world(seed: u64) -> Vec<Work> {
    let random = &mut Random::new(seed);
    let mut works = films(6_000, random);
    works.extend(series(20_000, random));
    works.extend(books(1_500, random));
    works.extend(albums(4_000, random));
    works
}

/// Three servers, each of which holds a part of the world.
fn observe(seed: u64) -> [Counts; 3] {
    let works = world(seed);
    let random = &mut Random::new(seed ^ 0x5eed);
    let mut copies = OwnedCopies::default();
    let mut work_of = Vec::new();
    for habits in habits() {
        for (at, work) in works.iter().enumerate() {
            let part = work.series.unwrap_or(at) as u64 * 3 + habits.server as u64;
            let held = Random::new(part ^ seed).chance(0.6) && random.chance(0.8);
            // A second copy: most often a film in a library of its own for its resolution.
            let twice = if work.season == 0 { 0.04 } else { 0.01 };
            let times = if held {
                1 + usize::from(random.chance(twice))
            } else {
                0
            };
            for _ in 0..times {
                copies
                    .rows
                    .push(describe(work, copies.rows.len(), &habits, random));
                work_of.push(at);
            }
        }
    }
    let mut counts: [Counts; 3] = Default::default();
    for (left, right, section, evidence) in candidates(&copies) {
        let entry = counts[section as usize].entry(evidence).or_default();
        if work_of[left as usize] == work_of[right as usize] {
            entry.0 += 1;
        } else {
            entry.1 += 1;
        }
    }
    counts
}

fn learn(counts: &Counts, threshold_of_unlike: f64) -> Weights {
    let seen: Vec<Seen> = counts
        .iter()
        .map(|(evidence, (one, two))| Seen {
            statements: evidence.statements().map(|s| s as usize).collect(),
            one_work: *one as f64,
            count: (*one + *two) as f64,
        })
        .collect();
    let (bias, weights) = fit(&seen, Statement::ALL.len(), PENALTY);
    // Two digits are enough, and the same on every machine.
    let rounded = |weight: f64| (weight * 100.0).round() / 100.0;
    let named = Statement::ALL.iter().zip(&weights);
    Weights {
        threshold: THRESHOLD,
        threshold_of_unlike,
        bias: rounded(bias),
        weights: named
            .map(|(statement, weight)| (statement.name().to_owned(), rounded(*weight)))
            .filter(|(_, weight)| *weight != 0.0)
            .collect(),
    }
}

/// Precision and recall among the candidates, by threshold.
fn curve(name: &str, counts: &Counts, weights: &Weights) {
    let all: u64 = counts.values().map(|(one, _)| one).sum();
    println!(
        "{name}: {} pairs, {all} of one work",
        counts.values().map(|c| c.0 + c.1).sum::<u64>()
    );
    for threshold in [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99] {
        let (mut right, mut wrong) = (0, 0);
        for (evidence, (one, two)) in counts {
            if weights.probability(*evidence) >= threshold {
                right += one;
                wrong += two;
            }
        }
        println!(
            "  {threshold:.2}: precision {:.4} recall {:.4}",
            right as f64 / (right + wrong) as f64,
            right as f64 / all as f64
        );
    }
    let joined = counts
        .iter()
        .filter(|(evidence, _)| weights.joins(**evidence));
    let (right, wrong) = joined.fold((0, 0), |sum, (_, (one, two))| (sum.0 + one, sum.1 + two));
    println!(
        "  as set: precision {:.4} recall {:.4}",
        right as f64 / (right + wrong) as f64,
        right as f64 / all as f64
    );
}

fn main() -> ExitCode {
    let mut counts: [Counts; 3] = Default::default();
    for round in 0..3 {
        for (all, part) in counts.iter_mut().zip(observe(SEED + round)) {
            for (evidence, (one, two)) in part {
                let entry = all.entry(evidence).or_default();
                entry.0 += one;
                entry.1 += two;
            }
        }
    }
    let [works, episodes, albums] = &counts;
    let learned = Model {
        works: learn(works, THRESHOLDS_OF_UNLIKE[0]),
        episodes: learn(episodes, THRESHOLDS_OF_UNLIKE[1]),
        albums: learn(albums, THRESHOLDS_OF_UNLIKE[2]),
    };
    let unseen = observe(SEED + 100);
    for ((section, name), weights) in
        SECTIONS
            .iter()
            .zip([&learned.works, &learned.episodes, &learned.albums])
    {
        curve(name, &unseen[*section as usize], weights);
    }
    if learned == *model() {
        println!("src/merge/smart/model.toml is what was learned");
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|argument| argument == "--check") {
        eprintln!("src/merge/smart/model.toml is not what would be learned");
        return ExitCode::FAILURE;
    }
    let text = format!(
        "# What each statement is worth: learned by `cargo run --release --example train-smart`, seed {SEED}.\n\
         # A pair's logit is the bias and the weights of what holds; `docs/merging.md` explains them.\n\n{}",
        toml::to_string(&learned).expect("numbers and names")
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/merge/smart/model.toml");
    if let Err(error) = std::fs::write(path, text) {
        eprintln!("cannot write {path}: {error}");
        return ExitCode::FAILURE;
    }
    println!("wrote {path}");
    ExitCode::SUCCESS
}
