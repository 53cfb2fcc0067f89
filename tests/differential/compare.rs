//! Two JSON answers, field by field.
//!
//! Of ids, tags and most dates only the kind of value is compared; null and absent say the same.

use std::fmt;

use chrono::DateTime;
use serde_json::{Map, Value};

/// One place in which an answer is not the recorded one.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// `$.Items[].Name`: without positions, so that equal differences count together.
    pub at: String,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Status {
        recorded: u16,
        ours: u16,
    },
    Header {
        recorded: String,
        ours: Option<String>,
    },
    /// The recorded answer has it, ours has not.
    Missing(Value),
    /// Ours has it, the recorded answer has not.
    Extra(Value),
    Type {
        recorded: Value,
        ours: Value,
    },
    Value {
        recorded: Value,
        ours: Value,
    },
    /// Which items a list holds, by name.
    Members {
        missing: Vec<String>,
        extra: Vec<String>,
    },
    /// The same items in another order, by name.
    Order {
        recorded: Vec<String>,
        ours: Vec<String>,
    },
}

impl What {
    /// The word that the list of allowed differences uses.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Header { .. } => "header",
            Self::Missing(_) => "missing",
            Self::Extra(_) => "extra",
            Self::Type { .. } => "type",
            Self::Value { .. } => "value",
            Self::Members { .. } => "members",
            Self::Order { .. } => "order",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { recorded, ours } => write!(f, "status {recorded}, ours {ours}"),
            Self::Header { recorded, ours } => write!(f, "`{recorded}`, ours {ours:?}"),
            Self::Missing(value) => write!(f, "missing: {}", short(value)),
            Self::Extra(value) => write!(f, "extra: {}", short(value)),
            Self::Type { recorded, ours } => {
                write!(f, "other type: {}, ours {}", short(recorded), short(ours))
            }
            Self::Value { recorded, ours } => {
                write!(f, "{}, ours {}", short(recorded), short(ours))
            }
            Self::Members { missing, extra } => {
                write!(f, "members: missing {missing:?}, extra {extra:?}")
            }
            Self::Order { recorded, ours } => write!(f, "order: {recorded:?}, ours {ours:?}"),
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Compares an answer with the recorded one; ids of ours were mapped back before.
pub fn compare(recorded: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("$", "", recorded, ours, &mut found);
    found
}

fn walk(at: &str, key: &str, recorded: &Value, ours: &Value, found: &mut Vec<Difference>) {
    let mut add = |what| {
        found.push(Difference {
            at: at.to_owned(),
            what,
        });
    };
    match (recorded, ours) {
        (Value::Null, Value::Null) => {}
        (Value::Null, extra) => add(What::Extra(extra.clone())),
        (missing, Value::Null) => add(What::Missing(missing.clone())),
        (Value::Object(recorded), Value::Object(ours)) => objects(at, recorded, ours, found),
        (Value::Array(recorded), Value::Array(ours)) => arrays(at, key, recorded, ours, found),
        _ if kind(recorded) != kind(ours) => add(What::Type {
            recorded: recorded.clone(),
            ours: ours.clone(),
        }),
        _ if !same_value(key, recorded, ours) => add(What::Value {
            recorded: recorded.clone(),
            ours: ours.clone(),
        }),
        _ => {}
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn objects(
    at: &str,
    recorded: &Map<String, Value>,
    ours: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    // Objects whose keys are ids or tags: blurhashes by tag, trickplay by version.
    let keys_are_ids =
        |map: &Map<String, Value>| !map.is_empty() && map.keys().all(|key| is_id(key));
    if keys_are_ids(recorded) && keys_are_ids(ours) {
        if recorded.len() != ours.len() {
            found.push(Difference {
                at: at.to_owned(),
                what: What::Value {
                    recorded: recorded.len().into(),
                    ours: ours.len().into(),
                },
            });
        }
        for (recorded, ours) in recorded.values().zip(ours.values()) {
            walk(&format!("{at}.*"), "", recorded, ours, found);
        }
        return;
    }
    for (key, value) in recorded {
        let other = ours.get(key).unwrap_or(&Value::Null);
        walk(&format!("{at}.{key}"), key, value, other, found);
    }
    for (key, value) in ours.iter().filter(|(key, _)| !recorded.contains_key(*key)) {
        walk(&format!("{at}.{key}"), key, &Value::Null, value, found);
    }
}

fn arrays(at: &str, key: &str, recorded: &[Value], ours: &[Value], found: &mut Vec<Difference>) {
    let inner = format!("{at}[]");
    let (Some(left), Some(right)) = (identities(recorded), identities(ours)) else {
        if recorded.len() != ours.len() {
            found.push(Difference {
                at: at.to_owned(),
                what: What::Value {
                    recorded: Value::Array(recorded.to_vec()),
                    ours: Value::Array(ours.to_vec()),
                },
            });
            return;
        }
        for (recorded, ours) in recorded.iter().zip(ours) {
            walk(&inner, key, recorded, ours, found);
        }
        return;
    };
    let names = |values: &[Value], ids: &[&str], keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        values
            .iter()
            .zip(ids)
            .filter(|(_, id)| keep(id))
            .map(|(value, id)| value["Name"].as_str().unwrap_or(id).to_owned())
            .collect()
    };
    let missing = names(recorded, &left, &|id| !right.contains(&id));
    let extra = names(ours, &right, &|id| !left.contains(&id));
    if !missing.is_empty() || !extra.is_empty() {
        found.push(Difference {
            at: inner.clone(),
            what: What::Members { missing, extra },
        });
    } else if left != right {
        found.push(Difference {
            at: inner.clone(),
            what: What::Order {
                recorded: names(recorded, &left, &|_| true),
                ours: names(ours, &right, &|_| true),
            },
        });
    }
    for (value, id) in recorded.iter().zip(&left) {
        if let Some(position) = right.iter().position(|other| other == id) {
            walk(&inner, key, value, &ours[position], found);
        }
    }
}

/// The ids of a list whose every element has one, each once.
fn identities(values: &[Value]) -> Option<Vec<&str>> {
    let ids: Vec<&str> = values
        .iter()
        .map(|value| value.get("Id").and_then(Value::as_str))
        .collect::<Option<_>>()?;
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    (once.len() == ids.len()).then_some(ids)
}

fn same_value(key: &str, recorded: &Value, ours: &Value) -> bool {
    match (recorded, ours) {
        (Value::Number(recorded), Value::Number(ours)) => {
            let (recorded, ours) = (recorded.as_f64(), ours.as_f64());
            // The last digit of a percentage is a matter of the order of two operations.
            recorded
                .zip(ours)
                .is_some_and(|(recorded, ours)| (recorded - ours).abs() < 1e-9)
        }
        (Value::String(recorded), Value::String(ours)) => same_text(key, recorded, ours),
        _ => recorded == ours,
    }
}

/// Dates that a server reads from the media, not from its clock.
const FACTS: &[&str] = &["PremiereDate", "EndDate", "DateCreated"];

fn same_text(key: &str, recorded: &str, ours: &str) -> bool {
    if recorded == ours {
        return true;
    }
    let instant = |text| DateTime::parse_from_rfc3339(text).ok();
    if let (Some(recorded), Some(ours)) = (instant(recorded), instant(ours)) {
        return !FACTS.contains(&key) || recorded == ours;
    }
    if key.ends_with("Url") && recorded.contains('/') {
        return url_shape(recorded) == url_shape(ours);
    }
    let is_tag = key.ends_with("Tag") || key.ends_with("Tags") || key == "Etag" || key == "ETag";
    is_tag || key == "Key" || key == "AccessToken" || (is_id(recorded) && is_id(ours))
}

/// A URL without its values: the path with ids left out, and the names of its parameters.
fn url_shape(url: &str) -> (Vec<&str>, Vec<&str>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .collect();
    names.sort_unstable();
    let path = path
        .split('/')
        .map(|part| if is_id(part) { "*" } else { part });
    (path.collect(), names)
}

/// 32 hex digits, with dashes or without.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 32 | 36) && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "aeececf56199007eaa4009c41e3aa7aa";
    const B: &str = "a52c8e7b53c8ff63147ed1ea69b7f9f4";

    fn texts(recorded: Value, ours: Value) -> Vec<String> {
        compare(&recorded, &ours)
            .into_iter()
            .map(|difference| format!("{}: {}", difference.at, difference.what))
            .collect()
    }

    #[test]
    fn equal_answers_have_no_differences() {
        let recorded = json!({"Id": A, "Name": "x", "ChannelId": null, "N": 7, "ServerId": A,
            "ImageTags": {"Primary": "t"}, "PremiereDate": "1988-10-26T00:00:00.0000000Z",
            "UserData": {"LastPlayedDate": "2024-01-01T00:00:00Z", "Key": "101"},
            "TranscodingUrl": "/videos/aeececf5-6199-007e-aa40-09c41e3aa7aa/master.m3u8?ApiKey=1&Tag=2"});
        let ours = json!({"Id": A, "Name": "x", "N": 7.0, "ServerId": B,
            "ImageTags": {"Primary": "t"}, "PremiereDate": "1988-10-26T00:00:00Z",
            "UserData": {"LastPlayedDate": "2026-01-01T00:00:00Z", "Key": "other"},
            "TranscodingUrl": "/videos/a52c8e7b-53c8-ff63-147e-d1ea69b7f9f4/master.m3u8?Tag=9&ApiKey=8"});
        assert_eq!(texts(recorded, ours), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_difference_is_seen() {
        let recorded = json!({"a": 1, "b": "x", "c": true, "d": {"e": [1, 2]}, "PremiereDate": "1988-10-26T00:00:00Z"});
        let ours = json!({"a": "1", "b": "y", "d": {"e": [1]}, "f": 0, "PremiereDate": "1989-10-26T00:00:00Z"});
        assert_eq!(
            texts(recorded, ours),
            [
                "$.a: other type: 1, ours \"1\"",
                "$.b: \"x\", ours \"y\"",
                "$.c: missing: true",
                "$.d.e: [1,2], ours [1]",
                "$.PremiereDate: \"1988-10-26T00:00:00Z\", ours \"1989-10-26T00:00:00Z\"",
                "$.f: extra: 0",
            ]
        );
    }

    #[test]
    fn lists_are_compared_by_their_items() {
        let item = |id: &str, name: &str, year: i32| json!({"Id": id, "Name": name, "Year": year});
        assert_eq!(
            texts(
                json!({"Items": [item(A, "x", 1), item(B, "y", 2)]}),
                json!({"Items": [item(B, "y", 2), item(A, "x", 3)]})
            ),
            [
                "$.Items[]: order: [\"x\", \"y\"], ours [\"y\", \"x\"]",
                "$.Items[].Year: 1, ours 3",
            ]
        );
        assert_eq!(
            texts(json!([item(A, "x", 1)]), json!([item(B, "y", 1)])),
            ["$[]: members: missing [\"x\"], extra [\"y\"]"]
        );
    }
}
