//! `SMART`: what ids and names left apart, joined where all that is known speaks for it.
//!
//! Pairs that share a *block* (`blocks`) are candidates, unless their own ids say what they are. Of each the
//! *evidence* is taken: a list of statements that hold (`evidence`). A small *model* (`model`, its weights in
//! `model.toml`, learned by `cargo run --release --example train-smart`) says how likely such a pair is one
//! work (`judge`). The likeliest join first; none joins against an id, none that another copy on the same
//! server fits as well, and none whose groups hold a pair that the model takes for two works.
//!
//! What two copies say of each other never changes while they do not. So the pairs that may join are kept
//! (`kept`), and only those that a change touches are looked at again.

mod blocks;
mod evidence;
mod facts;
mod judge;
mod kept;
mod model;
mod title;

pub use evidence::{Evidence, Statement};
pub use model::{Model, Section, Weights, model, probability};

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::compat::Compat;
use super::copies::{Copies, Copy, Scope, Strategy};
use super::features::Table;
use super::identity::Realm;
use super::union::Groups;
use judge::{Judge, section};
pub(super) use kept::{Kept, With};

/// The kinds without parents, which come first.
pub(super) const WORKS: &[Realm] = &[
    Realm::Film,
    Realm::Series,
    Realm::Album,
    Realm::MusicVideo,
    Realm::Book,
    Realm::AudioBook,
];

/// Where candidates come from.
pub(super) enum Source<'a> {
    /// Every pair that shares a block; what is found is kept, if somebody asks for it.
    Blocks(Option<&'a mut Kept>),
    /// These are all.
    Known(&'a [Candidate]),
}

/// Two copies to be looked at, by the caller's numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub left: u32,
    pub right: u32,
    /// Some copy that is not looked at is its rival.
    pub has_rival: bool,
}

pub(super) fn join(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    by_realm: &[Vec<u32>],
    realms: &[Realm],
    source: &mut Source<'_>,
) {
    if !compat.smart.is_used() {
        return;
    }
    let mut judge = Judge::new(copies, compat, groups.table);
    for realm in realms {
        let ranks = &by_realm[*realm as usize];
        let candidates = match source {
            Source::Known(known) => judge.of_realm(known, *realm),
            Source::Blocks(kept) => {
                let entries = judge.entries(ranks);
                let found = judge.meetings(&entries, &|_, _| true);
                if let Some(kept) = kept {
                    kept.take_blocks(*realm, entries);
                }
                found
            }
        };
        let kept = match source {
            Source::Blocks(Some(kept)) => Some(&mut **kept),
            _ => None,
        };
        let pairs = judge.pairs(groups, candidates, kept);
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
    let mut judge = Judge::new(copies, compat, groups.table);
    let entries = judge.entries(&ranks);
    let candidates = judge.meetings(&entries, &one_is_untold);
    let pairs = judge.pairs(groups, candidates, None);
    judge.join(groups, pairs);
}

/// Every candidate of copies of which no id tells what they are, for training: (left, right, section,
/// evidence), the copies by their numbers.
pub fn candidates(copies: &impl Copies) -> Vec<Judged> {
    let there = (0..copies.len() as u32).filter(|at| copies.is_there(*at));
    let libraries = there.filter_map(|at| copies.copy(at).library);
    let libraries: BTreeSet<u32> = libraries.collect();
    candidates_in(copies, &libraries.into_iter().collect::<Vec<_>>())
}

/// Two copies, what they are judged as, and what speaks for and against them.
pub type Judged = (u32, u32, Section, Evidence);

/// As above, of the copies of some libraries.
pub(super) fn candidates_in(copies: &impl Copies, libraries: &[u32]) -> Vec<Judged> {
    let compat = Compat::new(&[Scope {
        strategy: Strategy::Smart,
        libraries: libraries.to_vec(),
    }]);
    let mut table = Table::new(copies, &compat);
    table.drop_parents_ids();
    let mut groups = Groups::new(&table);
    let mut judge = Judge::new(copies, &compat, &table).thorough();
    let mut found = Vec::new();
    let by_realm = table.by_realm();
    let scored = WORKS.iter().chain([&Realm::Episode, &Realm::Untold]);
    for realm in scored {
        let entries = judge.entries(&by_realm[*realm as usize]);
        let candidates = judge.meetings(&entries, &|_, _| true);
        for pair in judge.pairs(&mut groups, candidates, None) {
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
    let evidence = Judge::new(&two, &compat, &table).evidence(0, 1);
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
