//! What real servers said decodes without loss.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use manyfin::wire::LightItem;
use serde_json::{Map, Value};

use crate::support::recorded;

#[test]
fn every_recorded_line_survives_a_round_trip_byte_for_byte() {
    for file in recorded::files() {
        for (number, line) in recorded::text(&file).lines().enumerate() {
            if file == "truth.json.zst" {
                continue;
            }
            let value: Value = serde_json::from_str(line).expect("a JSON line");
            let again = serde_json::to_string(&value).expect("JSON");
            let at = first_difference(line, &again);
            assert!(at.is_none(), "{file}:{}: {}", number + 1, at.unwrap());
        }
    }
}

fn first_difference(left: &str, right: &str) -> Option<String> {
    let at = left
        .bytes()
        .zip(right.bytes())
        .position(|(left, right)| left != right)
        .or((left.len() != right.len()).then(|| left.len().min(right.len())))?;
    let excerpt = |text: &str| {
        let bytes = &text.as_bytes()[at.saturating_sub(40)..text.len().min(at + 40)];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Some(format!("`{}` became `{}`", excerpt(left), excerpt(right)))
}

#[test]
fn every_recorded_item_decodes_to_a_light_item_and_back() {
    let mut bodies = Vec::new();
    for server in recorded::SERVERS {
        for file in ["bulk-admin", "bulk-alice", "bulk-bob"] {
            bodies.extend(recorded::lines(server, file));
        }
        for family in recorded::FAMILIES {
            for exchange in recorded::exchanges(server, family) {
                collect_items(exchange.response.body.as_ref(), &mut bodies);
            }
        }
    }
    assert!(bodies.len() > 7_000, "only {} items", bodies.len());

    let pairs: Vec<(Value, Value)> = bodies
        .into_iter()
        .map(|body| {
            let light: LightItem = serde_json::from_value(body.clone())
                .unwrap_or_else(|error| panic!("{error}: {body}"));
            let encoded = serde_json::to_value(&light).expect("JSON");
            let again: LightItem = serde_json::from_value(encoded.clone()).expect("a light item");
            assert_eq!(light, again, "what is kept reads as what was read");
            (body, encoded)
        })
        .collect();
    let known: BTreeSet<&str> = pairs
        .iter()
        .flat_map(|(_, encoded)| keys(encoded))
        .collect();
    for (body, encoded) in &pairs {
        for key in &known {
            let kept = encoded.get(*key);
            let seen = body.get(*key).filter(|value| !is_nothing(value));
            match (seen, kept) {
                (None, None) => {}
                (Some(seen), Some(kept)) => assert!(
                    says_the_same(seen, kept),
                    "{key} of {}: {seen} became {kept}",
                    body["Id"]
                ),
                (Some(seen), None) => panic!("{key} of {} is lost: {seen}", body["Id"]),
                (None, Some(kept)) => assert!(
                    is_nothing(kept) || ["IsFolder", "Name"].contains(key),
                    "{key} of {} is invented: {kept}",
                    body["Id"]
                ),
            }
        }
    }
}

/// Every object with an `Id` and a `Type` that is an item's.
fn collect_items(value: Option<&Value>, found: &mut Vec<Value>) {
    match value {
        Some(Value::Object(object)) => {
            if is_item(object) {
                found.push(Value::Object(object.clone()));
            }
            object
                .values()
                .for_each(|child| collect_items(Some(child), found));
        }
        Some(Value::Array(values)) => {
            values
                .iter()
                .for_each(|child| collect_items(Some(child), found));
        }
        _ => {}
    }
}

/// A body of an item has its server's id beside its own; people, sources and streams have not.
fn is_item(object: &Map<String, Value>) -> bool {
    ["Id", "Type", "ServerId", "IsFolder"]
        .iter()
        .all(|key| object.contains_key(*key))
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys().map(String::as_str))
}

/// Absent, null and empty read the same.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// Times by the instant, numbers by their value, and of objects what was kept.
fn says_the_same(seen: &Value, kept: &Value) -> bool {
    match (seen, kept) {
        (Value::String(seen), Value::String(kept)) => {
            seen == kept || instant(seen).is_some_and(|time| Some(time) == instant(kept))
        }
        (Value::Number(seen), Value::Number(kept)) => seen.as_f64() == kept.as_f64(),
        (Value::Array(seen), Value::Array(kept)) => {
            seen.len() == kept.len()
                && seen
                    .iter()
                    .zip(kept)
                    .all(|(seen, kept)| says_the_same(seen, kept))
        }
        (Value::Object(seen), Value::Object(kept)) => kept.iter().all(|(key, kept)| {
            is_nothing(kept) || seen.get(key).is_some_and(|seen| says_the_same(seen, kept))
        }),
        _ => seen == kept,
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}
