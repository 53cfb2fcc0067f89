//! `manyfin dedup`: grouping records from JSON lines, without a database or a server.

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Decisions, Key, OwnedCopies, OwnedCopy, Scope, Strategy};
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// A record that cannot be read; names file, line and field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("{file}:{line}: no JSON object: {problem}")]
    Syntax {
        file: String,
        line: usize,
        problem: String,
    },
    #[error("{file}:{line}: {field}: {problem}")]
    Field {
        file: String,
        line: usize,
        field: String,
        problem: String,
    },
}

/// One record, as `interfaces.md` of the project tells: all but `id`, `kind`, `title` optional.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: String,
    pub server: String,
    pub kind: ItemKind,
    pub title: String,
    pub original_title: Option<String>,
    pub year: Option<i32>,
    /// Days since 1970.
    pub premiere_day: Option<i32>,
    pub season: Option<i32>,
    pub episode: Option<i32>,
    pub episode_end: Option<i32>,
    /// The id of another record: the series of an episode, the album of a track.
    pub series: Option<String>,
    pub runtime_min: Option<f64>,
    pub artist: Option<String>,
    pub genres: Vec<String>,
    pub people: Vec<String>,
    pub overview: Option<String>,
    pub provider_ids: Vec<(String, String)>,
    /// Where it stood, for messages.
    pub file: String,
    pub line: usize,
}

/// One group of records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupOut {
    /// Sorted.
    pub ids: Vec<String>,
    /// What joined them, sorted; empty for a group of one.
    pub keys: Vec<String>,
    /// How sure the weakest of the joins is, from 0 to 1.
    pub score: f64,
}

impl GroupOut {
    /// A line of output: a JSON array of ids, or the whole object.
    pub fn line(&self, explain: bool) -> String {
        let text = if explain {
            serde_json::to_string(self)
        } else {
            serde_json::to_string(&self.ids)
        };
        text.expect("texts and a finite number are JSON")
    }
}

/// Reads the records of one file: one JSON object a line, empty lines skipped. The file's name is
/// the server of records that name none.
///
/// # Errors
/// The first line that is no record.
pub fn parse(file: &str, text: &str) -> Result<Vec<Record>, RecordError> {
    // Some editors begin a file with this mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| parse_line(file, at + 1, line))
        .collect()
}

/// Reads one line; `line` counts from 1.
///
/// # Errors
/// What is wrong with it, and in which field.
pub fn parse_line(file: &str, line: usize, text: &str) -> Result<Record, RecordError> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| RecordError::Syntax {
            file: file.to_owned(),
            line,
            problem: error.to_string(),
        })?;
    let fields = Fields {
        file,
        line,
        object: &object,
    };
    let kind = fields.needed("kind")?;
    let known: ItemKind = kind.parse().unwrap_or(ItemKind::Unknown);
    if known == ItemKind::Unknown && !kind.eq_ignore_ascii_case("unknown") {
        return Err(fields.wrong("kind", &format!("`{kind}` is no kind of Jellyfin's")));
    }
    Ok(Record {
        id: fields.needed("id")?,
        server: fields.text("server")?.unwrap_or_else(|| file.to_owned()),
        kind: known,
        title: fields.needed("title")?,
        original_title: fields.text("original_title")?,
        year: fields.integer("year")?,
        premiere_day: fields.day("premiere_date")?,
        season: fields.integer("season")?,
        episode: fields.integer("episode")?,
        episode_end: fields.integer("episode_end")?,
        series: fields.text("series")?,
        runtime_min: fields.number("runtime_min")?,
        artist: fields.text("artist")?,
        genres: fields.texts("genres")?,
        people: fields.texts("people")?,
        overview: fields.text("overview")?,
        provider_ids: fields.pairs("provider_ids")?,
        file: file.to_owned(),
        line,
    })
}

/// Groups records as one merged library of the strategy would. Groups are sorted by their first
/// id, and so are the ids within each; groups of one are there too.
///
/// # Errors
/// An id that stands twice.
pub fn group_records(
    records: impl IntoIterator<Item = Record>,
    strategy: Strategy,
) -> Result<Vec<GroupOut>, RecordError> {
    let mut records: Vec<Record> = records.into_iter().collect();
    // Servers and records get their keys by the order of their names.
    records.sort_by(|a, b| (&a.server, &a.id).cmp(&(&b.server, &b.id)));
    let copies = to_copies(&records)?;
    let scopes = [Scope {
        strategy,
        libraries: vec![0],
    }];
    let grouping = super::group(&copies, &scopes, &Decisions::default());
    let mut groups: Vec<GroupOut> = (0..grouping.len() as u32)
        .map(|group| {
            let members = grouping.members(group).iter();
            let mut ids: Vec<String> = members.map(|at| records[*at as usize].id.clone()).collect();
            ids.sort();
            let joins = grouping.joins(group);
            let keys: BTreeSet<String> = joins
                .iter()
                .map(|j| grouping.describe(j, &copies))
                .collect();
            let score = joins
                .iter()
                .map(|join| confidence(join.key))
                .fold(1.0, f64::min);
            GroupOut {
                ids,
                keys: keys.into_iter().collect(),
                score,
            }
        })
        .collect();
    groups.sort_by(|a, b| a.ids.cmp(&b.ids));
    Ok(groups)
}

/// How sure a key is; told to people, used for nothing.
fn confidence(key: Key) -> f64 {
    match key {
        Key::Hand | Key::Provider(_) => 1.0,
        Key::Number => 0.95,
        Key::Name => 0.9,
        Key::Date => 0.85,
        Key::NearYear => 0.7,
        Key::Score(thousandths) => f64::from(thousandths) / 1000.0,
    }
}

fn to_copies(records: &[Record]) -> Result<OwnedCopies, RecordError> {
    let mut places: HashMap<&str, u32> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        if let Some(first) = places.insert(&record.id, at as u32) {
            let first = &records[first as usize];
            let problem = format!(
                "`{}` stands in {}:{} too",
                record.id, first.file, first.line
            );
            return Err(Fields {
                file: &record.file,
                line: record.line,
                object: &Map::new(),
            }
            .wrong("id", &problem));
        }
    }
    let mut servers: HashMap<&str, u128> = HashMap::new();
    let rows = records.iter().enumerate().map(|(at, record)| {
        let next = servers.len() as u128 + 1;
        let server = *servers.entry(&record.server).or_insert(next);
        let parent = record
            .series
            .as_deref()
            .and_then(|id| places.get(id))
            .copied();
        let is_track = record.kind == ItemKind::Audio;
        OwnedCopy {
            original_title: record.original_title.clone(),
            year: record.year,
            premiere_day: record.premiere_day,
            season: record.season,
            episode: record.episode,
            episode_end: record.episode_end,
            series: parent.filter(|_| !is_track),
            album: parent.filter(|_| is_track),
            artist: record.artist.clone(),
            runtime_ticks: record
                .runtime_min
                .map(|minutes| (minutes * 600_000_000.0) as i64),
            library: Some(0),
            provider_ids: record.provider_ids.clone(),
            people: record.people.clone(),
            genres: record.genres.clone(),
            overview: record.overview.clone(),
            ..OwnedCopy::new(
                ServerKey(Uuid::from_u128(server)),
                UpstreamId(Uuid::from_u128(at as u128 + 1)),
                record.kind,
                &record.title,
            )
        }
    });
    Ok(OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: true,
    })
}

struct Fields<'a> {
    file: &'a str,
    line: usize,
    object: &'a Map<String, Value>,
}

impl Fields<'_> {
    fn wrong(&self, field: &str, problem: &str) -> RecordError {
        RecordError::Field {
            file: self.file.to_owned(),
            line: self.line,
            field: field.to_owned(),
            problem: problem.to_owned(),
        }
    }

    /// Absent and null read the same.
    fn get<T>(
        &self,
        field: &str,
        allowed: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, RecordError> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.wrong(field, &format!("must be {allowed}"))),
            },
        }
    }

    fn text(&self, field: &str) -> Result<Option<String>, RecordError> {
        self.get(field, "a text", |value| value.as_str().map(str::to_owned))
    }

    fn needed(&self, field: &str) -> Result<String, RecordError> {
        self.text(field)?
            .ok_or_else(|| self.wrong(field, "is missing"))
    }

    fn integer(&self, field: &str) -> Result<Option<i32>, RecordError> {
        self.get(field, "a whole number", |value| {
            let whole = value.as_f64().filter(|n| n.fract() == 0.0);
            whole.and_then(|n| i32::try_from(n as i64).ok())
        })
    }

    fn number(&self, field: &str) -> Result<Option<f64>, RecordError> {
        self.get(field, "a number", Value::as_f64)
    }

    /// Nothing and `0000-00-00` are how some write that it is not known.
    fn day(&self, field: &str) -> Result<Option<i32>, RecordError> {
        let told = self.object.get(field).and_then(Value::as_str);
        if told.is_some_and(|date| date.trim().is_empty() || date.starts_with("0000")) {
            return Ok(None);
        }
        self.get(field, "a date (YYYY-MM-DD)", |value| {
            let date: NaiveDate = value.as_str()?.get(..10)?.parse().ok()?;
            Some(date.num_days_from_ce() - 719_163)
        })
    }

    fn texts(&self, field: &str) -> Result<Vec<String>, RecordError> {
        let read = |value: &Value| {
            value
                .as_array()?
                .iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect()
        };
        Ok(self
            .get(field, "a list of texts", read)?
            .unwrap_or_default())
    }

    fn pairs(&self, field: &str) -> Result<Vec<(String, String)>, RecordError> {
        let read = |value: &Value| {
            let pairs = value.as_object()?.iter().filter(|(_, id)| !id.is_null());
            pairs
                .map(|(provider, id)| {
                    let id = match id {
                        Value::String(text) => text.clone(),
                        Value::Number(number) => number.to_string(),
                        _ => return None,
                    };
                    Some((provider.clone(), id))
                })
                .collect()
        };
        Ok(self
            .get(field, "an object of texts", read)?
            .unwrap_or_default())
    }
}
