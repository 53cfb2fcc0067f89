//! Fields of which there is one at the most: cells of 1, 4, 8 or 16 bytes.

use chrono::{DateTime, Utc};

use super::list::Element;
use crate::model::UpstreamId;
use crate::wire::prose::Prose;
use crate::wire::text::{Tag, Word};

/// A field's value. What has no fixed width is told by its place in the tail.
pub trait Cell {
    const WIDTH: usize;
    /// As readers get it: borrowed, where it is a text.
    type Shown<'a>;

    fn write(&self, cells: &mut Vec<u8>, tail: &mut Vec<u8>);
    fn read<'a>(cell: &'a [u8], tail: impl Fn() -> &'a [u8]) -> Self::Shown<'a>;
    fn own(shown: Self::Shown<'_>) -> Self;
}

/// The width of a place in the tail.
pub(super) const PLACE: usize = 4;

pub(super) fn put_place(cells: &mut Vec<u8>, tail: &[u8]) {
    let place = u32::try_from(tail.len()).expect("an item of less than four GB");
    cells.extend(place.to_le_bytes());
}

pub(super) fn place(cell: &[u8]) -> usize {
    u32::from_le_bytes(fixed(cell)) as usize
}

fn fixed<const N: usize>(cell: &[u8]) -> [u8; N] {
    cell[..N]
        .try_into()
        .expect("a cell as wide as it was written")
}

macro_rules! cells {
    ($($of:ty, $width:literal, |$value:ident| $bytes:expr, |$cell:ident| $read:expr;)*) => {$(
        impl Cell for $of {
            const WIDTH: usize = $width;
            type Shown<'a> = Self;

            fn write(&self, cells: &mut Vec<u8>, _: &mut Vec<u8>) {
                let $value = *self;
                cells.extend($bytes);
            }
            fn read<'a>(cell: &'a [u8], _: impl Fn() -> &'a [u8]) -> Self {
                let $cell = fixed::<$width>(cell);
                $read
            }
            fn own(shown: Self) -> Self {
                shown
            }
        }
    )*};
}

cells! {
    bool, 1, |value| [u8::from(value)], |cell| cell[0] != 0;
    i32, 4, |value| value.to_le_bytes(), |cell| Self::from_le_bytes(cell);
    i64, 8, |value| value.to_le_bytes(), |cell| Self::from_le_bytes(cell);
    f64, 8, |value| value.to_le_bytes(), |cell| Self::from_le_bytes(cell);
    Word, 4, |value| value.number().to_le_bytes(), |cell| Self::numbered(u32::from_le_bytes(cell));
    UpstreamId, 16, |value| value.0.into_bytes(), |cell| Self(uuid::Uuid::from_bytes(cell));
    DateTime<Utc>, 8, |value| ticks(value).to_le_bytes(), |cell| at(i64::from_le_bytes(cell));
}

const TICKS: i64 = 10_000_000;

/// Since 1970, of 100 ns each, as Jellyfin tells time; what is out of range ends at it.
fn ticks(at: DateTime<Utc>) -> i64 {
    let part = i64::from(at.timestamp_subsec_nanos() / 100);
    at.timestamp().saturating_mul(TICKS).saturating_add(part)
}

fn at(ticks: i64) -> DateTime<Utc> {
    let nanos = ticks.rem_euclid(TICKS) as u32 * 100;
    DateTime::from_timestamp(ticks.div_euclid(TICKS), nanos).unwrap_or_default()
}

macro_rules! in_the_tail {
    ($($of:ty),*) => {$(
        impl Cell for $of {
            const WIDTH: usize = PLACE;
            type Shown<'a> = <Self as Element>::Shown<'a>;

            fn write(&self, cells: &mut Vec<u8>, tail: &mut Vec<u8>) {
                put_place(cells, tail);
                Element::write(self, tail);
            }
            fn read<'a>(cell: &'a [u8], tail: impl Fn() -> &'a [u8]) -> Self::Shown<'a> {
                <Self as Element>::read(&mut &tail()[place(cell)..])
            }
            fn own(shown: Self::Shown<'_>) -> Self {
                <Self as Element>::own(shown)
            }
        }
    )*};
}

in_the_tail!(String, Tag, Prose);
