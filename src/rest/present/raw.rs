//! Bodies that are JSON text already: moved into the answer, never parsed again.

use async_graphql::{Name, Value};
use serde::{Deserialize, Deserializer};

/// The key by which serde_json and async-graphql know text that is JSON already.
const RAW: &str = "$serde_json::private::RawValue";

/// A JSON value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(pub String);

impl From<Value> for Raw {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(mut fields) if fields.len() == 1 => match fields.swap_remove(RAW) {
                Some(Value::String(text)) => Self(text),
                Some(other) => {
                    fields.insert(Name::new(RAW), other);
                    Self::written(&Value::Object(fields))
                }
                None => Self::written(&Value::Object(fields)),
            },
            other => Self::written(&other),
        }
    }
}

impl Raw {
    fn written(value: &Value) -> Self {
        Self(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
    }

    /// The same object with one more field at its end, in place of one of that name that is the
    /// last field or absent. What is no object stays.
    pub fn with_field(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        let end = self.0.trim_end().len();
        if end == 0 || self.0.as_bytes()[end - 1] != b'}' {
            return self;
        }
        self.0.truncate(end - 1);
        let inside = self.0.trim_end().len();
        self.0.truncate(inside);
        let comma = if self.0.ends_with('{') { "" } else { "," };
        self.0.push_str(&format!("{comma}\"{name}\":{value}}}"));
        self
    }

    /// Reads it after all.
    pub fn parse(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}
