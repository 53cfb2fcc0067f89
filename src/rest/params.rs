//! Query parameters as Jellyfin binds them: names in any case, repeated or in one list.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::error::RestError;
use crate::model::PublicId;

/// The query of a request. Lookups take Jellyfin's own spelling of a name, which errors repeat.
#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads a raw query string; never fails.
    pub fn parse(query: Option<&str>) -> Self {
        Self {
            pairs: url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect(),
        }
    }

    fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first value; an empty one is absent.
    pub fn text<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    fn scalar<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, RestError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => match read(text.trim()) {
                Some(value) => Ok(Some(value)),
                None => Err(RestError::bad_value(name, text)),
            },
        }
    }

    /// `true` or `false` in any case.
    pub fn flag(&self, name: &'static str) -> Result<Option<bool>, RestError> {
        self.scalar(name, |text| text.to_ascii_lowercase().parse().ok())
    }

    pub fn integer(&self, name: &'static str) -> Result<Option<i32>, RestError> {
        self.scalar(name, |text| text.parse().ok())
    }

    pub fn long(&self, name: &'static str) -> Result<Option<i64>, RestError> {
        self.scalar(name, |text| text.parse().ok())
    }

    pub fn number(&self, name: &'static str) -> Result<Option<f64>, RestError> {
        self.scalar(name, |text| {
            text.parse().ok().filter(|value: &f64| value.is_finite())
        })
    }

    /// An id; the nil id means none.
    pub fn id(&self, name: &'static str) -> Result<Option<PublicId>, RestError> {
        let id = self.scalar(name, |text| text.parse::<PublicId>().ok())?;
        Ok(id.filter(|id| !id.is_nil()))
    }

    /// A time with or without zone (UTC then), or a bare date.
    pub fn time(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, RestError> {
        self.scalar(name, time)
    }

    /// The elements of a comma list, which may come in several parameters. Empty ones are dropped.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.split(name, ',')
    }

    /// The elements of a list parted by `|` (names may hold commas).
    pub fn pipes(&self, name: &str) -> Vec<String> {
        self.split(name, '|')
    }

    fn split(&self, name: &str, by: char) -> Vec<String> {
        self.all(name)
            .flat_map(|value| value.split(by))
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A comma list whose unreadable elements are dropped, as Jellyfin does.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Vec<T> {
        self.list(name)
            .iter()
            .filter_map(|part| part.parse().ok())
            .collect()
    }

    pub fn ids(&self, name: &str) -> Vec<PublicId> {
        self.parsed(name)
    }

    /// A comma list in lower case.
    pub fn words(&self, name: &str) -> BTreeSet<String> {
        self.list(name)
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .collect()
    }
}

/// Reads the forms of time that clients send.
pub fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .ok()
        .or_else(|| {
            // A `+` of the zone that was not encoded arrives as a space.
            DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
                .map(|at| at.with_timezone(&Utc))
                .ok()
        })
        .or_else(|| {
            [
                "%Y-%m-%dT%H:%M:%S%.f",
                "%Y-%m-%d %H:%M:%S%.f",
                "%Y%m%d%H%M%S",
            ]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|at| at.and_utc())
        })
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .and_then(|day| day.and_hms_opt(0, 0, 0))
                .map(|at| at.and_utc())
        })
}
