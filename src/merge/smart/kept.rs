//! What is kept between one grouping and the next: who has which block, and which pairs may join.
//!
//! A pair *may join* if it shares a block and scores without a rival, or if its copies are one already. Nothing
//! in that depends on any third copy, but for blocks that become too large and those that no longer are. What
//! does depend on others is found anew: rivals (`Kept::known`), and whatever `judge` asks of groups.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::blocks::{self, BlockKey, Place};
use super::facts::Facts;
use super::judge::{Judge, is_scored};
use super::{Candidate, WORKS};
use crate::merge::compat::Compat;
use crate::merge::copies::Copies;
use crate::merge::features::{self, Table, has_parent};
use crate::merge::identity::{Providers, Realm};
use crate::merge::keys::KeyIndex;

/// See the module. Copies by the caller's numbers.
#[derive(Default)]
pub(in crate::merge) struct Kept {
    /// By kind.
    blocks: BTreeMap<Realm, KeyIndex<BlockKey>>,
    /// Both ways.
    may_join: BTreeSet<(u32, u32)>,
}

/// What copies are read with.
pub(in crate::merge) struct With<'a, C> {
    pub copies: &'a C,
    pub compat: &'a Compat,
    pub providers: &'a Providers,
}

impl<C: Copies> With<'_, C> {
    fn table(&self, copies: impl IntoIterator<Item = u32>) -> Table {
        let copies: BTreeSet<u32> = copies.into_iter().collect();
        let copies = copies.into_iter().collect();
        Table::of(self.copies, self.compat, copies, self.providers.clone())
    }

    /// None: nobody asks for its score.
    fn blocks(&self, index: u32) -> Option<(Realm, Vec<BlockKey>)> {
        let copy = self.copies.copy(index);
        let realm = features::realm_of(self.copies, &copy);
        let may = WORKS.contains(&realm) || realm == Realm::Episode;
        if !may || has_parent(self.copies, realm, &copy) {
            return None;
        }
        let table = self.table([index]);
        let row = &table.rows[0];
        let blocks = || blocks::blocks(row, &Facts::of_blocks(self.copies, index));
        is_scored(row, self.compat).then(|| (realm, blocks()))
    }
}

impl Kept {
    pub(super) fn take_blocks(&mut self, realm: Realm, sorted: Vec<(BlockKey, u32)>) {
        self.blocks.insert(realm, KeyIndex::of_all(sorted));
    }

    pub(super) fn keep(&mut self, left: u32, right: u32) {
        self.may_join.extend([(left, right), (right, left)]);
    }

    fn drop_pair(&mut self, left: u32, right: u32) {
        self.may_join.remove(&(left, right));
        self.may_join.remove(&(right, left));
    }

    /// What a copy may join.
    pub(in crate::merge) fn partners(&self, copy: u32) -> impl Iterator<Item = u32> + '_ {
        let pairs = self.may_join.range((copy, 0)..=(copy, u32::MAX));
        pairs.map(|(_, other)| *other)
    }

    /// Takes a copy out, as it is in `with`; tells whose pairs that can change.
    pub(in crate::merge) fn take_out<C: Copies>(
        &mut self,
        with: &With<'_, C>,
        copy: u32,
        affected: &mut HashSet<u32>,
    ) {
        let Some((realm, blocks)) = with.blocks(copy) else {
            return;
        };
        let place = self.place(realm, &blocks, copy);
        self.tell_affected(with, copy, &place, affected);
        let partners: Vec<u32> = self.partners(copy).collect();
        for other in partners {
            self.drop_pair(copy, other);
        }
        self.index(realm).put(copy, &blocks, &[]);
        // Without it these tell something.
        for mut block in place.at_the_brim {
            block.retain(|other| *other != copy);
            affected.extend(self.meet(with, &block, |_, _| true).into_iter().flatten());
            self.tell_beaten(with, &block, affected);
        }
    }

    /// Puts a copy in, as it is in `with`; tells whose pairs that can change.
    pub(in crate::merge) fn put_in<C: Copies>(
        &mut self,
        with: &With<'_, C>,
        copy: u32,
        affected: &mut HashSet<u32>,
    ) {
        let Some((realm, blocks)) = with.blocks(copy) else {
            return;
        };
        self.index(realm).put(copy, &[], &blocks);
        let place = self.place(realm, &blocks, copy);
        let all = [&[copy], place.mates.as_slice()].concat();
        self.meet(with, &all, |one, other| one == copy || other == copy);
        self.tell_affected(with, copy, &place, affected);
        // With it these tell nothing any more.
        for block in place.at_the_brim {
            self.tell_beaten(with, &block, affected);
            for one in &block {
                let partners = self.partners(*one).filter(|other| block.contains(other));
                let partners: Vec<u32> = partners.collect();
                if partners.is_empty() {
                    continue;
                }
                let mates = self.mates(with, *one);
                for other in partners.iter().filter(|other| !mates.contains(other)) {
                    self.drop_pair(*one, *other);
                    affected.extend([*one, *other]);
                }
            }
        }
    }

    /// Keeps which of these pairs may join, all read once; gives those that are new.
    fn meet<C: Copies>(
        &mut self,
        with: &With<'_, C>,
        copies: &[u32],
        is_asked: impl Fn(u32, u32) -> bool,
    ) -> Vec<[u32; 2]> {
        let mut new = Vec::new();
        let table = with.table(copies.iter().copied());
        let mut judge = Judge::new(with.copies, with.compat, &table);
        for (left, one) in (0..).zip(&table.order) {
            for (right, other) in (0..).zip(&table.order).skip(left as usize + 1) {
                if !is_asked(*one, *other)
                    || self.may_join.contains(&(*one, *other))
                    || !judge.may_meet(left, right)
                {
                    continue;
                }
                let evidence = judge.evidence_if_enough(left, right);
                if judge.scores(left, right, evidence) {
                    self.keep(*one, *other);
                    new.push([*one, *other]);
                }
            }
        }
        new
    }

    /// A copy, what it may join, and of its mates those with a partner that it may be the rival of.
    fn tell_affected<C: Copies>(
        &self,
        with: &With<'_, C>,
        copy: u32,
        place: &Place,
        affected: &mut HashSet<u32>,
    ) {
        affected.insert(copy);
        affected.extend(self.partners(copy));
        self.tell_beaten_by(with, &[copy], &place.mates, affected);
    }

    /// Of these those with a partner that another of them may be the rival of.
    fn tell_beaten<C: Copies>(
        &self,
        with: &With<'_, C>,
        block: &[u32],
        affected: &mut HashSet<u32>,
    ) {
        self.tell_beaten_by(with, block, block, affected);
    }

    fn tell_beaten_by<C: Copies>(
        &self,
        with: &With<'_, C>,
        rivals: &[u32],
        of: &[u32],
        affected: &mut HashSet<u32>,
    ) {
        let server = |copy: u32| with.copies.copy(copy).server;
        let mut asked: Vec<[u32; 3]> = Vec::new();
        for copy in of {
            for partner in self.partners(*copy) {
                let beside = rivals.iter().filter(|rival| {
                    **rival != *copy && **rival != partner && server(**rival) == server(partner)
                });
                asked.extend(beside.map(|rival| [*copy, partner, *rival]));
            }
        }
        self.each_rival(with, asked, |[copy, ..]| {
            affected.insert(copy);
        });
    }

    /// Of these (a copy, a partner, another on the partner's server) those whose last is a rival.
    fn each_rival<C: Copies>(
        &self,
        with: &With<'_, C>,
        asked: Vec<[u32; 3]>,
        mut each: impl FnMut([u32; 3]),
    ) {
        // Read once, however many are asked about one.
        let table = with.table(asked.iter().flatten().copied());
        let mut judge = Judge::new(with.copies, with.compat, &table);
        for triple in asked {
            let [copy, partner, rival] = triple.map(|index| table.rank_of(index));
            if judge.is_rival(copy, partner, rival) {
                each(triple);
            }
        }
    }

    /// What is to be looked at to group these, which hold all that any of them may join.
    pub(in crate::merge) fn known<C: Copies>(
        &self,
        with: &With<'_, C>,
        held: &[u32],
    ) -> Vec<Candidate> {
        let inside: HashSet<u32> = held.iter().copied().collect();
        let server = |copy: &u32| with.copies.copy(*copy).server;
        let mut found: BTreeMap<(u32, u32), bool> = BTreeMap::new();
        let mut asked: Vec<[u32; 3]> = Vec::new();
        for copy in held {
            let partners: Vec<u32> = self.partners(*copy).collect();
            if partners.is_empty() {
                continue;
            }
            let mates = self.mates(with, *copy).into_iter();
            let (inner, outer): (Vec<u32>, Vec<u32>) = mates.partition(|m| inside.contains(m));
            for mate in inner {
                found.entry(ordered(*copy, mate)).or_default();
            }
            for mate in outer {
                let beside = partners.iter().filter(|p| server(p) == server(&mate));
                asked.extend(beside.map(|partner| [*copy, *partner, mate]));
            }
        }
        self.each_rival(with, asked, |[copy, partner, _]| {
            found.insert(ordered(copy, partner), true);
        });
        let candidates = found.into_iter();
        let candidates = candidates.map(|((left, right), has_rival)| Candidate {
            left,
            right,
            has_rival,
        });
        candidates.collect()
    }

    fn index(&mut self, realm: Realm) -> &mut KeyIndex<BlockKey> {
        self.blocks.entry(realm).or_default()
    }

    /// The others that a copy is looked at with.
    fn mates<C: Copies>(&self, with: &With<'_, C>, copy: u32) -> BTreeSet<u32> {
        let Some((realm, blocks)) = with.blocks(copy) else {
            return BTreeSet::new();
        };
        let place = self.place(realm, &blocks, copy);
        place.mates.into_iter().collect()
    }

    /// Where a copy stands among those of its blocks, of which it is one.
    fn place(&self, realm: Realm, blocks: &[BlockKey], copy: u32) -> Place {
        let mut place = Place::default();
        let Some(index) = self.blocks.get(&realm) else {
            return place;
        };
        for block in blocks {
            let of_block = Place::of(index, copy, *block);
            place.mates.extend(of_block.mates);
            place.at_the_brim.extend(of_block.at_the_brim);
        }
        place.mates.sort_unstable();
        place.mates.dedup();
        place
    }
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}
