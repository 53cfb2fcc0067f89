//! Pages by offset, and Relay's by cursor: `first … after`, `last … before`.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::graphql::error::{GraphError, GraphResult};
use crate::model::PublicId;

/// Entries on a page of a caller from outside who does not say how many.
const USUAL: usize = 100;
/// Most entries on a page of a caller from outside.
const MOST: usize = 1000;

/// The paging arguments of a list.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    pub offset: Option<i32>,
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

/// Where an edge was: its place, and who stood there, so that a list that changed meanwhile neither
/// repeats nor leaves out an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub at: usize,
    pub id: PublicId,
}

impl Cursor {
    /// The opaque form.
    pub fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.at, self.id))
    }

    /// The place of the cursor's entry in a list of `length` whose ids `id_at` tells: where it was,
    /// else where it is now, else where it would be.
    fn place(self, length: usize, id_at: impl Fn(usize) -> PublicId) -> Place {
        if self.at < length && id_at(self.at) == self.id {
            return Place::At(self.at);
        }
        (0..length)
            .find(|at| id_at(*at) == self.id)
            .map_or(Place::Gone(self.at.min(length)), Place::At)
    }
}

impl FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        let text = std::str::from_utf8(&bytes).map_err(drop)?;
        let (at, id) = text.split_once(':').ok_or(())?;
        Ok(Self {
            at: at.parse().map_err(drop)?,
            id: id.parse().map_err(drop)?,
        })
    }
}

enum Place {
    At(usize),
    /// The entry is gone; what followed it begins here.
    Gone(usize),
}

/// The part of a list that a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub start: usize,
    pub end: usize,
}

impl Paging {
    pub fn offset(offset: Option<i32>, first: Option<i32>) -> Self {
        Self {
            offset,
            first,
            ..Self::default()
        }
    }

    /// The part of a list of `length` entries. A `trusted` caller may have all at once.
    ///
    /// # Errors
    /// `BAD_INPUT` for a negative number, too many, or a cursor that is none.
    pub fn cut(
        &self,
        length: usize,
        trusted: bool,
        id_at: impl Fn(usize) -> PublicId,
    ) -> GraphResult<Cut> {
        let mut first = count("first", self.first, trusted)?;
        let last = count("last", self.last, trusted)?;
        if !trusted && first.is_none() && last.is_none() {
            first = Some(USUAL);
        }
        let mut start = number("offset", self.offset)?.unwrap_or(0).min(length);
        let mut end = length;
        if let Some(after) = cursor("after", self.after.as_deref())? {
            start = start.max(match after.place(length, &id_at) {
                Place::At(at) => at + 1,
                Place::Gone(at) => at,
            });
        }
        if let Some(before) = cursor("before", self.before.as_deref())? {
            end = match before.place(length, &id_at) {
                Place::At(at) | Place::Gone(at) => at,
            };
        }
        end = end.max(start);
        if let Some(first) = first {
            end = end.min(start.saturating_add(first));
        }
        if let Some(last) = last {
            start = start.max(end.saturating_sub(last));
        }
        Ok(Cut { start, end })
    }
}

/// What the complexity of a list is multiplied by.
pub fn weight(first: Option<i32>, last: Option<i32>) -> usize {
    let asked = first.or(last).and_then(|count| usize::try_from(count).ok());
    asked.unwrap_or(USUAL).min(MOST)
}

/// What a list of so many entries costs. It stops far beyond every limit, so that lists in lists do
/// not overflow.
pub fn cost(entries: usize, each: usize) -> usize {
    const ENDLESS: usize = 1 << 40;
    entries.saturating_mul(each).saturating_add(1).min(ENDLESS)
}

/// A number of entries.
///
/// # Errors
/// `BAD_INPUT` for a negative one, or one too large for a caller from outside.
pub fn count(field: &str, given: Option<i32>, trusted: bool) -> GraphResult<Option<usize>> {
    match number(field, given)? {
        Some(many) if many > MOST && !trusted => Err(GraphError::bad_input(
            field,
            many.to_string(),
            format!("0 to {MOST}"),
        )),
        other => Ok(other),
    }
}

fn number(field: &str, given: Option<i32>) -> GraphResult<Option<usize>> {
    given
        .map(|number| {
            usize::try_from(number)
                .map_err(|_| GraphError::bad_input(field, number.to_string(), "0 or more"))
        })
        .transpose()
}

fn cursor(field: &str, given: Option<&str>) -> GraphResult<Option<Cursor>> {
    given
        .map(|text| {
            text.parse()
                .map_err(|()| GraphError::bad_input(field, "no cursor of ours", "an edge's cursor"))
        })
        .transpose()
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
