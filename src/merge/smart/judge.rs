//! How likely candidates are one work, and which of them join.

use std::collections::HashMap;

use super::Candidate;
use super::blocks::{self, BlockKey};
use super::evidence::{self, Evidence, Statement};
use super::facts::{Facts, Library};
use super::kept::Kept;
use super::model::{Scorer, Section, probability, scorer};
use crate::merge::compat::{Compat, NOWHERE};
use crate::merge::copies::Copies;
use crate::merge::features::{ABSENT, Features, Table};
use crate::merge::grouping::Key;
use crate::merge::identity::Realm;
use crate::merge::union::{Groups, OnClash};

/// A pair below this logit keeps the groups of its copies apart.
const VETO: f64 = -2.0;
/// A copy that fits two works, the one by so much more at most, is torn between them.
const TORN: f64 = 1.0;
/// So many copies of each group are compared before two groups join.
const MOST_COMPARED: usize = 8;

/// A candidate by ranks, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meeting {
    left: u32,
    right: u32,
    has_rival: bool,
}

/// As above, and what speaks for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub left: u32,
    pub right: u32,
    pub evidence: Evidence,
    /// One of them fits this copy about as well, which is another work than the other one.
    torn: Option<Torn>,
}

#[derive(Debug, Clone, Copy)]
struct Torn {
    instead: u32,
    of: u32,
}

/// How well a copy fits another, and which one it is.
type Fit = ([u8; 3], u32);

pub(super) struct Judge<'a, C> {
    copies: &'a C,
    compat: &'a Compat,
    table: &'a Table,
    library: Library<'a, C>,
    /// Every copy by itself.
    alone: Groups<'a>,
    server_of: Vec<u32>,
    /// Reads what cannot change the verdict too.
    is_thorough: bool,
}

impl<'a, C: Copies> Judge<'a, C> {
    pub(super) fn new(copies: &'a C, compat: &'a Compat, table: &'a Table) -> Self {
        Self {
            copies,
            compat,
            table,
            library: Library::new(copies, table),
            alone: Groups::new(table),
            server_of: table.servers(copies),
            is_thorough: false,
        }
    }

    /// For those who read the evidence themselves.
    pub(super) fn thorough(self) -> Self {
        Self {
            is_thorough: true,
            ..self
        }
    }

    fn row(&self, rank: u32) -> &'a Features {
        &self.table.rows[rank as usize]
    }

    /// The blocks of these, sorted; the copies by the caller's numbers.
    pub(super) fn entries(&self, ranks: &[u32]) -> Vec<(BlockKey, u32)> {
        let mut entries: Vec<(BlockKey, u32)> = Vec::new();
        for &rank in ranks {
            let row = self.row(rank);
            if is_scored(row, self.compat) {
                let index = self.table.order[rank as usize];
                let facts = Facts::of_blocks(self.copies, index);
                let blocks = blocks::blocks(row, &facts).into_iter();
                entries.extend(blocks.map(|block| (block, index)));
            }
        }
        entries.sort_unstable();
        entries
    }

    /// The pairs that share a block.
    pub(super) fn meetings(
        &self,
        entries: &[(BlockKey, u32)],
        may: &dyn Fn(u32, u32) -> bool,
    ) -> Vec<Meeting> {
        let mut found: Vec<Meeting> = Vec::new();
        let mut ranks: Vec<u32> = Vec::new();
        blocks::for_blocks(entries, |members| {
            ranks.clear();
            ranks.extend(members.iter().map(|index| self.table.rank_of(*index)));
            for (at, &left) in ranks.iter().enumerate() {
                let right = ranks[at + 1..].iter().copied();
                let right = right.filter(|right| may(left, *right) && self.may_meet(left, *right));
                found.extend(right.map(|right| meeting(left, right, false)));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Those of one kind.
    pub(super) fn of_realm(&self, known: &[Candidate], realm: Realm) -> Vec<Meeting> {
        let ranked = known.iter().map(|pair| {
            let rank = |index| self.table.rank_of(index);
            meeting(rank(pair.left), rank(pair.right), pair.has_rival)
        });
        let mut found: Vec<Meeting> = ranked
            .filter(|pair| self.row(pair.left).realm == realm)
            .filter(|pair| self.may_meet(pair.left, pair.right))
            .collect();
        found.sort_unstable();
        found
    }

    /// Whether a score is asked of two copies at all.
    pub(super) fn may_meet(&self, left: u32, right: u32) -> bool {
        let (a, b) = (self.row(left).lib, self.row(right).lib);
        self.compat.smart.get(a, b) && !self.alone.is_told(left, right)
    }

    /// What speaks for and against those that are not one yet; keeps which of them may join.
    pub(super) fn pairs(
        &mut self,
        groups: &mut Groups<'_>,
        candidates: Vec<Meeting>,
        mut kept: Option<&mut Kept>,
    ) -> Vec<Pair> {
        let order = &self.table.order;
        let mut keep = |left: u32, right: u32| {
            if let Some(kept) = &mut kept {
                kept.keep(order[left as usize], order[right as usize]);
            }
        };
        // Nothing of other kinds is asked for again.
        self.library = Library::new(self.copies, self.table);
        let mut pairs: Vec<Pair> = Vec::with_capacity(candidates.len());
        let mut beaten: Vec<usize> = Vec::new();
        for candidate in candidates {
            let Meeting {
                left,
                right,
                has_rival,
            } = candidate;
            let (a, b) = (groups.find(left), groups.find(right));
            if a == b {
                // Until an id goes.
                keep(left, right);
                continue;
            }
            let evidence = self.evidence_if_enough(left, right);
            if self.scores(left, right, evidence) {
                keep(left, right);
            }
            if !groups.is_kept_apart(a, b) {
                if has_rival {
                    beaten.push(pairs.len());
                }
                pairs.push(Pair {
                    left,
                    right,
                    evidence,
                    torn: None,
                });
            }
        }
        self.find_torn(&mut pairs);
        self.find_rivals(&mut pairs);
        for at in beaten {
            pairs[at].evidence.put(Statement::Rival);
        }
        pairs
    }

    /// All that speaks for and against two.
    pub(super) fn evidence(&mut self, left: u32, right: u32) -> Evidence {
        let mut evidence = self.evidence_without_texts(left, right);
        let (fa, fb) = self.library.pair(left, right);
        evidence::add_texts(&mut evidence, fa, fb);
        evidence
    }

    /// As above; without people, genres and overviews where no such could make it enough.
    pub(super) fn evidence_if_enough(&mut self, left: u32, right: u32) -> Evidence {
        let mut evidence = self.evidence_without_texts(left, right);
        if self.is_thorough || self.scorer(left, right).can_be_enough(evidence) {
            let (fa, fb) = self.library.pair(left, right);
            evidence::add_texts(&mut evidence, fa, fb);
        }
        evidence
    }

    fn evidence_without_texts(&mut self, left: u32, right: u32) -> Evidence {
        let one_server = self.are_on_one_server(left, right);
        let (a, b) = (self.row(left), self.row(right));
        let (fa, fb) = self.library.titles(left, right);
        evidence::without_texts((a, fa), (b, fb), one_server)
    }

    pub(super) fn are_on_one_server(&self, a: u32, b: u32) -> bool {
        self.server_of[a as usize] == self.server_of[b as usize]
    }

    fn scorer(&self, left: u32, right: u32) -> &'static Scorer {
        scorer(section(self.table, left, right))
    }

    /// Whether the evidence is enough. A rival only takes from it: without one no pair scores that does
    /// not score with one.
    pub(super) fn scores(&self, left: u32, right: u32, evidence: Evidence) -> bool {
        let scorer = self.scorer(left, right);
        scorer.logit(evidence) >= scorer.threshold(evidence)
    }

    /// Marks the pairs of which one copy fits about as well what the other, by ids or number, is not.
    fn find_torn(&self, pairs: &mut [Pair]) {
        let logit = |pair: &Pair| self.scorer(pair.left, pair.right).logit(pair.evidence);
        let mut fits: HashMap<u32, Vec<(f64, u32)>> = HashMap::new();
        let scoring = pairs
            .iter()
            .filter(|pair| self.scores(pair.left, pair.right, pair.evidence));
        for pair in scoring {
            for (one, other) in [(pair.left, pair.right), (pair.right, pair.left)] {
                fits.entry(one).or_default().push((logit(pair), other));
            }
        }
        fits.retain(|_, list| list.len() > 1);
        for pair in pairs {
            let least = logit(pair) - TORN;
            let torn = |one: u32, other: u32| {
                let instead = fits.get(&one)?.iter().filter(|(theirs, instead)| {
                    *theirs >= least && self.alone.are_two(*instead, other)
                });
                let (_, instead) =
                    instead.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
                Some(Torn {
                    instead: *instead,
                    of: other,
                })
            };
            pair.torn = torn(pair.left, pair.right).or_else(|| torn(pair.right, pair.left));
        }
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

    /// Whether `rival` fits a copy as well as `other` does, and is on the same server: as above, for two
    /// that nobody joins with it.
    pub(super) fn is_rival(&mut self, copy: u32, other: u32, rival: u32) -> bool {
        self.are_on_one_server(rival, other)
            && rival != other
            && self.may_meet(copy, rival)
            && self.fit(copy, rival) >= self.fit(copy, other)
            && !self.look_alike(rival, other)
    }

    fn fit(&mut self, one: u32, other: u32) -> [u8; 3] {
        let (left, right) = (one.min(other), one.max(other));
        self.evidence_without_texts(left, right).fit()
    }

    /// Two copies on one server that are one work for all that is known: no rivals. Episodes of
    /// unknown series often look alike and are two.
    fn look_alike(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.row(a), self.row(b));
        let known = a.year.is_some() && a.name != 0 && a.episode.is_none();
        known && (a.name, a.year, a.artist) == (b.name, b.year, b.artist)
    }

    pub(super) fn join(&mut self, groups: &mut Groups<'_>, pairs: Vec<Pair>) {
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut taken: Vec<(f64, u32, u32)> = Vec::new();
        for pair in pairs {
            let (a, b) = (groups.find(pair.left), groups.find(pair.right));
            if self.scores(pair.left, pair.right, pair.evidence) {
                let logit = self.scorer(pair.left, pair.right).logit(pair.evidence);
                if let Some(Torn { instead, of }) = pair.torn {
                    // The copy that is torn stands for what it might as well be.
                    let ids = match of == pair.right {
                        true => self.alone.ids_of_two(instead, of),
                        false => self.alone.ids_of_two(of, instead),
                    };
                    groups.refuse(pair.left, pair.right, key(logit), ids);
                    continue;
                }
                taken.push((logit, pair.left, pair.right));
                for (rank, root) in [(pair.left, a), (pair.right, b)] {
                    let list = members.entry(root).or_default();
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
            if groups.join(left, right, key(logit), OnClash::Refuse) {
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

/// Whether scores are asked of a copy: a work, or an episode whose series is not known, in a library of
/// `SMART`.
pub(super) fn is_scored(row: &Features, compat: &Compat) -> bool {
    row.lib != NOWHERE && row.parent == ABSENT && compat.smart.get(row.lib, row.lib)
}

fn key(logit: f64) -> Key {
    Key::Score((probability(logit) * 1000.0).floor() as i32)
}

fn meeting(a: u32, b: u32, has_rival: bool) -> Meeting {
    Meeting {
        left: a.min(b),
        right: a.max(b),
        has_rival,
    }
}

pub(super) fn section(table: &Table, left: u32, right: u32) -> Section {
    let (a, b) = (&table.rows[left as usize], &table.rows[right as usize]);
    match (a.realm, b.realm) {
        (Realm::Album, _) => Section::Albums,
        _ if a.episode.is_some() && b.episode.is_some() => Section::Episodes,
        (Realm::Episode, _) | (_, Realm::Episode) => Section::Episodes,
        _ => Section::Works,
    }
}
