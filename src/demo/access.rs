//! Who sees what.

use std::collections::HashSet;

use uuid::Uuid;

use super::item::Item;
use super::library::{Library, View};
use super::spec::Access;

/// What an account may see, by rule or as it was recorded.
#[derive(Debug, Clone)]
pub(super) enum Sight {
    Rules(Access),
    /// Exactly these items and views.
    Only(HashSet<Uuid>),
}

impl Sight {
    pub fn sees_view(&self, view: &View) -> bool {
        match self {
            Self::Rules(access) => !access.hidden_libraries.contains(&view.name),
            Self::Only(ids) => ids.contains(&view.id),
        }
    }

    pub fn sees(&self, library: &Library, item: &Item) -> bool {
        let access = match self {
            Self::Only(ids) => return ids.contains(&item.id),
            Self::Rules(access) => access,
        };
        if *access == Access::default() {
            return true;
        }
        if let Some(view) = item.view.and_then(|id| library.view(id))
            && !self.sees_view(view)
        {
            return false;
        }
        allowed(access, item)
            && (access.max_rating.is_none() && access.blocked_tags.is_empty()
                || library
                    .above(item)
                    .iter()
                    .all(|above| allowed(access, above)))
    }
}

fn allowed(access: &Access, item: &Item) -> bool {
    if item
        .tags
        .iter()
        .any(|tag| access.blocked_tags.contains(tag))
    {
        return false;
    }
    match (&access.max_rating, &item.official_rating) {
        (Some(max), Some(rating)) => age(rating) <= age(max),
        _ => true,
    }
}

/// The age that a rating stands for; an unknown one counts as for everyone.
fn age(rating: &str) -> u32 {
    match rating {
        "PG" | "TV-PG" => 10,
        "PG-13" | "TV-14" => 13,
        "R" | "TV-MA" => 17,
        "NC-17" => 18,
        _ => 0,
    }
}
