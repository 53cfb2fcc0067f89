//! One item: what lists are sorted and filtered by, and how its JSON comes about.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use super::content::films;
use super::params::parse_moment;
use crate::model::ItemKind;
use crate::wire::Body;

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub id: Uuid,
    pub kind: ItemKind,
    pub name: String,
    pub sort_name: String,
    /// `ParentId`.
    pub parent: Option<Uuid>,
    /// The view that lists it.
    pub view: Option<Uuid>,
    /// Milliseconds since 1970.
    pub created: i64,
    /// When it last changed; milliseconds since 1970.
    pub saved: i64,
    pub premiere: Option<i64>,
    pub year: Option<i32>,
    pub runtime: Option<i64>,
    pub index: Option<i32>,
    pub parent_index: Option<i32>,
    pub community_rating: Option<f64>,
    pub official_rating: Option<String>,
    pub tags: Vec<String>,
    pub series: Option<Uuid>,
    /// `UserData.Key`.
    pub key: String,
    pub source: Source,
}

/// Where the JSON comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Every field as `/Items/{id}` shows it, without `UserData`.
    Body(Box<Body>),
    /// Film number so and so, made when asked for: a hundred thousand bodies would fill gigabytes.
    Film(usize),
}

impl Item {
    /// Reads what is sorted and filtered by from a full body. `None`: no id.
    pub fn from_body(mut body: Body, saved: i64) -> Option<Self> {
        let id = uuid(&body, "Id")?;
        let name = text(&body, "Name").unwrap_or_default();
        let user_data = body.shift_remove("UserData");
        let key = user_data
            .as_ref()
            .and_then(|data| data.get("Key"))
            .and_then(Value::as_str)
            .map_or_else(|| id.hyphenated().to_string(), str::to_owned);
        Some(Self {
            id,
            kind: text(&body, "Type")
                .and_then(|kind| kind.parse().ok())
                .unwrap_or(ItemKind::Unknown),
            sort_name: text(&body, "SortName").unwrap_or_else(|| sort_name(&name)),
            name,
            parent: uuid(&body, "ParentId"),
            view: None,
            created: time(&body, "DateCreated").unwrap_or(saved),
            saved,
            premiere: time(&body, "PremiereDate"),
            year: number(&body, "ProductionYear"),
            runtime: body.get("RunTimeTicks").and_then(Value::as_i64),
            index: number(&body, "IndexNumber"),
            parent_index: number(&body, "ParentIndexNumber"),
            community_rating: body.get("CommunityRating").and_then(Value::as_f64),
            official_rating: text(&body, "OfficialRating"),
            tags: strings(&body, "Tags"),
            series: uuid(&body, "SeriesId"),
            key,
            source: Source::Body(Box::new(body)),
        })
    }

    /// Every field, without `UserData`.
    pub fn body(&self) -> Cow<'_, Body> {
        match &self.source {
            Source::Body(body) => Cow::Borrowed(body),
            Source::Film(number) => Cow::Owned(films::body(*number, self)),
        }
    }

    /// Whether it plays: a leaf.
    pub fn is_leaf(&self) -> bool {
        !self.kind.is_folder()
    }

    /// Whether a folder's own `UserData` counts what is unplayed in it.
    pub fn counts_unplayed(&self) -> bool {
        use ItemKind::*;
        matches!(self.kind, Series | Season | BoxSet | Folder)
    }
}

pub(super) fn text(body: &Body, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).map(str::to_owned)
}

pub(super) fn uuid(body: &Body, field: &str) -> Option<Uuid> {
    Uuid::try_parse(body.get(field)?.as_str()?).ok()
}

fn number(body: &Body, field: &str) -> Option<i32> {
    i32::try_from(body.get(field)?.as_i64()?).ok()
}

fn time(body: &Body, field: &str) -> Option<i64> {
    parse_moment(body.get(field)?.as_str()?)
}

pub(super) fn strings(body: &Body, field: &str) -> Vec<String> {
    let list = body.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Jellyfin's sort name: lower case, no leading article, no punctuation, numbers padded to ten.
pub(super) fn sort_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare = ["the ", "a ", "an "]
        .iter()
        .find_map(|article| lower.strip_prefix(article))
        .unwrap_or(&lower);
    let mut out = String::with_capacity(bare.len());
    let mut digits = String::new();
    for letter in bare.chars().chain([' ']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(&format!("{digits:0>10}"));
            digits.clear();
        }
        match letter {
            ',' | '&' | '-' | '{' | '}' | '\'' => {}
            '.' | '+' | '%' => out.push(' '),
            other => out.push(other),
        }
    }
    out.trim().to_owned()
}

/// Dashless lower-case hex, the form of ids in JSON.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
