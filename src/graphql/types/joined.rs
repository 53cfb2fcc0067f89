//! Why copies are one item.

use async_graphql::{Enum, ID, SimpleObject};

use crate::catalog::scope::{ItemEntry, Scope};
use crate::catalog::snapshot::{Copy, Snapshot};
use crate::merge::{Join, Key};

/// What can join two copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum JoinKey {
    /// A decision by hand.
    Hand,
    /// An id that a provider of metadata gives.
    Provider,
    /// The number in a joined series, season or album.
    Number,
    /// The day when it was shown.
    Date,
    /// Name and year.
    Name,
    /// Name, with years that differ by one.
    NearYear,
    /// The learned score of `SMART`.
    Score,
}

impl JoinKey {
    pub fn of(key: Key) -> Self {
        match key {
            Key::Hand => Self::Hand,
            Key::Provider(_) => Self::Provider,
            Key::Number => Self::Number,
            Key::Date => Self::Date,
            Key::Name => Self::Name,
            Key::NearYear => Self::NearYear,
            Key::Score(_) => Self::Score,
        }
    }

    /// How sure it is, where it is the score; 0 to 1.
    pub fn score(key: Key) -> Option<f64> {
        match key {
            Key::Score(thousandths) => Some(f64::from(thousandths) / 1000.0),
            _ => None,
        }
    }
}

/// Two copies that were joined, and by what.
#[derive(Debug, Clone, SimpleObject)]
pub struct Joined {
    /// The one copy.
    pub left: ID,
    /// The other copy.
    pub right: ID,
    /// What joined them.
    pub key: JoinKey,
    /// Which provider, where it was an id.
    pub provider: Option<String>,
    /// Which id.
    pub provider_id: Option<String>,
    /// How sure, where it was the score; 0 to 1.
    pub score: Option<f64>,
}

impl Joined {
    /// The joins between copies that the viewer sees; a hidden copy may have been the bridge.
    pub fn of(scope: &Scope, entry: &ItemEntry) -> Vec<Self> {
        let snapshot = scope.snapshot();
        let joins = snapshot.item(entry.item).joins.iter();
        joins
            .filter(|join| scope.projection.sees(join.left) && scope.projection.sees(join.right))
            .map(|join| Self::between(snapshot, join))
            .collect()
    }

    /// A join of two copies, whoever sees them.
    pub fn between(snapshot: &Snapshot, join: &Join) -> Self {
        let (left, right) = (snapshot.copy(join.left), snapshot.copy(join.right));
        Self::new(snapshot, join, left, right)
    }

    fn new(snapshot: &Snapshot, join: &Join, left: &Copy, right: &Copy) -> Self {
        let mut joined = Self {
            left: left.id.to_string().into(),
            right: right.id.to_string().into(),
            key: JoinKey::of(join.key),
            provider: None,
            provider_id: None,
            score: JoinKey::score(join.key),
        };
        if let Key::Provider(index) = join.key {
            let provider = snapshot.provider(index);
            joined.provider = Some(provider.to_owned());
            joined.provider_id = id_of(left, provider).or_else(|| id_of(right, provider));
        }
        joined
    }
}

fn id_of(copy: &Copy, provider: &str) -> Option<String> {
    let mut ids = copy.light.provider_ids();
    ids.find(|(name, _)| name.eq_ignore_ascii_case(provider))
        .map(|(_, id)| id.to_string())
}
