//! Merging: which copies are one item, why, and which of them comes first.
//!
//! Every server holds *copies*; a work is an *item*: a group of copies. [`group`] takes all copies of
//! all servers and says which belong together. It does no IO and knows no time, and its answer is a
//! function of the set of copies, the merged libraries and the decisions by hand: in whatever order
//! servers are crawled, the groups are the same.
//!
//! # Who may join
//! Two copies may join if some global merged library holds both ([`Scope`]), by that library's
//! [`Strategy`]; what is in none stays alone. There is one grouping over everything, so a chain through
//! a copy in two libraries joins what no single library holds. A user's own libraries join further
//! for that user alone: [`extend`]. What people decided by hand ([`Decisions`]) beats every rule.
//! Kinds never mix: a film and a series are never one, home videos and photos never join at all.
//!
//! # Joins, in their order
//! Copies are taken in *copy order*: (server key, upstream id). Joins are tried in one fixed order:
//! 1. **By hand**: `never` first, then `joined`.
//! 2. **Artists, people, genres, studios**: by name.
//! 3. **Works** (films, series, albums, box sets, books, music videos), each kind by itself:
//!    - *Provider ids*, typed by kind and brought to one form (`identity`). Providers in the order of
//!      trust: films Tmdb, Imdb, Tvdb; series Tvdb, Tmdb, Imdb; albums release group, then release;
//!      others after them by name. Within a provider by id, within an id by copy order: each copy joins
//!      the first group of that id that it does not conflict with. Copies that share nothing directly
//!      are one item when a third shares an id with each.
//!    - *Without ids*: copies of one normalized name (`name`) and year are one group first; the group
//!      joins the single item with ids of that name and year, else of a year one apart. Where several
//!      fit, it stays by itself. Original titles are names too; albums ask for the artist as well.
//!    - *`NAME_YEAR`*: one name and year are one item whatever the ids say; then years one apart,
//!      where each is the other's only neighbour.
//!    - *`SMART`*: instead of names, a learned score of everything that is known ([`smart`]).
//! 4. **Seasons, episodes, tracks** (`hierarchy`): inside of a joined series or album the number rules:
//!    season; season and episode (a double episode is its range and joins the same range only); disc and
//!    track. Then ids. Then, where a number is missing, the air date and the title, if they leave one
//!    choice. Episodes whose series is not known go by title and date, or title and number.
//!
//! # Conflicts
//! A join that would put two different ids of one provider into one item is a conflict: it is not
//! taken, and reported with both ids ([`Grouping::conflicts`]). Three things are worth more than ids, so
//! there the join is taken and the difference reported: numbers inside of what is joined, names
//! under `NAME_YEAR`, and decisions by hand. Releases (and their tracks) of one release group do not
//! conflict. Ids that are known to be none (`0`, placeholders, an episode with its series' id, an id that
//! episodes of several numbers share) neither join nor part.
//!
//! # What comes first
//! [`quality`] rates a version and names it, [`mod@order`] puts the copies of an item in the order of a source
//! policy, [`edition`] finds "Director's Cut" in a name. [`records`] groups JSON lines by the same code.
//!
//! # Step by step
//! [`regroup`] groups only what a change can affect, and comes to what [`group`] would come to.
//!
//! # Cost
//! Copies are read once into rows of numbers and hashes, in copy order; every rule sorts the keys that it
//! looks at and walks runs of equal ones. So the cost grows about linearly, and no name is kept.

mod by_id;
mod by_name;
mod compat;
mod copies;
#[cfg(test)]
mod copies_tests;
pub mod edition;
mod entry;
mod explain;
#[cfg(test)]
mod explain_tests;
mod features;
mod grouping;
mod hierarchy;
mod id_form;
mod identity;
mod keys;
pub mod language;
pub mod name;
pub mod order;
mod owned;
mod policy;
mod preview;
#[cfg(test)]
mod property_tests;
pub mod quality;
pub mod records;
mod regroup;
mod run;
pub mod smart;
#[cfg(test)]
mod tests;
mod union;
mod untold;

pub use copies::{Copies, Copy, Decisions, Scope, Strategy};
pub use explain::{Explanation, Reason, explain};
pub use grouping::{Conflict, ConflictingIds, Grouped, Grouping, Join, Key};
pub use identity::{ProviderIndex, Providers, Realm};
pub use keys::KeyIndex;
pub use owned::{OwnedCopies, OwnedCopy};
pub use policy::SourcePolicy;
pub use preview::{NearMiss, Preview, preview};
pub use regroup::{Neighbours, regroup};

use compat::Compat;
use features::{ABSENT, Table};
use grouping::RawJoin;
use smart::Source;
use union::{Groups, OnClash};

/// Groups all copies by the global merged libraries and by what was decided by hand.
pub fn group(copies: &impl Copies, scopes: &[Scope], decisions: &Decisions) -> Grouping {
    let compat = Compat::new(scopes);
    let table = Table::new(copies, &compat);
    grouped(copies, &compat, table, decisions, Source::Blocks(None))
}

/// As [`group`], with what it takes to group only what a change can affect ([`regroup`]).
pub fn group_and_keep(
    copies: &impl Copies,
    scopes: &[Scope],
    decisions: &Decisions,
) -> (Grouping, Neighbours) {
    let compat = Compat::new(scopes);
    let table = Table::new(copies, &compat);
    let mut neighbours = Neighbours::of(copies, Compat::new(scopes), &table);
    let source = Source::Blocks(Some(&mut neighbours.smart));
    let grouping = grouped(copies, &compat, table, decisions, source);
    (grouping, neighbours)
}

fn grouped(
    copies: &impl Copies,
    compat: &Compat,
    mut table: Table,
    decisions: &Decisions,
    source: Source<'_>,
) -> Grouping {
    table.drop_parents_ids();
    let mut groups = Groups::new(&table);
    decide(&mut groups, decisions);
    join_all(&mut groups, compat, copies, source);
    Grouping::build(copies, groups)
}

/// What one user's own libraries join beyond the global grouping, for that user alone: `base` and
/// the joins of `scopes` on top of it. Never finer than `base`, which was made of the same copies.
pub fn extend(
    copies: &impl Copies,
    base: &impl Grouped,
    scopes: &[Scope],
    decisions: &Decisions,
) -> Grouping {
    let compat = Compat::new(scopes);
    let mut table = Table::new(copies, &compat);
    table.drop_parents_ids();
    let mut groups = Groups::new(&table);
    for (a, b) in &decisions.never {
        let (a, b) = (table.rank_of(*a), table.rank_of(*b));
        groups.keep_apart(a, b);
    }
    // In copy order, so that what comes of it is told in one order.
    let mut joins: Vec<RawJoin> = Vec::new();
    base.each_join(&mut |join| {
        joins.push(RawJoin {
            left: table.rank_of(join.left),
            right: table.rank_of(join.right),
            key: join.key,
        });
    });
    joins.sort_unstable_by_key(|join| (join.left, join.right, join.key));
    for join in joins {
        groups.join_silently(join.left, join.right);
        groups.joins.push(join);
    }
    join_all(&mut groups, &compat, copies, Source::Blocks(None));
    Grouping::build(copies, groups).with_conflicts_of(base)
}

fn decide(groups: &mut Groups<'_>, decisions: &Decisions) {
    let ranks = |pairs: &[(u32, u32)]| {
        let mut pairs: Vec<(u32, u32)> = pairs
            .iter()
            .map(|(a, b)| (groups.table.rank_of(*a), groups.table.rank_of(*b)))
            .filter(|(a, b)| *a != ABSENT && *b != ABSENT)
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
fn join_all(
    groups: &mut Groups<'_>,
    compat: &Compat,
    copies: &impl Copies,
    mut source: Source<'_>,
) {
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
        let without_ids = match realm {
            // No score tells box sets apart; their names do.
            R::Collection => &compat.ids,
            _ => &compat.without_ids,
        };
        by_name::join_without_ids(groups, without_ids, of(realm));
        by_name::join_name_year(groups, compat, of(realm));
    }
    smart::join(groups, compat, copies, &by_realm, smart::WORKS, &mut source);
    for realm in [R::Season, R::Episode, R::Track] {
        hierarchy::join_by_number(groups, compat, realm, of(realm));
        by_id::join(groups, compat, realm, of(realm));
        hierarchy::join_unnumbered(groups, compat, of(realm));
    }
    by_name::join_without_ids(groups, &compat.without_ids, of(R::Episode));
    by_name::join_name_year(groups, compat, of(R::Episode));
    smart::join(
        groups,
        compat,
        copies,
        &by_realm,
        &[R::Episode],
        &mut source,
    );
    untold::join(groups, compat, &by_realm);
    smart::join_untold(groups, compat, copies, &by_realm);
}
