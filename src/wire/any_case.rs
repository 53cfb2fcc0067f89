//! Keys of JSON from clients: any case is legal, ours is Pascal case.

use serde_json::{Map, Value};

/// Renames keys, at every depth, to the spelling in `known`; a key that is not in it gets an
/// upper-case first letter. Of keys that fall together the last one stays, as in Jellyfin.
///
/// Keys of dictionaries (`CustomPrefs`) are data: do not use it on bodies that hold one.
pub fn pascal_keys(value: Value, known: &[&str]) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(key, value)| (pascal(&key, known), pascal_keys(value, known)))
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|v| pascal_keys(v, known)).collect())
        }
        other => other,
    }
}

/// As [`pascal_keys`], but of the outermost object alone.
pub fn pascal_top(value: Value, known: &[&str]) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(key, value)| (pascal(&key, known), value))
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

fn pascal(key: &str, known: &[&str]) -> String {
    if let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(key)) {
        return (*known).to_owned();
    }
    let mut letters = key.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Deserializers for values that clients send in more than one form.
pub mod lenient {
    use serde::{Deserialize, Deserializer};
    use serde_json::Value;

    /// A whole number: a number, a text of digits, null; anything else is absent.
    pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Ok(match Option::<Value>::deserialize(deserializer)? {
            Some(Value::Number(n)) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// `true`, `"True"`, null; anything else is absent.
    pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
        Ok(match Option::<Value>::deserialize(deserializer)? {
            Some(Value::Bool(b)) => Some(b),
            Some(Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        })
    }

    /// A list of texts: an array, or one text with commas (Kodi), or null.
    pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match Option::<Value>::deserialize(deserializer)? {
            Some(Value::Array(items)) => items
                .into_iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(text)) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        })
    }
}
