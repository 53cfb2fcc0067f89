//! The configuration file: any text is read or refused, and a refusal tells no secret.

use std::path::Path;

use manyfin::config::{Config, Overrides};
use toml::Value;

const SECRETS: [&str; 5] = [
    "password",
    "token",
    "secret_key",
    "admin_password",
    "database_url",
];

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // A file that never ends is the administrator's to name, not ours to open a thousand times a second.
    if ["/dev", "/proc", "/sys"]
        .iter()
        .any(|folder| text.contains(folder))
    {
        return;
    }
    let read = Config::parse(text, Path::new("manyfin.toml"), [], &Overrides::default());
    let told = match &read {
        Ok(config) => format!("{config:?}"),
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty());
            told
        }
    };
    if let Ok(table) = text.parse::<toml::Table>() {
        let mut secrets = Vec::new();
        gather(&Value::Table(table), &mut secrets);
        for secret in secrets {
            // One that stands elsewhere too is told for what it is there.
            if secret.len() >= 12 && text.matches(&secret).count() == 1 {
                assert!(!told.contains(&secret), "{told}");
            }
        }
    }
}

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                match value {
                    Value::String(text) if SECRETS.contains(&key.as_str()) => {
                        found.push(text.clone());
                    }
                    other => gather(other, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, found)),
        _ => {}
    }
}
