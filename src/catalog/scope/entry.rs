//! What a list holds and what an id opens.

use crate::catalog::names::NameRef;
use crate::catalog::snapshot::{CopyIx, ItemIx, LibraryRef};
use crate::model::PublicId;

/// An item as a viewer meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ItemEntry {
    /// The id that it is shown under: the one asked for, or the item's own.
    pub id: PublicId,
    pub item: ItemIx,
    /// The copy whose metadata leads.
    pub lead: CopyIx,
    /// An entry of a library with the strategy `NONE`: this copy alone.
    pub single: bool,
}

/// Anything with a Jellyfin item body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Item(ItemEntry),
    Library(LibraryRef),
    /// A genre, studio, person, year …
    Name(NameRef),
    /// The viewer's root folder.
    Root,
}

impl Entry {
    pub fn item(&self) -> Option<&ItemEntry> {
        match self {
            Self::Item(entry) => Some(entry),
            _ => None,
        }
    }
}
