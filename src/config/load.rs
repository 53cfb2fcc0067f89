//! Puts the places together: defaults, file, environment, flags.

use std::path::{Path, PathBuf};

use toml::Table;

use super::file::FileConfig;
use super::{Config, ConfigError, environment, keys, validate};

/// What the command line says; beats environment and file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub bind: Option<String>,
    pub data_dir: Option<String>,
    pub database_url: Option<String>,
    pub public_url: Option<String>,
}

impl Overrides {
    fn overlay(&self, table: &mut Table) {
        let flags = [
            ("bind", &self.bind),
            ("data_dir", &self.data_dir),
            ("database_url", &self.database_url),
            ("public_url", &self.public_url),
        ];
        for (key, value) in flags {
            if let Some(text) = value {
                environment::set(table, key, text);
            }
        }
    }
}

impl Config {
    /// Reads the file (none: defaults alone), this process's environment and the flags.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, an unknown key, or values that were refused (all of
    /// them at once).
    pub fn load(file: Option<&Path>, flags: &Overrides) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::load_from(file, variables, flags)
    }

    /// As [`Config::load`], with an environment of the caller's choice.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: &Overrides,
    ) -> Result<Self, ConfigError> {
        let origin = file.map_or_else(|| PathBuf::from("environment"), Path::to_path_buf);
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_path_buf(),
                source,
            })?,
        };
        Self::parse(&text, &origin, variables, flags)
    }

    /// Reads the text of a file; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(
        text: &str,
        origin: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: &Overrides,
    ) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            path: origin.to_path_buf(),
            message: one_line(&error, text),
        };
        let mut table: Table = text.parse().map_err(syntax)?;
        keys::check(&table)?;
        // Types are judged on the file's own text first: only there has an error a line number.
        toml::from_str::<FileConfig>(text).map_err(syntax)?;
        environment::overlay(&mut table, variables)?;
        flags.overlay(&mut table);
        let merged: FileConfig = table.try_into().map_err(syntax)?;
        validate::validate(merged)
    }
}

/// What holds when nothing is configured.
pub(super) fn defaults() -> Config {
    validate::validate(FileConfig::default()).expect("the built-in defaults are valid")
}

/// TOML's errors draw the line over several rows; a log and a shell want one.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().trim().replace('\n', "; ");
    let Some(span) = error.span().filter(|span| span.start < text.len()) else {
        return message;
    };
    let number = text[..span.start].matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default();
    // The message repeats the value that was refused.
    let message = if ["password", "token", "secret", "database_url"]
        .iter()
        .any(|word| line.contains(word))
    {
        "the value of this key cannot be read (is it a text in quotes?)".to_owned()
    } else {
        message
    };
    format!("line {}: {message}", number + 1)
}
