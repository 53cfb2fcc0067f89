//! A family in sixteen bytes.

use std::fmt;

/// A place or none, in four bytes: the last number is nobody's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

impl From<Option<u32>> for Place {
    fn from(place: Option<u32>) -> Self {
        Self(place.unwrap_or(u32::MAX))
    }
}

impl Place {
    pub(super) fn get(self) -> Option<u32> {
        (self.0 != u32::MAX).then_some(self.0)
    }
}

/// Whom a copy or an item names as its family: places of copies or of items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Relatives([Place; 4]);

impl Relatives {
    /// Parent, series, season, album.
    pub(super) fn new(relatives: [Option<u32>; 4]) -> Self {
        Self(relatives.map(Place::from))
    }

    /// Parent, series, season, album.
    pub(super) fn all(self) -> [Option<u32>; 4] {
        self.0.map(Place::get)
    }

    /// What holds it: a season's series, an episode's season, a track's album …
    pub fn parent(self) -> Option<u32> {
        self.0[0].get()
    }

    pub fn series(self) -> Option<u32> {
        self.0[1].get()
    }

    pub fn season(self) -> Option<u32> {
        self.0[2].get()
    }

    pub fn album(self) -> Option<u32> {
        self.0[3].get()
    }

    pub(super) fn with_parent(self, parent: Option<u32>) -> Self {
        let [_, series, season, album] = self.0;
        Self([parent.into(), series, season, album])
    }
}

impl Default for Relatives {
    fn default() -> Self {
        Self::new([None; 4])
    }
}

impl fmt::Debug for Relatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all().fmt(f)
    }
}
