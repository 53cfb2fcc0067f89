//! What clients store with us: objects of their own, within bounds; and what of them the audit tells.

use serde_json::{Map, Value};

use crate::error::InvalidInput;

/// Most that a client stores at one place, in bytes.
pub const LARGEST_SETTINGS: usize = 256 * 1024;
/// A longer value is told in the audit by its length, in bytes.
const LONGEST_TOLD: usize = 1024;

/// An object as it is stored.
///
/// # Errors
/// When it is no object, or too large.
pub fn stored(field: &str, body: &Value) -> Result<String, InvalidInput> {
    let text = body.to_string();
    if body.is_object() && text.len() <= LARGEST_SETTINGS {
        return Ok(text);
    }
    let problem = if body.is_object() {
        "it is too large"
    } else {
        "it is no object"
    };
    let allowed = format!("a JSON object of up to {LARGEST_SETTINGS} bytes");
    Err(InvalidInput::new(field, problem, allowed))
}

/// What stands in one of two objects otherwise than in the other.
pub(super) fn differing(before: &Value, after: &Value) -> (Value, Value) {
    let part = |of: &Value, other: &Value| {
        let fields = of.as_object().into_iter().flatten();
        let changed = fields.filter(|(key, value)| other.get(key.as_str()) != Some(value));
        let told = changed.map(|(key, value)| (key.clone(), shortened(value)));
        Value::Object(told.collect::<Map<_, _>>())
    };
    (part(before, after), part(after, before))
}

fn shortened(value: &Value) -> Value {
    let length = value.to_string().len();
    if length <= LONGEST_TOLD {
        return value.clone();
    }
    Value::String(format!("… ({length} bytes)"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_audit_tells_what_differs_and_nothing_long() {
        let before = json!({ "a": 1, "b": [1], "gone": true });
        let after = json!({ "a": 1, "b": [2], "new": "x".repeat(2000) });
        let (old, new) = differing(&before, &after);
        assert_eq!(old, json!({ "b": [1], "gone": true }));
        assert_eq!(new, json!({ "b": [2], "new": "… (2002 bytes)" }));
    }
}
