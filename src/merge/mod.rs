//! Merging: which copies are one item, why, and which copy comes first.

mod by_id;
mod by_name;
mod compat;
mod copies;
pub mod edition;
mod features;
mod grouping;
mod hierarchy;
mod identity;
pub mod name;
pub mod order;
mod owned;
mod policy;
pub mod quality;
pub mod records;
mod run;
mod smart;
#[cfg(test)]
mod tests;
mod union;
mod untold;

pub use copies::{Copies, Copy, Decisions, Scope, Strategy};
pub use grouping::{Conflict, ConflictingIds, Grouping, Join, Key};
pub use identity::{ProviderIndex, Providers, Realm};
pub use owned::{OwnedCopies, OwnedCopy};
pub use policy::SourcePolicy;

use compat::Compat;
use features::Table;
use grouping::RawJoin;
use union::{Groups, OnClash};

/// Groups all copies by the global merged libraries and by what was decided by hand.
pub fn group(copies: &impl Copies, scopes: &[Scope], decisions: &Decisions) -> Grouping {
    let compat = Compat::new(scopes);
    let table = Table::new(copies, &compat);
    let mut groups = Groups::new(&table);
    decide(&mut groups, decisions);
    join_all(&mut groups, &compat, copies);
    Grouping::build(copies, groups)
}

/// What one user's own libraries join beyond the global grouping, for that user alone: `base` and
/// the joins of `scopes` on top of it. Never finer than `base`, which was made of the same copies.
pub fn extend(
    copies: &impl Copies,
    base: &Grouping,
    scopes: &[Scope],
    decisions: &Decisions,
) -> Grouping {
    let compat = Compat::new(scopes);
    let table = Table::new(copies, &compat);
    let mut groups = Groups::new(&table);
    for (a, b) in &decisions.never {
        let (a, b) = (table.rank_of(*a), table.rank_of(*b));
        groups.keep_apart(a, b);
    }
    for joins in (0..base.len() as u32).map(|group| base.joins(group)) {
        for join in joins {
            let (left, right) = (table.rank_of(join.left), table.rank_of(join.right));
            groups.join_silently(left, right);
            groups.joins.push(RawJoin {
                left,
                right,
                key: join.key,
            });
        }
    }
    join_all(&mut groups, &compat, copies);
    Grouping::build(copies, groups).with_conflicts_of(base)
}

fn decide(groups: &mut Groups<'_>, decisions: &Decisions) {
    let ranks = |pairs: &[(u32, u32)]| {
        let mut pairs: Vec<(u32, u32)> = pairs
            .iter()
            .map(|(a, b)| (groups.table.rank_of(*a), groups.table.rank_of(*b)))
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        pairs.sort_unstable();
        pairs
    };
    let (never, joined) = (ranks(&decisions.never), ranks(&decisions.joined));
    for (a, b) in never {
        groups.keep_apart(a, b);
    }
    for (a, b) in joined {
        let (left, right) = (
            &groups.table.rows[a as usize],
            &groups.table.rows[b as usize],
        );
        if left.realm == right.realm {
            groups.join(a, b, Key::Hand, OnClash::Overrule);
        }
    }
}

/// The fixed order of all joins. Parents come before their children.
fn join_all(groups: &mut Groups<'_>, compat: &Compat, copies: &impl Copies) {
    let by_realm = groups.table.by_realm();
    let of = |realm: Realm| by_realm[realm as usize].as_slice();
    use Realm as R;
    for realm in [R::Person, R::Genre, R::MusicGenre, R::Studio, R::Artist] {
        by_name::join_namesakes(groups, compat, of(realm));
        by_id::join(groups, compat, realm, of(realm));
    }
    for realm in [
        R::Film,
        R::Series,
        R::Album,
        R::MusicVideo,
        R::Collection,
        R::Book,
        R::AudioBook,
    ] {
        by_id::join(groups, compat, realm, of(realm));
        by_name::join_without_ids(groups, compat, of(realm));
        by_name::join_name_year(groups, compat, of(realm));
    }
    smart::join(groups, compat, copies, &by_realm, smart::WORKS);
    for realm in [R::Season, R::Episode, R::Track] {
        hierarchy::join_by_number(groups, compat, realm, of(realm));
        by_id::join(groups, compat, realm, of(realm));
        hierarchy::join_unnumbered(groups, compat, of(realm));
    }
    by_name::join_without_ids(groups, compat, of(R::Episode));
    by_name::join_name_year(groups, compat, of(R::Episode));
    smart::join(groups, compat, copies, &by_realm, &[R::Episode]);
    untold::join(groups, compat, &by_realm);
}
