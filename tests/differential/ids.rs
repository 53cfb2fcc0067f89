//! Ids of a recorded server and Manyfin's, each in place of the other.

use std::collections::HashMap;

use serde_json::Value;

/// Pairs of ids: 32 hex digits, and other secrets of the same form (access tokens).
#[derive(Debug, Default, Clone)]
pub struct IdMap {
    forth: HashMap<String, String>,
    back: HashMap<String, String>,
}

impl IdMap {
    /// The first pair of an id stands: the item's own before what it is also called.
    pub fn insert(&mut self, recorded: &str, ours: &str) {
        let (recorded, ours) = (plain(recorded), plain(ours));
        self.forth
            .entry(recorded.clone())
            .or_insert_with(|| ours.clone());
        self.back.entry(ours).or_insert(recorded);
    }

    /// Pairs two ids if neither has another yet.
    pub fn pair(&mut self, recorded: &str, ours: &str) {
        let free =
            !self.forth.contains_key(&plain(recorded)) && !self.back.contains_key(&plain(ours));
        if free {
            self.insert(recorded, ours);
        }
    }

    /// A recorded text (path, header, body) with our ids.
    pub fn to_ours(&self, text: &str) -> String {
        replace(text, &self.forth)
    }

    /// An answer of ours with the recorded ids; keys of objects too.
    pub fn to_recorded(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(replace(text, &self.back)),
            Value::Array(values) => values.iter().map(|value| self.to_recorded(value)).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| (replace(key, &self.back), self.to_recorded(value)))
                .collect(),
            other => other.clone(),
        }
    }
}

fn plain(id: &str) -> String {
    id.replace('-', "").to_lowercase()
}

/// Replaces every run of 32 hex digits, with dashes or without, that the map knows.
fn replace(text: &str, map: &HashMap<String, String>) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut copied = 0;
    while at < bytes.len() {
        // The two digits of `%2C` belong to the comma, not to the id after it.
        let escaped = at >= 3 && bytes[at - 3] == b'%';
        let inside = at > 0 && bytes[at - 1].is_ascii_hexdigit() && !escaped;
        if inside || !bytes[at].is_ascii_hexdigit() {
            at += 1;
            continue;
        }
        let found = [36, 32].into_iter().find_map(|length| {
            let end = at + length;
            let ends_here = bytes.get(end).is_none_or(|byte| !byte.is_ascii_hexdigit());
            let id = text.get(at..end).filter(|_| ends_here)?;
            uuid::Uuid::try_parse(id).ok()?;
            let other = map.get(&plain(id))?;
            Some((
                end,
                if length == 36 {
                    dashed(other)
                } else {
                    other.clone()
                },
            ))
        });
        match found {
            None => at += 1,
            Some((end, other)) => {
                out.push_str(&text[copied..at]);
                out.push_str(&other);
                (at, copied) = (end, end);
            }
        }
    }
    out.push_str(&text[copied..]);
    out
}

fn dashed(id: &str) -> String {
    uuid::Uuid::try_parse(id).map_or_else(|_| id.to_owned(), |id| id.hyphenated().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_replaced_wherever_they_stand() {
        let (a, b) = (
            "aeececf56199007eaa4009c41e3aa7aa",
            "11111111222233334444555555555555",
        );
        let mut map = IdMap::default();
        map.insert(a, b);
        assert_eq!(
            map.to_ours(&format!(
                "/Items/{a}?ids={a},zz&x=aeececf5-6199-007e-aa40-09c41e3aa7aa"
            )),
            format!("/Items/{b}?ids={b},zz&x=11111111-2222-3333-4444-555555555555")
        );
        assert_eq!(map.to_ours(&format!("{a}%2C{a}")), format!("{b}%2C{b}"));
        assert_eq!(map.to_ours(&format!("0{a}")), format!("0{a}"));
        let answer = serde_json::json!({ "Id": b, "Trickplay": { b: [b] } });
        assert_eq!(
            map.to_recorded(&answer),
            serde_json::json!({ "Id": a, "Trickplay": { a: [a] } })
        );
    }
}
