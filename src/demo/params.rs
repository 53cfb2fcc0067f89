//! A request's query, read as Jellyfin reads it: names in any case, lists by comma or repeated.

use http::StatusCode;
use uuid::Uuid;

use super::reply::Refusal;

#[derive(Debug, Clone, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub fn parse(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()))
                .collect(),
        )
    }

    /// The first value of `name` (lower case).
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values, split at commas, without empty ones.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub fn lower(&self, name: &str) -> Vec<String> {
        self.list(name)
            .into_iter()
            .map(str::to_ascii_lowercase)
            .collect()
    }

    /// A truth value; absent: `None`; no truth value: 400.
    pub fn bool(&self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => Err(invalid(name, value)),
        }
    }

    pub fn int(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        match self.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => match value.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(invalid(name, value)),
            },
        }
    }

    pub fn id(&self, name: &'static str) -> Result<Option<Uuid>, Refusal> {
        match self.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => parse_id(name, value).map(Some),
        }
    }

    /// A moment in milliseconds since 1970.
    pub fn moment(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        match self.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => match parse_moment(value) {
                Some(millis) => Ok(Some(millis)),
                None => Err(invalid(name, value)),
            },
        }
    }
}

pub(super) fn parse_id(name: &str, value: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(value).map_err(|_| invalid(name, value))
}

/// Jellyfin's times, with or without a zone, in milliseconds since 1970.
pub(super) fn parse_moment(value: &str) -> Option<i64> {
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(value) {
        return Some(moment.timestamp_millis());
    }
    let plain = value.trim_end_matches('Z');
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(moment) = chrono::NaiveDateTime::parse_from_str(plain, format) {
            return Some(moment.and_utc().timestamp_millis());
        }
    }
    let day = chrono::NaiveDate::parse_from_str(plain, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

fn invalid(name: &str, value: &str) -> Refusal {
    Refusal::problem(
        StatusCode::BAD_REQUEST,
        "One or more validation errors occurred.",
        Some((
            name.to_owned(),
            format!("The value '{value}' is not valid."),
        )),
    )
}
