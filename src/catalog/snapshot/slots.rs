//! Rows that keep their places from snapshot to snapshot. They lie in chunks that snapshots share: a clone
//! counts the chunks, a change copies the chunk that it touches.

use std::ops::Index;
use std::sync::Arc;

/// Large enough that a clone is cheap, small enough that a change is.
const CHUNK: usize = 256;

/// A vector in shared chunks.
#[derive(Debug, Clone)]
pub struct Chunks<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Chunks<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, at: u32) -> Option<&T> {
        let at = at as usize;
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    /// Places in chunks that the two do not share: what is elsewhere is the same.
    pub(super) fn differing(&self, other: &Self) -> impl Iterator<Item = u32> + use<T> {
        let same = |at: usize| match (self.chunks.get(at), other.chunks.get(at)) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        let all = 0..self.chunks.len().max(other.chunks.len());
        let chunks: Vec<usize> = all.filter(|at| !same(*at)).collect();
        let places = chunks.into_iter();
        places.flat_map(|at| (at * CHUNK) as u32..((at + 1) * CHUNK) as u32)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Clone> Chunks<T> {
    pub(in crate::catalog) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        let at = at as usize;
        Arc::make_mut(self.chunks.get_mut(at / CHUNK)?).get_mut(at % CHUNK)
    }

    pub(in crate::catalog) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        let last = self.chunks.last_mut().expect("one was put");
        Arc::make_mut(last).push(value);
        self.len += 1;
    }
}

impl<T: Clone> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut chunks = Self::default();
        values.into_iter().for_each(|value| chunks.push(value));
        chunks
    }
}

impl<T> Index<u32> for Chunks<T> {
    type Output = T;
    /// # Panics
    /// Beyond the end.
    fn index(&self, at: u32) -> &T {
        let at = at as usize;
        &self.chunks[at / CHUNK][at % CHUNK]
    }
}

/// Rows by their places; a place may be free. The order of places means nothing.
#[derive(Debug, Clone)]
pub struct Slots<T> {
    places: Chunks<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            places: Chunks::default(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every place is below it, free ones too.
    pub fn bound(&self) -> u32 {
        self.places.len() as u32
    }

    pub fn get(&self, at: u32) -> Option<&T> {
        self.places.get(at)?.as_ref()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.places.iter().flatten()
    }

    /// Places in chunks that the two do not share: what is elsewhere is the same.
    pub(super) fn differing(&self, other: &Self) -> impl Iterator<Item = u32> + use<T> {
        self.places.differing(&other.places)
    }

    /// The rows with their places.
    pub fn places(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = (0..).zip(self.places.iter());
        all.filter_map(|(at, row)| Some((at, row.as_ref()?)))
    }
}

impl<T: Clone> Slots<T> {
    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.places.get_mut(at)?.as_mut()
    }

    /// At a free place.
    pub(super) fn insert(&mut self, row: T) -> u32 {
        if let Some(at) = self.free.pop() {
            *self.places.get_mut(at).expect("a free place") = Some(row);
            return at;
        }
        self.places.push(Some(row));
        self.bound() - 1
    }

    pub(super) fn remove(&mut self, at: u32) -> Option<T> {
        self.places.get(at)?.as_ref()?;
        let row = self.places.get_mut(at)?.take();
        self.free.push(at);
        row
    }
}

impl<T: Clone> FromIterator<T> for Slots<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self {
            places: rows.into_iter().map(Some).collect(),
            free: Vec::new(),
        }
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;
    /// # Panics
    /// Where the place is free.
    fn index(&self, at: u32) -> &T {
        self.places[at].as_ref().expect("somebody is there")
    }
}

impl<'a, T> IntoIterator for &'a Slots<T> {
    type Item = &'a T;
    type IntoIter = Box<dyn Iterator<Item = &'a T> + 'a>;
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}
