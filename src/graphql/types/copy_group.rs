//! Copies in few words, for what administrators decide about them.

use async_graphql::{ID, SimpleObject};

use crate::catalog::snapshot::{CopyIx, Snapshot, Target};
use crate::model::PublicId;

/// A copy in few words.
#[derive(Debug, Clone, SimpleObject)]
pub struct CopySummary {
    /// The copy's own id.
    pub id: ID,
    /// What its server calls it.
    pub name: String,
    /// The year of production.
    pub year: Option<i32>,
    /// The server that holds it.
    pub server: String,
    /// Where its poster is, if it has one.
    pub image_url: Option<String>,
}

/// Copies that are one item, or would be.
#[derive(Debug, Clone, SimpleObject)]
pub struct CopyGroup {
    /// In the order of servers and ids.
    pub copies: Vec<CopySummary>,
}

impl CopySummary {
    pub fn of(snapshot: &Snapshot, ix: CopyIx) -> Self {
        let copy = snapshot.copy(ix);
        let tag = copy.light.image_tags().get("Primary");
        Self {
            id: copy.id.to_string().into(),
            name: copy.light.name().to_string(),
            year: copy.light.production_year(),
            server: snapshot.server_of(copy).name.clone(),
            image_url: tag.map(|tag| format!("/Items/{}/Images/Primary?tag={tag}", copy.id)),
        }
    }
}

impl CopyGroup {
    pub fn of(snapshot: &Snapshot, copies: &[CopyIx]) -> Self {
        Self {
            copies: copies
                .iter()
                .map(|copy| CopySummary::of(snapshot, *copy))
                .collect(),
        }
    }

    /// By the copies' ids; those that are gone are left out.
    pub fn of_ids(snapshot: &Snapshot, ids: &[PublicId]) -> Self {
        let known = ids.iter().filter_map(|id| match snapshot.target(*id)? {
            Target::Copy(copy) => Some(copy),
            _ => None,
        });
        Self::of(snapshot, &known.collect::<Vec<_>>())
    }
}
