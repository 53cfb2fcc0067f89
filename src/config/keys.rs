//! Unknown keys, told with the nearest known one.
//!
//! The known keys are asked of the structs themselves, so there is no second list to forget.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use toml::{Table, Value};

use super::ConfigError;
use super::file::{
    FileCache, FileConfig, FileLibrary, FileLink, FileLog, FileServer, FileSource, FileUser,
};

/// Finds the first key that no struct knows.
pub(super) fn check(table: &Table) -> Result<(), ConfigError> {
    check_table::<FileConfig>(table, "")?;
    check_child::<FileLog>(table, "log", "")?;
    check_child::<FileCache>(table, "cache", "")?;
    check_rows::<FileServer>(table, "servers", "")?;
    check_rows::<FileUser>(table, "users", "")?;
    check_rows::<FileLibrary>(table, "merged_libraries", "")?;
    for (index, user) in rows(table, "users") {
        check_rows::<FileLink>(user, "links", &format!("users[{index}]."))?;
    }
    for (index, library) in rows(table, "merged_libraries") {
        check_rows::<FileSource>(library, "sources", &format!("merged_libraries[{index}]."))?;
    }
    Ok(())
}

/// The keys that the top of the file knows.
pub(super) fn top_level() -> &'static [&'static str] {
    keys_of::<FileConfig>()
}

/// The keys of the tables below it that are no lists.
#[cfg(test)]
pub(super) fn of_tables() -> [(&'static str, &'static [&'static str]); 2] {
    [
        ("log", keys_of::<FileLog>()),
        ("cache", keys_of::<FileCache>()),
    ]
}

/// The known key that is most like `key`, if any is like it at all.
pub(super) fn nearest(key: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, name)| (*name).to_owned())
}

fn check_table<'de, T: Deserialize<'de>>(table: &Table, prefix: &str) -> Result<(), ConfigError> {
    let known = keys_of::<T>();
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(ConfigError::UnknownKey {
            key: format!("{prefix}{key}"),
            nearest: nearest(key, known),
        }),
    }
}

fn check_child<'de, T: Deserialize<'de>>(
    table: &Table,
    key: &str,
    prefix: &str,
) -> Result<(), ConfigError> {
    match table.get(key) {
        Some(Value::Table(child)) => check_table::<T>(child, &format!("{prefix}{key}.")),
        _ => Ok(()),
    }
}

fn check_rows<'de, T: Deserialize<'de>>(
    table: &Table,
    key: &str,
    prefix: &str,
) -> Result<(), ConfigError> {
    for (index, row) in rows(table, key) {
        check_table::<T>(row, &format!("{prefix}{key}[{index}]."))?;
    }
    Ok(())
}

fn rows<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = (usize, &'t Table)> {
    table
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, row)| Some((index, row.as_table()?)))
}

/// The field names of a struct: its `Deserialize` names them to whoever plays the deserializer.
fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // The answer is always an error: this deserializer only listens.
    let _ = T::deserialize(Listener {
        fields: &mut fields,
    });
    fields
}

struct Listener<'a> {
    fields: &'a mut &'static [&'static str],
}

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.fields = fields;
        Err(Self::Error::custom("only the names were asked"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
