//! Scalars of our own: JSON that is text already, and whole numbers beyond 32 bits.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use serde::Serialize;

use super::error::{GraphError, GraphResult};

/// The key by which async-graphql and serde_json know text that is JSON already.
const RAW: &str = "$serde_json::private::RawValue";

/// A JSON value as Jellyfin writes it: any fields, also those that Manyfin does not know.
#[derive(Debug, Clone)]
pub struct Json(String);

impl Json {
    /// `text` must be valid JSON; it is not looked at again.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    pub fn from_value(value: &serde_json::Value) -> Self {
        Self(value.to_string())
    }
    /// A list of what is valid JSON each.
    pub fn list(texts: &[String]) -> Self {
        Self(format!("[{}]", texts.join(",")))
    }
    /// Writes a Jellyfin body.
    ///
    /// # Errors
    /// When it cannot be written, which does not happen to what was read from JSON.
    pub fn of_body(body: &impl Serialize) -> GraphResult<Self> {
        serde_json::to_string(body)
            .map(Self)
            .map_err(GraphError::internal)
    }
    /// The value that an argument held.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn parsed(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_str(&self.0)
    }
}

/// A JSON value as Jellyfin writes it: any fields, also those that Manyfin does not know.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        serde_json::to_string(&value)
            .map(Self)
            .map_err(InputValueError::from)
    }
    fn to_value(&self) -> Value {
        Value::Object([(async_graphql::Name::new(RAW), Value::String(self.0.clone()))].into())
    }
}

/// The text of a [`Json`] in an answer, moved out without parsing; anything else is written as JSON.
pub fn json_text(value: Value) -> String {
    match value {
        Value::Object(mut object) if object.len() == 1 => match object.swap_remove(RAW) {
            Some(Value::String(text)) => text,
            Some(other) => {
                object.insert(async_graphql::Name::new(RAW), other);
                written(&Value::Object(object))
            }
            None => written(&Value::Object(object)),
        },
        value => written(&value),
    }
}

fn written(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A whole number of up to 64 bits, as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long(pub i64);

/// A whole number of up to 64 bits, as a JSON number.
#[Scalar]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::custom("no whole number of 64 bits")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }
    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

impl From<i64> for Long {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_leaves_as_json_and_comes_out_as_text() {
        let text = r#"{"Id":"a","Nested":[1,2.5,null]}"#;
        let value = Json::from_text(text).to_value();
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
        assert_eq!(json_text(value), text);
        assert_eq!(json_text(Value::from(3)), "3");
    }

    #[test]
    fn json_comes_in_from_variables() {
        let sent = serde_json::json!({"a": [1, "x", {"b": null}]});
        let value = Value::from_json(sent.clone()).unwrap();
        assert_eq!(Json::parse(value).unwrap().parsed().unwrap(), sent);
    }

    #[test]
    fn longs_are_numbers() {
        assert_eq!(Long(i64::MAX).to_value().to_string(), i64::MAX.to_string());
        assert_eq!(Long::parse(Value::from(1i64 << 40)).unwrap(), Long(1 << 40));
        assert!(Long::parse(Value::from(1.5)).is_err());
        assert!(Long::parse(Value::from("1")).is_err());
    }
}
