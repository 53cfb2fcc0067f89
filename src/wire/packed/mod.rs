//! A light item as it lies in memory, where there may be a million: a few hundred bytes in one piece.
//!
//! First stands which fields there are; then a cell of fixed width for each of them, in the order of the
//! fields; then what has no fixed width. A field is found by counting the cells before it, so reading one
//! costs the same wherever it stands.

mod cell;
mod list;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};

use self::cell::Cell;
pub use self::list::Items;
use self::list::List;
use super::light::{LightItem, LightPerson, LightSource, NameId, light_fields};
use super::prose::Prose;
use super::text::{Pairs, Tag, Word};
use crate::model::{ItemKind, UpstreamId};

/// See the module.
#[derive(Clone)]
pub struct Packed {
    pub id: UpstreamId,
    pub kind: ItemKind,
    pub is_folder: bool,
    bytes: Box<[u8]>,
}

const HEAD: usize = size_of::<u128>();

/// Collects cells and what they point at.
#[derive(Default)]
struct Writer {
    present: u128,
    cells: Vec<u8>,
    tail: Vec<u8>,
}

impl Writer {
    fn cell<T: Cell>(&mut self, at: Field, value: &Option<T>) {
        if let Some(value) = value {
            self.present |= 1 << at as u32;
            value.write(&mut self.cells, &mut self.tail);
        }
    }

    fn list<T: List>(&mut self, at: Field, value: &T) {
        if value.count() > 0 {
            self.present |= 1 << at as u32;
            cell::put_place(&mut self.cells, &self.tail);
            list::write(value, &mut self.tail);
        }
    }
}

impl Packed {
    /// What it is called; never absent, but it may be empty.
    pub fn name(&self) -> &str {
        list::text(&mut self.tail())
    }

    /// The bytes that it takes beside this struct.
    pub fn weight(&self) -> usize {
        self.bytes.len()
    }

    fn present(&self) -> u128 {
        u128::from_le_bytes(self.bytes[..HEAD].try_into().expect("the head"))
    }

    /// Where the cell of a field begins.
    fn place(&self, at: u32) -> usize {
        let before = self.present() & ((1 << at) - 1);
        let cells = WIDTHS.iter().map(|(width, of)| {
            let count = (before & of).count_ones() as usize;
            count * width
        });
        HEAD + cells.sum::<usize>()
    }

    fn tail(&self) -> &[u8] {
        &self.bytes[self.place(Field::End as u32)..]
    }

    fn cell<T: Cell>(&self, at: Field) -> Option<T::Shown<'_>> {
        let at = at as u32;
        (self.present() >> at & 1 == 1)
            .then(|| T::read(&self.bytes[self.place(at)..], || self.tail()))
    }

    fn list<T: List>(&self, at: Field) -> Items<'_, T::Element> {
        let at = at as u32;
        if self.present() >> at & 1 == 0 {
            return Items::default();
        }
        let place = cell::place(&self.bytes[self.place(at)..]);
        Items::new(&self.tail()[place..])
    }
}

/// What was packed before it was known how to squeeze texts lies there otherwise.
impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        let head = |item: &Self| (item.id, item.kind, item.is_folder);
        let is_equal = || self.bytes == other.bytes || self.unpack() == other.unpack();
        head(self) == head(other) && is_equal()
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.unpack(), f)
    }
}

const fn fields_of_width(widths: &[usize], wanted: usize) -> u128 {
    let (mut found, mut at) = (0, 0);
    while at < widths.len() {
        if widths[at] == wanted {
            found |= 1 << at;
        }
        at += 1;
    }
    found
}

macro_rules! packed {
    (
        opt { $($opt:ident : $opt_ty:ty),* $(,)? }
        list { $($list:ident : $list_ty:ty),* $(,)? }
    ) => {
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy)]
        enum Field { $($opt,)* $($list,)* End }

        #[cfg(test)]
        const FIELDS: &[&str] = &[$(stringify!($opt),)* $(stringify!($list),)*];

        const CELLS: [usize; Field::End as usize] = [
            $(<$opt_ty as Cell>::WIDTH,)* $(<$list_ty as List>::CELL,)*
        ];
        /// Which fields have cells of a width.
        const WIDTHS: [(usize, u128); 4] = [
            (1, fields_of_width(&CELLS, 1)), (4, fields_of_width(&CELLS, 4)),
            (8, fields_of_width(&CELLS, 8)), (16, fields_of_width(&CELLS, 16)),
        ];

        impl Packed {
            $(pub fn $opt(&self) -> Option<<$opt_ty as Cell>::Shown<'_>> {
                self.cell::<$opt_ty>(Field::$opt)
            })*
            $(pub fn $list(&self) -> Items<'_, <$list_ty as List>::Element> {
                self.list::<$list_ty>(Field::$list)
            })*

            /// The item that it was made of.
            pub fn unpack(&self) -> LightItem {
                LightItem {
                    id: self.id, kind: self.kind, name: self.name().to_owned(), is_folder: self.is_folder,
                    $($opt: self.$opt().map(<$opt_ty as Cell>::own),)*
                    $($list: list::own::<$list_ty>(self.$list()),)*
                }
            }
        }

        impl From<&LightItem> for Packed {
            fn from(item: &LightItem) -> Self {
                let mut out = Writer::default();
                list::put_text(&mut out.tail, &item.name);
                $(out.cell(Field::$opt, &item.$opt);)*
                $(out.list(Field::$list, &item.$list);)*
                let mut bytes = Vec::with_capacity(HEAD + out.cells.len() + out.tail.len());
                bytes.extend(out.present.to_le_bytes());
                bytes.extend(out.cells);
                bytes.extend(out.tail);
                Self { id: item.id, kind: item.kind, is_folder: item.is_folder, bytes: bytes.into() }
            }
        }
    };
}

light_fields!(packed);
