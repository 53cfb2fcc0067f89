//! `SMART`: what ids and names left apart, joined where all that is known speaks for it.
//!
//! Pairs that share a *block* (`blocks`) are candidates. Of each the *evidence* is taken: a list of
//! statements that hold (`evidence`). A small *model* (`model`, its weights in `model.toml`, learned
//! by `cargo run --release --example train-smart`) says how likely such a pair is one work.
//! The likeliest join first; none joins against an id, none that another copy on the same server
//! fits as well, and none whose groups hold a pair that the model takes for two works.

mod blocks;
mod evidence;
mod facts;
mod model;
mod title;

pub use evidence::{Evidence, Statement};
pub use model::{Model, Section, Weights, model, probability};

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::compat::{Compat, NOWHERE};
use super::copies::{Copies, Copy, Scope, Strategy};
use super::features::{ABSENT, Table};
use super::grouping::Key;
use super::identity::Realm;
use super::run::Entry;
use super::union::{Groups, OnClash};
use facts::Library;
use model::{Scorer, scorer};

/// The kinds without parents, which come first.
pub(super) const WORKS: &[Realm] = &[
    Realm::Film,
    Realm::Series,
    Realm::Album,
    Realm::MusicVideo,
    Realm::Book,
    Realm::AudioBook,
];

/// A pair below this logit keeps the groups of its copies apart.
const VETO: f64 = -2.0;
/// So many copies of each group are compared before two groups join.
const MOST_COMPARED: usize = 8;

pub(super) fn join(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    by_realm: &[Vec<u32>],
    realms: &[Realm],
) {
    if !compat.smart.is_used() {
        return;
    }
    for realm in realms {
        let mut judge = Judge::new(copies, groups.table);
        let ranks = &by_realm[*realm as usize];
        let pairs = judge.pairs(groups, compat, ranks, &|_, _| true);
        judge.join(groups, pairs);
    }
}

/// As above for records that do not tell their kind, with each other and with videos.
pub(super) fn join_untold(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    by_realm: &[Vec<u32>],
) {
    let untold = &by_realm[Realm::Untold as usize];
    if !compat.smart.is_used() || untold.is_empty() {
        return;
    }
    let mut ranks = untold.clone();
    for realm in [Realm::Film, Realm::Series, Realm::Episode] {
        ranks.extend(&by_realm[realm as usize]);
    }
    let rows = &groups.table.rows;
    let one_is_untold = |a: u32, b: u32| {
        rows[a as usize].realm == Realm::Untold || rows[b as usize].realm == Realm::Untold
    };
    let mut judge = Judge::new(copies, groups.table);
    let pairs = judge.pairs(groups, compat, &ranks, &one_is_untold);
    judge.join(groups, pairs);
}

/// A candidate: the copies by rank, the smaller first, and what speaks for them.
#[derive(Debug, Clone, Copy)]
struct Pair {
    left: u32,
    right: u32,
    evidence: Evidence,
}

/// How well a copy fits another, and which one it is.
type Fit = ([u8; 3], u32);

struct Judge<'a, C> {
    library: Library<'a, C>,
    table: &'a Table,
    server_of: Vec<u32>,
}

impl<'a, C: Copies> Judge<'a, C> {
    fn new(copies: &'a C, table: &'a Table) -> Self {
        Self {
            library: Library::new(copies, table),
            server_of: table.servers(copies),
            table,
        }
    }

    /// The candidates that are not one yet.
    fn pairs(
        &mut self,
        groups: &mut Groups<'_>,
        compat: &Compat,
        ranks: &[u32],
        may: &dyn Fn(u32, u32) -> bool,
    ) -> Vec<Pair> {
        let table = self.table;
        let mut entries: Vec<Entry> = Vec::new();
        for &rank in ranks {
            let row = &table.rows[rank as usize];
            if row.lib != NOWHERE && row.parent == ABSENT {
                let facts = self.library.titles(rank);
                let keys = blocks::blocks(row, &facts);
                entries.extend(keys.into_iter().map(|key| (key, rank)));
            }
        }
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        blocks::for_blocks(&mut entries, &table.rows, &mut |run| {
            for (at, &(_, left)) in run.iter().enumerate() {
                for &(_, right) in &run[at + 1..] {
                    let (a, b) = (&table.rows[left as usize], &table.rows[right as usize]);
                    if left != right && may(left, right) && compat.smart.get(a.lib, b.lib) {
                        pairs.push((left.min(right), left.max(right)));
                    }
                }
            }
        });
        pairs.sort_unstable();
        pairs.dedup();
        pairs.retain(|(left, right)| {
            let (a, b) = (groups.find(*left), groups.find(*right));
            a != b && !groups.would_clash(a, b)
        });
        let mut pairs: Vec<Pair> = pairs
            .into_iter()
            .map(|(left, right)| Pair {
                left,
                right,
                evidence: self.evidence(left, right),
            })
            .collect();
        self.find_rivals(&mut pairs);
        pairs
    }

    fn evidence(&mut self, left: u32, right: u32) -> Evidence {
        let one_server = self.server_of[left as usize] == self.server_of[right as usize];
        let (a, b) = (
            &self.table.rows[left as usize],
            &self.table.rows[right as usize],
        );
        let (fa, fb) = self.library.pair(left, right);
        evidence::of((a, fa), (b, fb), one_server)
    }

    fn scorer(&self, left: u32, right: u32) -> &'static Scorer {
        scorer(section(self.table, left, right))
    }

    /// Marks the pairs of which one copy has another on the other's server that fits it as well.
    fn find_rivals(&self, pairs: &mut [Pair]) {
        let mut fits: HashMap<(u32, u32), Vec<Fit>> = HashMap::new();
        for pair in pairs.iter() {
            let fit = pair.evidence.fit();
            for (one, other) in [(pair.left, pair.right), (pair.right, pair.left)] {
                fits.entry((one, self.server_of[other as usize]))
                    .or_default()
                    .push((fit, other));
            }
        }
        for pair in pairs {
            let fit = pair.evidence.fit();
            let has_rival = |one: u32, other: u32| {
                let list = &fits[&(one, self.server_of[other as usize])];
                list.iter().any(|(theirs, rival)| {
                    *theirs >= fit && *rival != other && !self.look_alike(*rival, other)
                })
            };
            if has_rival(pair.left, pair.right) || has_rival(pair.right, pair.left) {
                pair.evidence.put(Statement::Rival);
            }
        }
    }

    /// Two copies on one server that are one work for all that is known: no rivals. Episodes of
    /// unknown series often look alike and are two.
    fn look_alike(&self, a: u32, b: u32) -> bool {
        let (a, b) = (&self.table.rows[a as usize], &self.table.rows[b as usize]);
        let known = a.year.is_some() && a.name != 0 && a.episode.is_none();
        known && (a.name, a.year, a.artist) == (b.name, b.year, b.artist)
    }

    fn join(&mut self, groups: &mut Groups<'_>, pairs: Vec<Pair>) {
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut taken: Vec<(f64, u32, u32)> = Vec::new();
        for pair in pairs {
            let scorer = self.scorer(pair.left, pair.right);
            let logit = scorer.logit(pair.evidence);
            if logit >= scorer.threshold(pair.evidence) {
                taken.push((logit, pair.left, pair.right));
                for rank in [pair.left, pair.right] {
                    let list = members.entry(groups.find(rank)).or_default();
                    if !list.contains(&rank) {
                        list.push(rank);
                    }
                }
            }
        }
        taken.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (logit, left, right) in taken {
            let (a, b) = (groups.find(left), groups.find(right));
            if a == b || self.is_vetoed(&members, a, b) {
                continue;
            }
            let score = (probability(logit) * 1000.0).floor() as i32;
            if groups.join(left, right, Key::Score(score), OnClash::Refuse) {
                let moved = members.remove(&a.max(b)).unwrap_or_default();
                members.entry(a.min(b)).or_default().extend(moved);
            }
        }
    }

    /// Whether two groups hold copies that are two works for all that is known.
    fn is_vetoed(&mut self, members: &HashMap<u32, Vec<u32>>, a: u32, b: u32) -> bool {
        let list = |root: u32| members.get(&root).map(Vec::as_slice).unwrap_or_default();
        let (left, right) = (list(a), list(b));
        left.iter().take(MOST_COMPARED).any(|&left| {
            right.iter().take(MOST_COMPARED).any(|&right| {
                let (left, right) = (left.min(right), left.max(right));
                let evidence = self.evidence(left, right);
                self.scorer(left, right).logit(evidence) < VETO
            })
        })
    }
}

fn section(table: &Table, left: u32, right: u32) -> Section {
    let (a, b) = (&table.rows[left as usize], &table.rows[right as usize]);
    match (a.realm, b.realm) {
        (Realm::Album, _) => Section::Albums,
        _ if a.episode.is_some() && b.episode.is_some() => Section::Episodes,
        (Realm::Episode, _) | (_, Realm::Episode) => Section::Episodes,
        _ => Section::Works,
    }
}

/// Every candidate of copies that share no id, for training: (left, right, section, evidence), the
/// copies by their numbers.
pub fn candidates(copies: &impl Copies) -> Vec<Candidate> {
    let there = (0..copies.len() as u32).filter(|at| copies.is_there(*at));
    let libraries = there.filter_map(|at| copies.copy(at).library);
    let libraries: BTreeSet<u32> = libraries.collect();
    candidates_in(copies, &libraries.into_iter().collect::<Vec<_>>())
}

/// Two copies, what they are judged as, and what speaks for and against them.
pub type Candidate = (u32, u32, Section, Evidence);

/// As above, of the copies of some libraries.
pub(super) fn candidates_in(copies: &impl Copies, libraries: &[u32]) -> Vec<Candidate> {
    let compat = Compat::new(&[Scope {
        strategy: Strategy::Smart,
        libraries: libraries.to_vec(),
    }]);
    let mut table = Table::new(copies, &compat);
    table.drop_parents_ids();
    let mut groups = Groups::new(&table);
    let mut judge = Judge::new(copies, &table);
    let mut found = Vec::new();
    let by_realm = table.by_realm();
    let scored = WORKS.iter().chain([&Realm::Episode, &Realm::Untold]);
    for realm in scored {
        let ranks = &by_realm[*realm as usize];
        for pair in judge.pairs(&mut groups, &compat, ranks, &|_, _| true) {
            found.push((
                table.order[pair.left as usize],
                table.order[pair.right as usize],
                section(&table, pair.left, pair.right),
                pair.evidence,
            ));
        }
    }
    found
}

/// What speaks for and against two copies of one kind that a score can tell of: works, and episodes
/// whose series is not known.
pub(super) fn judge(copies: &impl Copies, a: u32, b: u32) -> Option<(Evidence, &'static Weights)> {
    let two = Two(copies, [a, b]);
    let compat = Compat::new(&[]);
    let mut table = Table::new(&two, &compat);
    table.drop_parents_ids();
    let realm = table.rows[0].realm;
    let has_parent = copies.copy(a).series.is_some() || copies.copy(b).series.is_some();
    if !WORKS.contains(&realm) && (realm != Realm::Episode || has_parent) {
        return None;
    }
    let evidence = Judge::new(&two, &table).evidence(0, 1);
    Some((evidence, model().section(section(&table, 0, 1))))
}

/// Two copies by themselves, without their parents.
struct Two<'a, C>(&'a C, [u32; 2]);

impl<C: Copies> Copies for Two<'_, C> {
    fn len(&self) -> usize {
        2
    }
    fn copy(&self, index: u32) -> Copy<'_> {
        Copy {
            series: None,
            album: None,
            ..self.0.copy(self.1[index as usize])
        }
    }
    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        self.0.provider_ids(self.1[index as usize], each);
    }
    fn people(&self, index: u32, each: &mut dyn FnMut(&str)) {
        self.0.people(self.1[index as usize], each);
    }
    fn genres(&self, index: u32, each: &mut dyn FnMut(&str)) {
        self.0.genres(self.1[index as usize], each);
    }
    fn overview(&self, index: u32) -> Option<Cow<'_, str>> {
        self.0.overview(self.1[index as usize])
    }
}
