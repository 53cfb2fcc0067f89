//! `MANYFIN_…` variables and flags, laid over the file.
//!
//! `MANYFIN_BIND` is `bind`; `__` goes one table down, and a row of a list is named by its number
//! or its `name`: `MANYFIN_SERVERS__ATTIC__PASSWORD`.

use toml::{Table, Value};

use super::file::FileConfig;
use super::{ConfigError, keys};

const PREFIX: &str = "MANYFIN_";
/// Read by the command line itself.
const NOT_KEYS: &[&str] = &["MANYFIN_CONFIG"];

/// Lays every variable of the environment over the table.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if NOT_KEYS.contains(&name.as_str()) || is_service_link(rest) {
            continue;
        }
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        let value = value_for(table, &path, &text);
        let inserted = insert(table, &path, value);
        let nearest = match keys::check(table) {
            Ok(()) if inserted => continue,
            Err(ConfigError::UnknownKey { nearest, .. }) => nearest.map(|key| {
                let table = path[..path.len() - 1]
                    .iter()
                    .map(|part| format!("{part}__"));
                variable_name(table.chain([key]).collect())
            }),
            _ => keys::nearest(&path[0], keys::top_level()).map(variable_name),
        };
        return Err(ConfigError::UnknownKey { key: name, nearest });
    }
    Ok(())
}

/// Lays one flag over the table.
pub(super) fn set(table: &mut Table, key: &str, text: &str) {
    let path = [key.to_owned()];
    let value = value_for(table, &path, text);
    insert(table, &path, value);
}

fn variable_name(key: String) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// Kubernetes sets `MANYFIN_PORT…` and `MANYFIN_SERVICE_…` when a service is called manyfin.
fn is_service_link(rest: &str) -> bool {
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

/// A variable is a text; what it stands for depends on the key. The first reading that the file's
/// own types accept is taken: a text, a TOML value, a list by commas.
fn value_for(table: &Table, path: &[String], text: &str) -> Value {
    let as_text = Value::String(text.to_owned());
    let as_toml = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("v"));
    let as_list = Value::Array(
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Value::String(part.to_owned()))
            .collect(),
    );
    [Some(as_text.clone()), as_toml, Some(as_list)]
        .into_iter()
        .flatten()
        .find(|value| {
            let mut tried = table.clone();
            insert(&mut tried, path, value.clone()) && tried.try_into::<FileConfig>().is_ok()
        })
        .unwrap_or(as_text)
}

/// Puts the value where the path leads; false where no such place is.
fn insert(table: &mut Table, path: &[String], value: Value) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return false;
    };
    if rest.is_empty() {
        if path.len() == 1 && key.is_empty() {
            return false;
        }
        table.insert(key.clone(), value);
        return true;
    }
    match table.get_mut(key) {
        Some(Value::Table(child)) => insert(child, rest, value),
        Some(Value::Array(rows)) => row_mut(rows, &rest[0])
            .is_some_and(|row| rest.len() > 1 && insert(row, &rest[1..], value)),
        Some(_) => false,
        None if matches!(key.as_str(), "servers" | "users" | "merged_libraries") => false,
        None => {
            let mut child = Table::new();
            let done = insert(&mut child, rest, value);
            table.insert(key.clone(), Value::Table(child));
            done
        }
    }
}

fn row_mut<'t>(rows: &'t mut [Value], selector: &str) -> Option<&'t mut Table> {
    let index = match selector.parse::<usize>() {
        Ok(index) => index,
        Err(_) => rows.iter().position(|row| {
            row.get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| name.eq_ignore_ascii_case(selector))
        })?,
    };
    rows.get_mut(index)?.as_table_mut()
}
