//! What a caller wants to see of an item's Jellyfin body.

use std::collections::BTreeSet;

/// Which parts of a Jellyfin item body (`BaseItemDto`) to render.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BodyOptions {
    /// Everything that `/Items/{id}` shows, whatever `fields` says.
    pub all_fields: bool,
    /// Jellyfin's `ItemFields`, lower case, beyond what a list always shows.
    pub fields: BTreeSet<String>,
    /// Image tags at all (`enableImages`).
    pub images: bool,
    /// Tags a type at the most (`imageTypeLimit`).
    pub image_type_limit: Option<usize>,
    /// Only these image types, lower case (`enableImageTypes`); empty: all.
    pub image_types: BTreeSet<String>,
    /// `UserData` (`enableUserData`).
    pub user_data: bool,
}

impl Default for BodyOptions {
    fn default() -> Self {
        Self {
            all_fields: false,
            fields: BTreeSet::new(),
            images: true,
            image_type_limit: None,
            image_types: BTreeSet::new(),
            user_data: true,
        }
    }
}

impl BodyOptions {
    /// What the detail routes show.
    pub fn detail() -> Self {
        Self {
            all_fields: true,
            ..Self::default()
        }
    }
    pub fn wants(&self, field: &str) -> bool {
        self.all_fields || self.fields.contains(field)
    }
}
