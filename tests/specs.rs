//! Runs `tests/specs/*.md`: copies on servers in, items out. `tests/specs/README.md` tells the form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use manyfin::merge::{Decisions, Grouping, OwnedCopies, OwnedCopy, Scope, Strategy, extend, group};
use manyfin::model::{ItemKind, ServerKey, UpstreamId};
use uuid::Uuid;

#[test]
fn every_spec_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("tests/specs") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.extension().is_none_or(|e| e != "md") || name == "README" {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&path).expect("a readable spec");
        let result = std::panic::catch_unwind(|| Spec::parse(&text).check());
        match result {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => failures.push(format!("{name}: {problem}")),
            Err(_) => failures.push(format!("{name}: cannot be read (see above)")),
        }
    }
    assert!(count >= 60, "only {count} specs");
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[derive(Default)]
struct Spec {
    labels: Vec<String>,
    copies: OwnedCopies,
    scopes: Vec<Scope>,
    own_scopes: Vec<Scope>,
    decisions: Decisions,
    items: BTreeSet<Vec<String>>,
    own_items: Option<BTreeSet<Vec<String>>>,
    joined_by: BTreeMap<Vec<String>, BTreeSet<String>>,
    conflicts: BTreeSet<String>,
}

type Row = BTreeMap<String, String>;

impl Spec {
    fn parse(text: &str) -> Self {
        let mut spec = Self::default();
        let sections = sections(text);
        let section = |name: &str| sections.get(name).map(String::as_str).unwrap_or_default();
        let rows = table(section("copies"));
        let column = |name: &str| -> BTreeSet<String> {
            rows.iter()
                .filter_map(|row| row.get(name).cloned())
                .collect()
        };
        spec.labels = rows.iter().map(|row| row["copy"].clone()).collect();
        let server = |label: &str| label.split('/').next().unwrap_or_default().to_owned();
        let servers: BTreeSet<String> = spec.labels.iter().map(|l| server(l)).collect();
        let ordered: BTreeSet<String> = column("copy");
        // A copy lies in the library `library`, or in the one named as its server.
        let library = |row: &Row| {
            row.get("library")
                .cloned()
                .unwrap_or_else(|| server(&row["copy"]))
        };
        let libraries: Vec<String> = rows
            .iter()
            .map(library)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let at = |set: &BTreeSet<String>, label: &str| {
            set.iter().position(|l| l == label).expect("known") as u128 + 1
        };
        let place = |label: &str| -> u32 {
            spec.labels
                .iter()
                .position(|l| l == label)
                .unwrap_or_else(|| panic!("no copy {label}")) as u32
        };
        for row in &rows {
            let kind: ItemKind = row
                .get("kind")
                .map_or("Movie", String::as_str)
                .parse()
                .expect("kind");
            let label = &row["copy"];
            let mut copy = OwnedCopy::new(
                ServerKey(Uuid::from_u128(at(&servers, &server(label)))),
                UpstreamId(Uuid::from_u128(at(&ordered, label))),
                kind,
                row.get("name").cloned().unwrap_or_default(),
            );
            let number = |name: &str| row.get(name).map(|n| n.parse::<i32>().expect("a number"));
            copy.original_title = row.get("original").cloned();
            copy.year = number("year");
            copy.premiere_day = row.get("date").map(|date| {
                let date: chrono::NaiveDate = date.parse().expect("a date");
                (date - chrono::NaiveDate::default()).num_days() as i32
            });
            copy.season = number("season").or(number("disc"));
            copy.episode = number("episode").or(number("track"));
            copy.episode_end = number("end");
            copy.series = row.get("series").map(|label| place(label));
            copy.album = row.get("album").map(|label| place(label));
            copy.artist = row.get("artist").cloned();
            copy.runtime_ticks = number("minutes").map(|m| i64::from(m) * 600_000_000);
            let library = library(row);
            copy.library = libraries
                .iter()
                .position(|l| *l == library)
                .map(|l| l as u32);
            let list = |name: &str| -> Vec<String> {
                let cell = row.get(name).map(String::as_str).unwrap_or_default();
                cell.split(',')
                    .map(|s| s.trim().to_owned())
                    .filter(|s| !s.is_empty())
                    .collect()
            };
            copy.people = list("people");
            copy.genres = list("genres");
            copy.overview = row.get("overview").cloned();
            copy.provider_ids = list("ids")
                .iter()
                .map(|id| id.split_once(' ').unwrap_or((id, "")))
                .map(|(provider, id)| (provider.to_owned(), id.to_owned()))
                .collect();
            spec.copies.rows.push(copy);
        }
        let scopes = |text: &str| -> Vec<Scope> {
            let rows = table(text);
            rows.iter()
                .map(|row| Scope {
                    strategy: row["strategy"].parse().expect("a strategy"),
                    libraries: row["sources"]
                        .split(',')
                        .map(|l| {
                            libraries
                                .iter()
                                .position(|have| have == l.trim())
                                .expect("a library") as u32
                        })
                        .collect(),
                })
                .collect()
        };
        spec.scopes = scopes(section("libraries"));
        spec.own_scopes = scopes(section("own libraries"));
        if spec.scopes.is_empty() {
            let all = (0..libraries.len() as u32).collect();
            spec.scopes = vec![Scope {
                strategy: Strategy::ProviderIds,
                libraries: all,
            }];
        }
        for line in bullets(section("decisions")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let pair = (place(words[1]), place(words[2]));
            match words[0] {
                "join" => spec.decisions.joined.push(pair),
                "never" => spec.decisions.never.push(pair),
                other => panic!("no decision `{other}`"),
            }
        }
        for line in bullets(section("items")) {
            let (item, by) = line
                .split_once(" by ")
                .map_or((line, None), |(i, by)| (i, Some(by)));
            let item = labels(item);
            if let Some(by) = by {
                let keys = by.split(',').map(|key| key.trim().to_owned()).collect();
                spec.joined_by.insert(item.clone(), keys);
            }
            spec.items.insert(item);
        }
        spec.own_items = sections
            .get("items for the owner")
            .map(|text| bullets(text).map(labels).collect());
        spec.conflicts = bullets(section("conflicts")).map(str::to_owned).collect();
        spec
    }

    fn check(&self) -> Result<(), String> {
        let len = self.labels.len() as u32;
        let forward: Vec<u32> = (0..len).collect();
        let backward: Vec<u32> = (0..len).rev().collect();
        let turned: Vec<u32> = (0..len).map(|at| (at + len / 2) % len.max(1)).collect();
        for order in [forward, backward, turned] {
            self.check_in(&order)?;
        }
        Ok(())
    }

    /// The same copies held in another order.
    fn check_in(&self, order: &[u32]) -> Result<(), String> {
        let moved = |at: u32| order.iter().position(|o| *o == at).expect("a permutation") as u32;
        let rows = order.iter().map(|at| {
            let mut row = self.copies.rows[*at as usize].clone();
            row.series = row.series.map(moved);
            row.album = row.album.map(moved);
            row
        });
        let copies = OwnedCopies {
            rows: rows.collect(),
            unknown_is_video: true,
        };
        let pairs =
            |pairs: &[(u32, u32)]| pairs.iter().map(|(a, b)| (moved(*a), moved(*b))).collect();
        let decisions = Decisions {
            joined: pairs(&self.decisions.joined),
            never: pairs(&self.decisions.never),
        };
        let label = |at: u32| self.labels[order[at as usize] as usize].clone();
        let items = |grouping: &Grouping| -> BTreeSet<Vec<String>> {
            let sorted = grouping.groups().map(|group| {
                let mut labels: Vec<String> = group.iter().map(|at| label(*at)).collect();
                labels.sort();
                labels
            });
            sorted.collect()
        };
        let grouping = group(&copies, &self.scopes, &decisions);
        same("items", &self.items, &items(&grouping))?;
        let conflicts: BTreeSet<String> = grouping
            .conflicts()
            .iter()
            .map(|c| {
                let what = c.ids.as_ref().map_or("number or hand".to_owned(), |ids| {
                    format!("{} {} {}", ids.provider, ids.left, ids.right)
                });
                let outcome = if c.joined { "joined" } else { "apart" };
                format!("{} {}: {what} ({outcome})", label(c.left), label(c.right))
            })
            .collect();
        same("conflicts", &self.conflicts, &conflicts)?;
        for group in 0..grouping.len() as u32 {
            let mut members: Vec<String> =
                grouping.members(group).iter().map(|m| label(*m)).collect();
            members.sort();
            if let Some(wanted) = self.joined_by.get(&members) {
                let keys: BTreeSet<String> = grouping
                    .joins(group)
                    .iter()
                    .map(|j| grouping.describe(j, &copies))
                    .collect();
                same("keys", wanted, &keys)?;
            }
        }
        if let Some(own) = &self.own_items {
            let mine = extend(&copies, &grouping, &self.own_scopes, &decisions);
            same("items for the owner", own, &items(&mine))?;
        }
        Ok(())
    }
}

fn same<T: std::fmt::Debug + PartialEq>(what: &str, wanted: &T, got: &T) -> Result<(), String> {
    if wanted == got {
        Ok(())
    } else {
        Err(format!("{what}\n  wanted {wanted:?}\n  got    {got:?}"))
    }
}

/// `## Heading` in lower case to its text.
fn sections(text: &str) -> BTreeMap<String, String> {
    text.split("\n## ")
        .skip(1)
        .filter_map(|part| part.split_once('\n'))
        .map(|(heading, body)| (heading.trim().to_lowercase(), body.to_owned()))
        .collect()
}

fn bullets(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("- "))
        .map(str::trim)
}

fn labels(text: &str) -> Vec<String> {
    let mut labels: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    labels.sort();
    labels
}

/// A Markdown table as rows by heading; an empty cell is absent.
fn table(text: &str) -> Vec<Row> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let Some(heading) = lines.next().map(cells) else {
        return Vec::new();
    };
    lines
        .skip(1)
        .map(|line| {
            heading
                .iter()
                .cloned()
                .zip(cells(line))
                .filter(|(_, c)| !c.is_empty())
                .collect()
        })
        .collect()
}
